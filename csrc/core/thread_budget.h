// How many threads this process may keep busy: never a constant, never the machine's core count
// when a container or an affinity mask allows fewer.
#pragma once

#include <filesystem>
#include <optional>

namespace hpinfer {

struct ThreadBudget {
  int affinity = 1;             // processors in the affinity mask
  std::optional<double> quota;  // processors granted by cgroup v1/v2, if limited
  std::optional<int> forced;    // HPINFER_NUM_THREADS
  int threads = 1;              // the result: forced, else min(affinity, ceil(quota)), at least 1
};

// CPU limit of the cgroup of the process whose /proc/<pid>/cgroup file is given, the tightest of
// it and its ancestors; nullopt when unlimited. Paths are parameters so that tests can fake them.
std::optional<double> cgroup_cpu_quota(
    const std::filesystem::path& cgroup_root = "/sys/fs/cgroup",
    const std::filesystem::path& proc_cgroup = "/proc/self/cgroup");

// Reads affinity, cgroup and HPINFER_NUM_THREADS now.
ThreadBudget read_thread_budget();

// The process-wide budget, read once at first use; every session and kernel takes from it.
const ThreadBudget& thread_budget();

}  // namespace hpinfer

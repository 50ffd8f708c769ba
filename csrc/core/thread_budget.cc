#include "core/thread_budget.h"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#include "core/environment.h"
#include "core/error.h"

namespace hpinfer {
namespace {

namespace fs = std::filesystem;

std::optional<std::string> read_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  return line;
}

// cgroup v2: "max 100000" or "150000 100000" (microseconds of CPU per period).
std::optional<double> quota_v2(const fs::path& directory) {
  const auto line = read_line(directory / "cpu.max");
  if (!line || line->starts_with("max")) return std::nullopt;
  std::istringstream in(*line);
  double quota = 0;
  double period = 0;
  if (!(in >> quota >> period) || quota <= 0 || period <= 0) return std::nullopt;
  return quota / period;
}

std::optional<double> quota_v1(const fs::path& directory) {
  const auto quota_text = read_line(directory / "cpu.cfs_quota_us");
  const auto period_text = read_line(directory / "cpu.cfs_period_us");
  if (!quota_text || !period_text) return std::nullopt;
  const double quota = std::atof(quota_text->c_str());
  const double period = std::atof(period_text->c_str());
  if (quota <= 0 || period <= 0) return std::nullopt;  // -1 means unlimited
  return quota / period;
}

void keep_tightest(std::optional<double>& tightest, std::optional<double> quota) {
  if (quota && (!tightest || *quota < *tightest)) tightest = quota;
}

// Limits bind along the whole path: a parent's limit holds for its children. In a container the
// path of the host may not exist below the mount, so the mount's own root is read as well.
template <typename ReadQuota>
std::optional<double> tightest_quota(const fs::path& root, const std::string& group,
                                     ReadQuota read_quota) {
  std::optional<double> tightest = read_quota(root);
  fs::path directory = root;
  for (const fs::path& part : fs::path(group).relative_path()) {
    directory /= part;
    keep_tightest(tightest, read_quota(directory));
  }
  return tightest;
}

bool has_cpu_controller(const std::string& controllers) {
  std::istringstream in(controllers);
  for (std::string name; std::getline(in, name, ',');)
    if (name == "cpu") return true;
  return false;
}

int affinity_count() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return std::max(1, CPU_COUNT(&set));
  // More processors than cpu_set_t holds: the mask cannot be read, the online count can.
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

std::optional<int> forced_threads() {
  const auto text = environment("NUM_THREADS");
  if (!text) return std::nullopt;
  int value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  check(error == std::errc{} && end == text->data() + text->size() && value >= 1,
        ErrorCode::kConfig, "HPINFER_NUM_THREADS must be a whole number of at least 1; got '",
        *text, "'");
  return value;
}

}  // namespace

std::optional<double> cgroup_cpu_quota(const fs::path& cgroup_root, const fs::path& proc_cgroup) {
  std::optional<double> tightest;
  std::ifstream file(proc_cgroup);
  for (std::string line; std::getline(file, line);) {
    // "<id>:<controllers>:<path>"; v2 has id 0 and no controllers.
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string group = line.substr(second + 1);
    if (controllers.empty()) {
      keep_tightest(tightest, tightest_quota(cgroup_root, group, quota_v2));
    } else if (has_cpu_controller(controllers)) {
      for (const std::string& mount : {controllers, std::string("cpu")})
        keep_tightest(tightest, tightest_quota(cgroup_root / mount, group, quota_v1));
    }
  }
  return tightest;
}

ThreadBudget read_thread_budget() {
  ThreadBudget budget;
  budget.affinity = affinity_count();
  budget.quota = cgroup_cpu_quota();
  budget.forced = forced_threads();
  budget.threads = budget.affinity;
  if (budget.quota)
    budget.threads = std::min(budget.threads, static_cast<int>(std::ceil(*budget.quota)));
  if (budget.forced) budget.threads = *budget.forced;
  budget.threads = std::max(1, budget.threads);
  return budget;
}

const ThreadBudget& thread_budget() {
  static const ThreadBudget budget = read_thread_budget();
  return budget;
}

}  // namespace hpinfer

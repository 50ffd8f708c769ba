#include "core/thread_budget.h"

#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "testing.h"

namespace hpinfer {
namespace {

namespace fs = std::filesystem;

// A fake cgroup file system in a fresh directory, removed at the end.
class FakeCgroup {
 public:
  FakeCgroup() : root_(fs::temp_directory_path() / ("hpinfer_cgroup_" + std::to_string(getpid()))) {
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  ~FakeCgroup() { fs::remove_all(root_); }

  void write(const std::string& path, const std::string& text) const {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text << "\n";
  }
  std::optional<double> quota() const { return cgroup_cpu_quota(root_, root_ / "proc"); }

 private:
  fs::path root_;
};

TEST(cgroup_v2_takes_the_tightest_of_the_path) {
  const FakeCgroup fake;
  fake.write("proc", "0::/a/b");
  EXPECT(!fake.quota());
  fake.write("a/cpu.max", "150000 100000");
  fake.write("a/b/cpu.max", "max 100000");
  EXPECT_EQ(fake.quota().value_or(0), 1.5);
  fake.write("a/b/cpu.max", "50000 100000");
  EXPECT_EQ(fake.quota().value_or(0), 0.5);
}

TEST(cgroup_v2_in_a_container_reads_the_mount_root) {
  const FakeCgroup fake;
  fake.write("proc", "0::/");
  fake.write("cpu.max", "200000 100000");
  EXPECT_EQ(fake.quota().value_or(0), 2.0);
}

TEST(cgroup_v1_reads_the_cpu_controller) {
  const FakeCgroup fake;
  fake.write("proc", "5:memory:/x\n4:cpu,cpuacct:/x");
  fake.write("cpu,cpuacct/x/cpu.cfs_quota_us", "300000");
  fake.write("cpu,cpuacct/x/cpu.cfs_period_us", "100000");
  EXPECT_EQ(fake.quota().value_or(0), 3.0);
  fake.write("cpu,cpuacct/x/cpu.cfs_quota_us", "-1");
  EXPECT(!fake.quota());
}

TEST(budget_honours_the_variable_and_refuses_nonsense) {
  setenv("HPINFER_NUM_THREADS", "3", 1);
  EXPECT_EQ(read_thread_budget().threads, 3);
  for (const char* bad : {"0", "-2", "two", "2x"}) {
    setenv("HPINFER_NUM_THREADS", bad, 1);
    EXPECT_ERROR(read_thread_budget(), ErrorCode::kConfig, "HPINFER_NUM_THREADS");
  }
  unsetenv("HPINFER_NUM_THREADS");
  const ThreadBudget budget = read_thread_budget();
  EXPECT(budget.threads >= 1 && budget.threads <= budget.affinity);
}

}  // namespace
}  // namespace hpinfer

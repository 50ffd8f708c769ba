#include "core/thread_pool.h"

#include <atomic>
#include <numeric>

#include "testing.h"

namespace hpinfer {
namespace {

TEST(pool_visits_every_index_once) {
  for (const int threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    for (const int count : {0, 1, 2, 1000}) {
      std::vector<std::atomic<int>> visits(static_cast<std::size_t>(count));
      pool.parallel_for(count, [&](int i) { ++visits[static_cast<std::size_t>(i)]; });
      for (const auto& visit : visits) EXPECT_EQ(visit.load(), 1);
    }
  }
}

TEST(pool_runs_nested_and_concurrent_loops) {
  ThreadPool pool(3);
  std::atomic<int> total{0};
  std::vector<std::thread> callers;
  for (int t = 0; t < 4; ++t)
    callers.emplace_back(
        [&] { pool.parallel_for(8, [&](int) { pool.parallel_for(8, [&](int) { ++total; }); }); });
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(total.load(), 4 * 8 * 8);
}

TEST(pool_rethrows_the_first_failure_and_survives) {
  ThreadPool pool(2);
  const auto failing = [](int i) {
    if (i == 3) fail(ErrorCode::kInternal, "broken at ", i);
  };
  EXPECT_ERROR(pool.parallel_for(10, failing), ErrorCode::kInternal, "broken at 3");
  std::atomic<int> sum{0};
  pool.parallel_for(5, [&](int i) { sum += i; });
  EXPECT_EQ(sum.load(), 10);
}

TEST(pool_keeps_to_the_limit) {
  ThreadPool pool(4);
  std::atomic<int> active{0};
  std::atomic<int> most{0};
  pool.parallel_for(
      64,
      [&](int) {
        const int now = ++active;
        int seen = most.load();
        while (now > seen && !most.compare_exchange_weak(seen, now)) {
        }
        std::this_thread::sleep_for(std::chrono::microseconds(200));
        --active;
      },
      2);
  EXPECT(most.load() <= 2);
}

}  // namespace
}  // namespace hpinfer

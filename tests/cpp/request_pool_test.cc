#include "engines/request_pool.h"

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "core/error.h"
#include "testing.h"

namespace hpinfer {
namespace {

// Counts how many exist.
struct Counted {
  explicit Counted(std::atomic<int>& count) : alive(count) { ++alive; }
  ~Counted() { --alive; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  std::atomic<int>& alive;
};

using Pool = RequestPool<Counted>;

std::shared_ptr<Pool> make_pool(std::size_t limit, std::atomic<int>& alive) {
  return std::make_shared<Pool>(limit, [&alive] { return std::make_unique<Counted>(alive); });
}

TEST(request_pool_reuses_finished_objects) {
  std::atomic<int> alive{0};
  const auto pool = make_pool(2, alive);
  EXPECT_EQ(alive.load(), 0);
  for (int i = 0; i < 5; ++i) pool->start().finish();
  EXPECT_EQ(alive.load(), 1);
  pool->drop_idle();
  EXPECT_EQ(alive.load(), 0);
}

TEST(request_pool_destroys_what_was_not_finished) {
  std::atomic<int> alive{0};
  const auto pool = make_pool(1, alive);
  for (int i = 0; i < 3; ++i) {
    const Pool::Run run = pool->start();
    EXPECT_EQ(alive.load(), 1);
  }
  EXPECT_EQ(alive.load(), 0);
}

TEST(request_pool_never_waits_for_a_lease) {
  std::atomic<int> alive{0};
  const auto pool = make_pool(1, alive);
  std::vector<std::shared_ptr<void>> leases;
  for (int i = 0; i < 4; ++i) leases.push_back(pool->start().finish_with_lease());
  EXPECT_EQ(alive.load(), 4);
  leases.clear();  // no more than the limit stays
  EXPECT_EQ(alive.load(), 1);
}

TEST(request_pool_tells_who_uses_its_objects) {
  std::atomic<int> alive{0};
  const auto pool = make_pool(2, alive);
  std::shared_ptr<void> lease = pool->start().finish_with_lease();
  {
    const Pool::Run run = pool->start();
    const Pool::Usage usage = pool->usage();
    EXPECT_EQ(usage.running, 1U);
    EXPECT_EQ(usage.leases, 1U);
    EXPECT_EQ(usage.idle, 0U);
  }
  lease.reset();
  EXPECT_EQ(pool->usage().running, 0U);
  EXPECT_EQ(pool->usage().leases, 0U);
  EXPECT_EQ(pool->usage().idle, 1U);
  EXPECT_EQ(usage_of(*pool).requests, 1);
  EXPECT_EQ(usage_of(*pool).idle_requests, 1);
}

TEST(request_pool_lease_outlives_the_last_owner) {
  std::atomic<int> alive{0};
  auto pool = make_pool(1, alive);
  std::shared_ptr<void> lease = pool->start().finish_with_lease();
  pool.reset();
  EXPECT_EQ(alive.load(), 1);
  lease.reset();
  EXPECT_EQ(alive.load(), 0);
}

TEST(request_pool_frees_the_place_of_a_failed_make) {
  std::atomic<int> alive{0};
  bool broken = true;
  const auto pool = std::make_shared<Pool>(1, [&]() -> std::unique_ptr<Counted> {
    if (broken) fail(ErrorCode::kEngine, "no object");
    return std::make_unique<Counted>(alive);
  });
  for (int i = 0; i < 3; ++i) EXPECT_ERROR(pool->start().finish(), ErrorCode::kEngine, "no object");
  broken = false;
  pool->start().finish();
  EXPECT_EQ(alive.load(), 1);
}

TEST(request_pool_limits_runs_of_many_threads) {
  std::atomic<int> alive{0};
  const auto pool = make_pool(2, alive);
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) {
        Pool::Run run = pool->start();
        const int now = ++running;
        int seen = most.load();
        while (now > seen && !most.compare_exchange_weak(seen, now)) {
        }
        std::this_thread::sleep_for(std::chrono::microseconds(20));
        --running;
        if (i % 10 == t) pool->drop_idle();
        if (i % 3 == 0) {
          const std::shared_ptr<void> lease = run.finish_with_lease();
        } else {
          run.finish();
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT(most.load() <= 2);
  EXPECT(alive.load() <= 2);
}

}  // namespace
}  // namespace hpinfer

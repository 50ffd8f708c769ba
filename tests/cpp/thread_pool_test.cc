#include "core/thread_pool.h"

#include <dlfcn.h>
#include <pthread.h>

#include <atomic>
#include <cerrno>
#include <numeric>

#include "core/engine_clock.h"
#include "core/log.h"
#include "testing.h"

namespace {

std::atomic<int> threads_left{-1};  // that the system gives; negative: any number

}  // namespace

// In the place of the C library's, so that a test can have the system refuse threads.
extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                              void* (*start)(void*), void* argument) {
  if (threads_left == 0) return EAGAIN;
  if (threads_left > 0) --threads_left;
  static const auto real =
      reinterpret_cast<decltype(&pthread_create)>(dlsym(RTLD_NEXT, "pthread_create"));
  return real(thread, attributes, start, argument);
}

namespace hpinfer {
namespace {

TEST(pool_works_with_the_threads_that_the_system_gives) {
  int warnings = 0;
  set_log_sink([&](LogLevel, std::string_view) { ++warnings; });
  for (const int given : {0, 1}) {
    threads_left = given;
    ThreadPool pool(4);
    threads_left = -1;
    std::atomic<int> sum{0};
    pool.parallel_for(100, [&](int i) { sum += i; });
    EXPECT_EQ(sum.load(), 4950);
  }
  set_log_sink({});
  EXPECT_EQ(warnings, 2);
}

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

// Threads in `body` while `callers` threads are at work elsewhere and one more runs a loop.
int most_at_once(ThreadPool& pool, int callers) {
  std::vector<std::thread> present;
  std::atomic<int> arrived{0};
  std::atomic<bool> leave{false};
  for (int i = 0; i < callers; ++i)
    present.emplace_back([&] {
      const ThreadPool::Presence presence(pool);
      ++arrived;
      while (!leave) std::this_thread::sleep_for(std::chrono::microseconds(100));
    });
  while (arrived < callers) std::this_thread::yield();
  std::atomic<int> active{0};
  std::atomic<int> most{0};
  pool.parallel_for(64, [&](int) {
    const int now = ++active;
    int seen = most.load();
    while (now > seen && !most.compare_exchange_weak(seen, now)) {
    }
    std::this_thread::sleep_for(std::chrono::microseconds(300));
    --active;
  });
  leave = true;
  for (std::thread& thread : present) thread.join();
  return most.load();
}

TEST(pool_counts_callers_as_threads_at_work) {
  ThreadPool pool(3);
  EXPECT_EQ(most_at_once(pool, 0), 3);
  EXPECT_EQ(most_at_once(pool, 1), 2);
  EXPECT_EQ(most_at_once(pool, 2), 1);
  EXPECT_EQ(most_at_once(pool, 5), 1);
  EXPECT_EQ(pool.busy(), 0);
}

TEST(pool_workers_leave_when_more_callers_come_and_return_when_they_go) {
  ThreadPool pool(2);
  std::atomic<bool> second_done{false};
  std::atomic<int> helped_after{0};
  std::atomic<int> helped_during{0};
  const auto caller = std::this_thread::get_id();
  std::atomic<bool> begun{false};
  std::thread second([&] {
    while (!begun) std::this_thread::yield();
    {
      const ThreadPool::Presence presence(pool);
      const int before = helped_during.load();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      EXPECT(helped_during.load() <= before + 1);  // the index that it had taken already
    }
    second_done = true;
  });
  pool.parallel_for(40000, [&](int) {
    begun = true;
    if (helped_after > 0) return;
    if (std::this_thread::get_id() != caller) ++(second_done ? helped_after : helped_during);
    std::this_thread::sleep_for(std::chrono::microseconds(500));
  });
  second.join();
  EXPECT(helped_after.load() > 0);
  EXPECT_EQ(pool.busy(), 0);
}

TEST(pool_carries_the_engine_clock_to_its_workers) {
  ThreadPool pool(3);
  EngineClock outer;
  const EngineClock::Scope outer_scope(&outer);
  EngineClock inner;
  const auto now = std::chrono::steady_clock::now();
  const auto work = [&](int) { EngineClock::current()->add(now, now + std::chrono::seconds(1)); };
  {
    const EngineClock::Scope scope(&inner);
    pool.parallel_for(10, work);
  }
  pool.parallel_for(5, work);
  EXPECT_EQ(inner.runs(), 10);
  EXPECT_EQ(outer.runs(), 15);
  EXPECT_EQ(inner.seconds(), 10.0);
  EXPECT(outer.first_begin() == now);
  EXPECT(outer.last_end() == now + std::chrono::seconds(1));
}

}  // namespace
}  // namespace hpinfer

#include "core/buffer_pool.h"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "testing.h"

namespace hpinfer {
namespace {

TEST(pool_reuses_the_smallest_buffer_that_fits) {
  BufferPool pool(2);
  void* small = nullptr;
  void* large = nullptr;
  {
    const Tensor a = pool.take(DType::kFloat32, {16});
    const Tensor b = pool.take(DType::kFloat32, {1024});
    small = a.data();
    large = b.data();
  }
  const Tensor first = pool.take(DType::kUInt8, {10});
  EXPECT_EQ(first.data(), small);
  const Tensor second = pool.take(DType::kUInt8, {10});
  EXPECT_EQ(second.data(), large);
}

TEST(pool_keeps_no_more_than_its_capacity) {
  BufferPool pool(1);
  void* large = nullptr;
  {
    const Tensor a = pool.take(DType::kUInt8, {8});
    const Tensor b = pool.take(DType::kUInt8, {4096});
    large = b.data();
  }
  const Tensor kept = pool.take(DType::kUInt8, {8});
  EXPECT_EQ(kept.data(), large);  // the large one is worth more than the small one
}

TEST(pools_are_counted_and_cleared_together) {
  const BufferPool::Usage before = BufferPool::usage_of_all();
  {
    BufferPool one(2);
    BufferPool other(2);
    const Tensor taken = one.take(DType::kUInt8, {100});
    {
      const Tensor given_back = other.take(DType::kUInt8, {50});
    }
    const BufferPool::Usage during = BufferPool::usage_of_all();
    EXPECT_EQ(during.pools, before.pools + 2);
    EXPECT_EQ(during.taken, before.taken + 1);
    EXPECT_EQ(during.taken_bytes, before.taken_bytes + 100);
    EXPECT_EQ(during.idle, before.idle + 1);
    EXPECT_EQ(during.idle_bytes, before.idle_bytes + 50);
    BufferPool::clear_all();
    const BufferPool::Usage cleared = BufferPool::usage_of_all();
    EXPECT_EQ(cleared.idle, 0U);
    EXPECT_EQ(cleared.taken, before.taken + 1);  // what is in use stays
  }
  EXPECT_EQ(BufferPool::usage_of_all().pools, before.pools);
}

TEST(pool_counts_what_it_does_not_keep) {
  const BufferPool::Usage before = BufferPool::usage_of_all();
  BufferPool pool(1);
  {
    const Tensor huge =
        pool.take(DType::kUInt8, {static_cast<std::int64_t>(BufferPool::kMaxIdleBytes) + 1});
  }
  EXPECT_EQ(BufferPool::usage_of_all().taken_bytes, before.taken_bytes);
  EXPECT_EQ(BufferPool::usage_of_all().idle, before.idle);
}

TEST(pools_work_in_a_child_that_was_made_while_others_used_them) {
  std::atomic<bool> over{false};
  std::thread busy([&] {
    while (!over) BufferPool::usage_of_all();
  });
  for (int i = 0; i < 30; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(20);  // a lock that nobody gives back
      BufferPool pool(1);
      const Tensor tensor = pool.take(DType::kUInt8, {8});
      _exit(BufferPool::usage_of_all().taken == 1 ? 0 : 1);
    }
    int status = -1;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  over = true;
  busy.join();
}

TEST(pools_of_many_threads_are_cleared_while_in_use) {
  BufferPool pool(4);
  std::atomic<bool> over{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 1; i <= 300; ++i) {
        const Tensor tensor = pool.take(DType::kInt32, {i % 17 + 1});
        for (std::int32_t& value : tensor.elements<std::int32_t>()) value = t;
        std::this_thread::yield();
        for (const std::int32_t value : tensor.elements<std::int32_t>()) wrong += value != t;
      }
    });
  std::thread cleaner([&] {
    while (!over) {
      BufferPool::clear_all();
      EXPECT(BufferPool::usage_of_all().pools > 0);
    }
  });
  for (std::thread& thread : threads) thread.join();
  over = true;
  cleaner.join();
  EXPECT_EQ(wrong.load(), 0);
}

}  // namespace
}  // namespace hpinfer

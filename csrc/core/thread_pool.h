// A fixed set of workers for our own kernels and for concurrent engine calls.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace hpinfer {

// Thread-safe. Work is split by index; the calling thread takes part, so a nested or concurrent
// call always makes progress even when every worker is busy. Workers sleep when idle: no spinning.
class ThreadPool {
 public:
  // `threads` counts the caller: a pool of n has n - 1 workers. At least 1.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const noexcept { return static_cast<int>(workers_.size()) + 1; }

  // Calls body(i) for every i in [0, count), each exactly once, on at most `limit` threads
  // (0 = all), in no fixed order; returns when all are done. The first exception is rethrown here
  // after the running ones have finished; indices not begun by then are skipped.
  void parallel_for(int count, const std::function<void(int)>& body, int limit = 0);

 private:
  struct Job;
  void work();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<Job>> jobs_;
  bool stopping_ = false;
  std::vector<std::thread> workers_;
};

// The process-wide pool, sized by thread_budget(); made at first use. After fork() the child makes
// its own: the parent's threads do not exist there.
ThreadPool& thread_pool();

}  // namespace hpinfer

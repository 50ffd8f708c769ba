// A fixed set of workers for our own kernels and for concurrent engine calls.
#pragma once

#include <atomic>
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
//
// Callers count too: a worker helps only while fewer threads are at work than the pool has, and
// leaves between two indices when more callers have come. So one caller has the help of all, and
// as many callers as there are threads each work alone, without outbidding each other.
class ThreadPool {
 public:
  // While it lives its thread counts as at work: for work of many steps, of which some are not in
  // parallel_for (which counts by itself). Nested ones count once.
  class Presence {
   public:
    explicit Presence(ThreadPool& pool);
    ~Presence();
    Presence(const Presence&) = delete;
    Presence& operator=(const Presence&) = delete;

   private:
    ThreadPool& pool_;
    ThreadPool* previous_;
  };

  // `threads` counts the caller: a pool of n has n - 1 workers, or as many as the system gives. At
  // least 1.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const noexcept { return threads_; }

  // Threads that are at work now: callers, and workers that help them.
  int busy() const noexcept { return busy_.load(std::memory_order_relaxed); }

  // Calls body(i) for every i in [0, count), each exactly once, on at most `limit` threads
  // (0 = all), in no fixed order; returns when all are done. The first exception is rethrown here
  // after the running ones have finished; indices not begun by then are skipped. So does the
  // Cancellation of the calling thread stop it.
  void parallel_for(int count, const std::function<void(int)>& body, int limit = 0);

 private:
  struct Job;
  void work();
  std::shared_ptr<Job> job_to_help() const;

  const int threads_;
  std::atomic<int> busy_{0};  // changed under mutex_
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<Job>> jobs_;
  bool stopping_ = false;
  std::vector<std::thread> workers_;
};

// The process-wide pool, sized by thread_budget(); made at first use. After fork() the child makes
// its own: the parent's threads do not exist there.
ThreadPool& thread_pool();

// The same, or null while there is none.
const ThreadPool* existing_thread_pool() noexcept;

}  // namespace hpinfer

#include "core/thread_pool.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <memory>

#include "core/thread_budget.h"

namespace hpinfer {

struct ThreadPool::Job {
  Job(int count_, int helpers_, const std::function<void(int)>& body_)
      : count(count_), helpers(helpers_), body(body_) {}

  // Takes indices until none is left or an exception stopped the job.
  void run() {
    for (int i = next.fetch_add(1); i < count; i = next.fetch_add(1)) {
      try {
        body(i);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!failure) failure = std::current_exception();
        next.store(count);
      }
    }
  }

  const int count;
  int helpers;  // workers that may still join; guarded by the pool's mutex
  const std::function<void(int)>& body;
  std::atomic<int> next{0};
  std::mutex mutex;
  std::condition_variable idle;
  int running = 0;  // workers inside run(); guarded by mutex
  std::exception_ptr failure;
};

ThreadPool::ThreadPool(int threads) {
  for (int i = 1; i < threads; ++i) workers_.emplace_back([this] { work(); });
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (stopping_) return;
    const std::shared_ptr<Job> job = jobs_.front();
    if (--job->helpers == 0) jobs_.pop_front();
    {
      const std::lock_guard job_lock(job->mutex);
      ++job->running;
    }
    lock.unlock();
    job->run();
    {
      const std::lock_guard job_lock(job->mutex);
      --job->running;
      job->idle.notify_one();
    }
    lock.lock();
  }
}

void ThreadPool::parallel_for(int count, const std::function<void(int)>& body, int limit) {
  const int wanted = limit > 0 ? std::min(limit, threads()) : threads();
  const int helpers = std::min(wanted, count) - 1;
  if (helpers <= 0) {
    for (int i = 0; i < count; ++i) body(i);
    return;
  }
  const auto job = std::make_shared<Job>(count, helpers, body);
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(job);
  }
  for (int i = 0; i < helpers; ++i) wake_.notify_one();
  job->run();
  {
    // Workers that have not joined by now must not: `body` dies with this call.
    const std::lock_guard lock(mutex_);
    std::erase(jobs_, job);
  }
  std::unique_lock lock(job->mutex);
  job->idle.wait(lock, [&] { return job->running == 0; });
  if (job->failure) std::rethrow_exception(job->failure);
}

namespace {

std::atomic<ThreadPool*> process_pool{nullptr};
std::mutex process_pool_mutex;

// Only the forking thread lives on in the child. The parent's pool is left behind on purpose: its
// destructor would join threads that are not there.
void forget_pool_in_child() { process_pool.store(nullptr); }

}  // namespace

ThreadPool& thread_pool() {
  if (ThreadPool* pool = process_pool.load(std::memory_order_acquire)) return *pool;
  const std::lock_guard lock(process_pool_mutex);
  static const int registered =
      pthread_atfork([] { process_pool_mutex.lock(); }, [] { process_pool_mutex.unlock(); },
                     [] {
                       forget_pool_in_child();
                       process_pool_mutex.unlock();
                     });
  static_cast<void>(registered);
  if (process_pool.load() == nullptr)
    // Never destroyed: at exit other threads may still be inside parallel_for.
    process_pool.store(new ThreadPool(thread_budget().threads), std::memory_order_release);
  return *process_pool.load();
}

}  // namespace hpinfer

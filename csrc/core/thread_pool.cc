#include "core/thread_pool.h"

#include <cxxabi.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <memory>
#include <string>
#include <system_error>

#include "core/cancellation.h"
#include "core/engine_clock.h"
#include "core/error.h"
#include "core/log.h"
#include "core/thread_budget.h"

namespace hpinfer {

namespace {

thread_local ThreadPool* present_in = nullptr;  // the pool that counts this thread

}  // namespace

struct ThreadPool::Job {
  Job(int count_, int helpers_, const std::function<void(int)>& body_)
      : count(count_), helpers(helpers_), body(body_) {}

  bool done() const { return next.load(std::memory_order_relaxed) >= count; }

  // Takes indices until none is left, an exception stopped the job, or `leave` says so.
  template <typename Leave>
  void run(const Leave& leave) {
    const EngineClock::Scope clock_scope(clock);
    const Cancellation::Scope cancellation_scope(cancellation);
    while (!leave()) {
      const int i = next.fetch_add(1);
      if (i >= count) return;
      try {
        Cancellation::check_current();
        body(i);
      } catch (abi::__forced_unwind&) {
        throw;  // the thread is being ended, by an interpreter that has gone
      } catch (const Error& error) {
        keep_failure(error.code() == ErrorCode::kCancelled);
      } catch (...) {
        keep_failure(false);
      }
    }
  }

  // The first failure; but being stopped is often the consequence of another one, which counts.
  void keep_failure(bool stopped) {
    const std::lock_guard lock(mutex);
    if (!failure || (only_stopped && !stopped)) {
      failure = std::current_exception();
      only_stopped = stopped;
    }
    next.store(count);
  }

  const int count;
  int helpers;  // workers that may still join; guarded by the pool's mutex
  const std::function<void(int)>& body;
  EngineClock* const clock = EngineClock::current();
  Cancellation* const cancellation = Cancellation::current();
  std::atomic<int> next{0};
  std::mutex mutex;
  std::condition_variable idle;
  int running = 0;  // workers inside run(); guarded by mutex
  std::exception_ptr failure;
  bool only_stopped = false;
};

ThreadPool::Presence::Presence(ThreadPool& pool) : pool_(pool), previous_(present_in) {
  if (previous_ == &pool) return;
  present_in = &pool;
  const std::lock_guard lock(pool_.mutex_);
  ++pool_.busy_;
}

ThreadPool::Presence::~Presence() {
  if (previous_ == &pool_) return;
  present_in = previous_;
  bool waiting = false;
  {
    const std::lock_guard lock(pool_.mutex_);
    --pool_.busy_;
    waiting = !pool_.jobs_.empty();
  }
  if (waiting) pool_.wake_.notify_one();
}

ThreadPool::ThreadPool(int threads) : threads_(std::max(threads, 1)) {
  workers_.reserve(static_cast<std::size_t>(threads_ - 1));
  for (int i = 1; i < threads_; ++i) {
    try {
      workers_.emplace_back([this] { work(); });
    } catch (const std::system_error& error) {
      // A limit on threads makes work slower, not impossible: callers do it themselves.
      log(LogLevel::kWarning, "only " + std::to_string(i) + " of " + std::to_string(threads_) +
                                  " threads can be had (" + error.what() + "): work is slower");
      return;
    }
  }
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

// The oldest first: pages that came first are done first. The caller holds the mutex.
std::shared_ptr<ThreadPool::Job> ThreadPool::job_to_help() const {
  if (busy() >= threads_) return nullptr;
  for (const std::shared_ptr<Job>& job : jobs_)
    if (job->helpers > 0 && !job->done()) return job;
  return nullptr;
}

void ThreadPool::work() {
  present_in = this;
  std::unique_lock lock(mutex_);
  while (true) {
    std::shared_ptr<Job> job;
    wake_.wait(lock, [&] { return stopping_ || (job = job_to_help()) != nullptr; });
    if (stopping_) return;
    --job->helpers;
    ++busy_;
    {
      const std::lock_guard job_lock(job->mutex);
      ++job->running;
    }
    lock.unlock();
    job->run([this] { return busy() > threads_; });
    lock.lock();
    ++job->helpers;  // it may be helped again, if there is anything left to do
    --busy_;
    const std::lock_guard job_lock(job->mutex);
    --job->running;
    job->idle.notify_one();
  }
}

void ThreadPool::parallel_for(int count, const std::function<void(int)>& body, int limit) {
  const int wanted = limit > 0 ? std::min(limit, threads()) : threads();
  const int helpers = std::min(wanted, count) - 1;
  const Presence presence(*this);
  if (helpers <= 0) {
    for (int i = 0; i < count; ++i) {
      Cancellation::check_current();
      body(i);
    }
    return;
  }
  const auto job = std::make_shared<Job>(count, helpers, body);
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(job);
  }
  for (int i = 0; i < helpers; ++i) wake_.notify_one();
  job->run([] { return false; });
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
void forget_pool_in_child() {
  process_pool.store(nullptr);
  present_in = nullptr;
}

}  // namespace

const ThreadPool* existing_thread_pool() noexcept {
  return process_pool.load(std::memory_order_acquire);
}

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

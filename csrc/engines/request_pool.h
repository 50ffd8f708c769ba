// Objects that serve one run at a time, shared by any number of threads.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "core/cancellation.h"
#include "engines/engine.h"

namespace hpinfer {

// At most `limit` runs are in progress; further callers wait for one of them to end. Objects are
// made on demand.
//
// A lease keeps an object out of the pool after its run, for as long as somebody reads its results,
// and does not count as a run: nobody ever waits for a lease, so a thread that holds leases and
// runs again cannot deadlock; the pool makes one more object instead. At most `limit` idle objects
// are kept, so that memory falls back when many leases end.
template <typename T>
class RequestPool : public std::enable_shared_from_this<RequestPool<T>> {
 public:
  using Make = std::function<std::unique_ptr<T>()>;

  RequestPool(std::size_t limit, Make make) : limit_(limit), make_(std::move(make)) {
    idle_.reserve(limit);
  }

  // One run. Unless finished or leased, its object is destroyed: after a failure its state is not
  // known.
  class Run {
   public:
    explicit Run(std::shared_ptr<RequestPool> pool) : pool_(std::move(pool)) {
      object_ = pool_->begin();
    }
    ~Run() {
      if (pool_) pool_->end();
    }
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

    T* operator->() const noexcept { return object_.get(); }
    T& operator*() const noexcept { return *object_; }

    void finish() {
      const auto pool = std::exchange(pool_, nullptr);
      pool->give_back(std::move(object_));
      pool->end();
    }
    // The object goes back to the pool when the last copy of the result is gone.
    std::shared_ptr<void> finish_with_lease() {
      pool_->leases_.fetch_add(1, std::memory_order_relaxed);
      std::shared_ptr<void> lease(object_.release(), [pool = pool_](void* pointer) {
        pool->leases_.fetch_sub(1, std::memory_order_relaxed);
        pool->give_back(std::unique_ptr<T>(static_cast<T*>(pointer)));
      });
      const auto pool = std::exchange(pool_, nullptr);
      pool->end();
      return lease;
    }

   private:
    std::shared_ptr<RequestPool> pool_;
    std::unique_ptr<T> object_;
  };

  // Waits for a free place, or until the Cancellation of this thread stops it. The pool must be
  // owned by a shared_ptr.
  Run start() { return Run(this->shared_from_this()); }

  struct Usage {
    std::size_t running = 0;
    std::size_t idle = 0;
    std::size_t leases = 0;
  };

  // Objects at this moment; one may be between two states and be in neither count.
  Usage usage() const {
    const std::lock_guard lock(mutex_);
    return {running_, idle_.size(), leases_.load(std::memory_order_relaxed)};
  }

  // Destroys the objects that nobody uses.
  void drop_idle() {
    std::vector<std::unique_ptr<T>> dropped;
    dropped.reserve(limit_);
    const std::lock_guard lock(mutex_);
    dropped.swap(idle_);
  }

 private:
  // How often a thread that waits looks whether its work has been stopped meanwhile.
  static constexpr std::chrono::milliseconds kLook{100};

  std::unique_ptr<T> begin() {
    std::unique_lock lock(mutex_);
    while (!place_free_.wait_for(lock, kLook, [this] { return running_ < limit_; }))
      Cancellation::check_current();
    ++running_;
    if (!idle_.empty()) {
      std::unique_ptr<T> object = std::move(idle_.back());
      idle_.pop_back();
      return object;
    }
    lock.unlock();
    try {
      return make_();
    } catch (...) {
      end();
      throw;
    }
  }

  void end() noexcept {
    {
      const std::lock_guard lock(mutex_);
      --running_;
    }
    place_free_.notify_one();
  }

  void give_back(std::unique_ptr<T> object) noexcept {
    const std::lock_guard lock(mutex_);
    if (idle_.size() < limit_) idle_.push_back(std::move(object));  // within reserved capacity
  }

  const std::size_t limit_;
  const Make make_;
  mutable std::mutex mutex_;
  std::condition_variable place_free_;
  std::vector<std::unique_ptr<T>> idle_;
  std::size_t running_ = 0;
  std::atomic<std::size_t> leases_{0};
};

// What the session of a pool tells.
template <typename T>
SessionUsage usage_of(const RequestPool<T>& pool) {
  const auto usage = pool.usage();
  return {static_cast<std::int64_t>(usage.running + usage.idle + usage.leases),
          static_cast<std::int64_t>(usage.idle), static_cast<std::int64_t>(usage.leases)};
}

}  // namespace hpinfer

// How work under way is told to stop: by a deadline, by another thread, by the host's signals.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>

namespace hpinfer {

// Thread-safe. Work looks at the one of its thread where it can stop: before each inference,
// between two indices of a parallel loop, and while it waits for another's inference. ThreadPool
// carries it to the workers.
class Cancellation {
 public:
  using Clock = std::chrono::steady_clock;
  // Asks the host whether to stop, by throwing; whatever it throws ends the work.
  using Poll = void (*)();

  // For work on any thread.
  explicit Cancellation(std::optional<Clock::time_point> deadline) : deadline_(deadline) {}

  // For one native call of this thread, which alone calls `poll` (may be null), a few times a
  // second. Stops also when the one of this thread does, which must outlive it.
  explicit Cancellation(Poll poll) noexcept;

  Cancellation(const Cancellation&) = delete;
  Cancellation& operator=(const Cancellation&) = delete;

  // The one of this thread, or null.
  static Cancellation* current() noexcept;

  // Makes one (may be null) this thread's, until the scope ends.
  class Scope {
   public:
    explicit Scope(Cancellation* cancellation) noexcept;
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Cancellation* previous_;
  };

  // Stops the work; for any thread.
  void cancel() noexcept { cancelled_.store(true, std::memory_order_relaxed); }

  // Throws Error(kCancelled), Error(kTimeLimit), or what the host's poll throws.
  void check();

  // check() of this thread's, if it has one.
  static void check_current() {
    if (Cancellation* const current = Cancellation::current()) current->check();
  }

 private:
  const std::optional<Clock::time_point> deadline_;
  Cancellation* const outer_ = nullptr;
  const Poll poll_ = nullptr;
  const std::thread::id owner_ = std::this_thread::get_id();
  Clock::time_point next_poll_ = Clock::now();  // of the owner alone
  std::atomic<bool> cancelled_{false};
};

}  // namespace hpinfer

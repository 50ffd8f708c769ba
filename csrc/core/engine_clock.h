// How long engines worked for one piece of work, on whichever threads.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>

namespace hpinfer {

// Thread-safe. Counts every inference that begins while a Scope of it is open on the thread that
// asked for it; ThreadPool carries the scope to the workers. Costs two reads of the clock a run.
class EngineClock {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // What it counts is also counted by the clock of this thread, which must outlive it.
  EngineClock() noexcept : outer_(current()) {}
  EngineClock(const EngineClock&) = delete;
  EngineClock& operator=(const EngineClock&) = delete;

  // The clock of this thread, or null.
  static EngineClock* current() noexcept;

  // Makes `clock` (may be null) this thread's, until the scope ends.
  class Scope {
   public:
    explicit Scope(EngineClock* clock) noexcept;
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    EngineClock* previous_;
  };

  void add(Time begin, Time end) noexcept;

  // Summed over threads: two inferences at the same time count twice.
  double seconds() const noexcept { return static_cast<double>(nanoseconds_.load()) * 1e-9; }
  int runs() const noexcept { return runs_.load(); }
  // When the first inference began and the last one ended; without runs() these mean nothing.
  Time first_begin() const noexcept { return Time(Nanoseconds(first_.load())); }
  Time last_end() const noexcept { return Time(Nanoseconds(last_.load())); }

 private:
  using Nanoseconds = std::chrono::nanoseconds;

  EngineClock* const outer_;
  std::atomic<std::int64_t> nanoseconds_{0};
  std::atomic<int> runs_{0};
  std::atomic<std::int64_t> first_{std::numeric_limits<std::int64_t>::max()};
  std::atomic<std::int64_t> last_{std::numeric_limits<std::int64_t>::min()};
};

}  // namespace hpinfer

// Which sessions live in this process, and what they do: for stats() and trim().
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engines/engine.h"

namespace hpinfer {

// What the sessions of one engine have done so far, dead ones included. Lives as long as the
// process.
struct RunCounters {
  std::atomic<std::int64_t> running{0};
  std::atomic<std::int64_t> done{0};
  std::atomic<std::int64_t> failed{0};
};

// Counts one run for as long as it lives; `counters` may be null. A few nanoseconds.
class CountedRun {
 public:
  explicit CountedRun(RunCounters* counters) noexcept : counters_(counters) {
    if (counters_ != nullptr) counters_->running.fetch_add(1, std::memory_order_relaxed);
  }
  ~CountedRun() {
    if (counters_ == nullptr) return;
    counters_->running.fetch_sub(1, std::memory_order_relaxed);
    (succeeded_ ? counters_->done : counters_->failed).fetch_add(1, std::memory_order_relaxed);
  }
  CountedRun(const CountedRun&) = delete;
  CountedRun& operator=(const CountedRun&) = delete;

  void succeed() noexcept { succeeded_ = true; }

 private:
  RunCounters* const counters_;
  bool succeeded_ = false;
};

// Every engine that has had a session, as it is now.
struct EngineUsage {
  std::string engine;
  std::int64_t sessions = 0;  // alive
  std::int64_t running = 0;
  std::int64_t done = 0;
  std::int64_t failed = 0;
  SessionUsage usage;  // of all of them
};

// From now on the session's runs count as that engine's, and trim_sessions() reaches it while it
// lives. To be called once, before other threads see the session.
void track_session(std::string_view engine, const std::shared_ptr<Session>& session);

// In the order in which the engines were first used. Thread-safe.
std::vector<EngineUsage> engine_usages();

// Session::trim() of every tracked session that is alive. What one of them throws is rethrown after
// the others have been trimmed. Thread-safe.
void trim_sessions();

}  // namespace hpinfer

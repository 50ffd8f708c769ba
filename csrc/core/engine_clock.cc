#include "core/engine_clock.h"

namespace hpinfer {
namespace {

thread_local EngineClock* current_clock = nullptr;

std::int64_t since_start(EngineClock::Time time) noexcept {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

}  // namespace

EngineClock* EngineClock::current() noexcept { return current_clock; }

EngineClock::Scope::Scope(EngineClock* clock) noexcept : previous_(current_clock) {
  current_clock = clock;
}

EngineClock::Scope::~Scope() { current_clock = previous_; }

void EngineClock::add(Time begin, Time end) noexcept {
  const std::int64_t from = since_start(begin);
  const std::int64_t to = since_start(end);
  for (EngineClock* clock = this; clock != nullptr; clock = clock->outer_) {
    clock->nanoseconds_.fetch_add(to - from, std::memory_order_relaxed);
    clock->runs_.fetch_add(1, std::memory_order_relaxed);
    std::int64_t seen = clock->first_.load(std::memory_order_relaxed);
    while (from < seen && !clock->first_.compare_exchange_weak(seen, from)) {
    }
    seen = clock->last_.load(std::memory_order_relaxed);
    while (to > seen && !clock->last_.compare_exchange_weak(seen, to)) {
    }
  }
}

}  // namespace hpinfer

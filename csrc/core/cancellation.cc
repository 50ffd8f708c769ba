#include "core/cancellation.h"

#include "core/error.h"

namespace hpinfer {
namespace {

// Soon enough for somebody who waits, and rare enough to cost nothing.
constexpr std::chrono::milliseconds kBetweenPolls{100};

thread_local Cancellation* current_cancellation = nullptr;

}  // namespace

Cancellation::Cancellation(Poll poll) noexcept : outer_(current()), poll_(poll) {}

Cancellation* Cancellation::current() noexcept { return current_cancellation; }

Cancellation::Scope::Scope(Cancellation* cancellation) noexcept : previous_(current_cancellation) {
  current_cancellation = cancellation;
}

Cancellation::Scope::~Scope() { current_cancellation = previous_; }

void Cancellation::check() {
  for (const Cancellation* one = this; one != nullptr; one = one->outer_) {
    hpinfer::check(!one->cancelled_.load(std::memory_order_relaxed), ErrorCode::kCancelled,
                   "the call was stopped because its caller gave it up");
    hpinfer::check(!one->deadline_ || Clock::now() < *one->deadline_, ErrorCode::kTimeLimit,
                   "the call took longer than its time limit");
  }
  if (poll_ == nullptr || std::this_thread::get_id() != owner_) return;
  const auto now = Clock::now();
  if (now < next_poll_) return;
  next_poll_ = now + kBetweenPolls;
  try {
    poll_();
  } catch (...) {
    cancel();  // the workers stop too
    throw;
  }
}

}  // namespace hpinfer

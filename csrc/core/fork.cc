#include "core/fork.h"

#include <pthread.h>

#include <atomic>

namespace hpinfer {
namespace {

std::atomic<int> generation{0};

int count_forks() noexcept {
  return pthread_atfork(nullptr, nullptr, [] { generation.fetch_add(1); });
}

}  // namespace

int fork_generation() noexcept {
  // Registered with the first thing that is made: what was made before needs no number.
  static const int registered = count_forks();
  static_cast<void>(registered);
  return generation.load(std::memory_order_relaxed);
}

}  // namespace hpinfer

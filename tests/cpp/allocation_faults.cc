#include "allocation_faults.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<long> left{-1};
std::atomic<bool> for_ever{false};
std::atomic<long> failed{0};
std::atomic<long> live{0};

bool may_allocate() {
  long now = left.load();
  while (now >= 0) {
    if (now == 0) {
      if (!for_ever.load()) left.store(-1);
      ++failed;
      return false;
    }
    if (left.compare_exchange_weak(now, now - 1)) return true;
  }
  return true;
}

void* allocate(std::size_t bytes, std::size_t alignment) {
  if (!may_allocate()) return nullptr;
  void* block = nullptr;
  if (alignment <= alignof(std::max_align_t))
    block = std::malloc(bytes > 0 ? bytes : 1);
  else if (posix_memalign(&block, alignment, bytes > 0 ? bytes : 1) != 0)
    block = nullptr;
  if (block != nullptr) ++live;
  return block;
}

void* allocate_or_throw(std::size_t bytes, std::size_t alignment) {
  void* const block = allocate(bytes, alignment);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

void release(void* block) noexcept {
  if (block == nullptr) return;
  --live;
  std::free(block);
}

constexpr std::size_t kPlain = alignof(std::max_align_t);

}  // namespace

void* operator new(std::size_t bytes) { return allocate_or_throw(bytes, kPlain); }
void* operator new[](std::size_t bytes) { return allocate_or_throw(bytes, kPlain); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return allocate_or_throw(bytes, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
  return allocate_or_throw(bytes, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return allocate(bytes, kPlain);
}
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept {
  return allocate(bytes, kPlain);
}
void operator delete(void* block) noexcept { release(block); }
void operator delete[](void* block) noexcept { release(block); }
void operator delete(void* block, std::size_t) noexcept { release(block); }
void operator delete[](void* block, std::size_t) noexcept { release(block); }
void operator delete(void* block, std::align_val_t) noexcept { release(block); }
void operator delete[](void* block, std::align_val_t) noexcept { release(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { release(block); }
void operator delete[](void* block, std::size_t, std::align_val_t) noexcept { release(block); }
void operator delete(void* block, const std::nothrow_t&) noexcept { release(block); }
void operator delete[](void* block, const std::nothrow_t&) noexcept { release(block); }

namespace hpinfer::testing {

void fail_allocations(long allowed, bool persistent) {
  for_ever.store(persistent);
  failed.store(0);
  left.store(allowed);
}

long failed_allocations() { return failed.load(); }

long live_allocations() { return live.load(); }

}  // namespace hpinfer::testing

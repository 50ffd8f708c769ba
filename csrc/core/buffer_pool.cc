#include "core/buffer_pool.h"

#include <pthread.h>

#include <algorithm>

namespace hpinfer {
namespace {

struct Pools {
  std::mutex mutex;  // taken before a pool's own
  std::vector<BufferPool*> all;
};

// Never destroyed: pools may die while the process ends. A child of fork() must not wait for a
// thread that it does not have, so nobody else holds the lock at that moment.
Pools& pools() {
  static Pools& instance = *new Pools;
  static const int registered =
      pthread_atfork([] { instance.mutex.lock(); }, [] { instance.mutex.unlock(); },
                     [] { instance.mutex.unlock(); });
  static_cast<void>(registered);
  return instance;
}

}  // namespace

BufferPool::BufferPool(std::size_t capacity) : capacity_(capacity) {
  idle_.reserve(capacity + 1);  // so that giving back cannot fail
  const std::lock_guard lock(pools().mutex);
  pools().all.push_back(this);
}

BufferPool::~BufferPool() {
  const std::lock_guard lock(pools().mutex);
  std::erase(pools().all, this);
}

BufferPool::Usage BufferPool::usage_of_all() {
  Usage usage;
  const std::lock_guard lock(pools().mutex);
  for (BufferPool* const pool : pools().all) pool->add_to(usage);
  return usage;
}

void BufferPool::clear_all() {
  const std::lock_guard lock(pools().mutex);
  for (BufferPool* const pool : pools().all) pool->clear();
}

void BufferPool::add_to(Usage& usage) {
  const std::lock_guard lock(mutex_);
  ++usage.pools;
  usage.idle += idle_.size();
  for (const Buffer& buffer : idle_) usage.idle_bytes += buffer.bytes;
  usage.taken += taken_;
  usage.taken_bytes += taken_bytes_;
}

Tensor BufferPool::take(DType dtype, const Shape& shape) {
  TensorView view{dtype, shape, nullptr, Device{}};
  Buffer buffer = find_or_allocate(std::max<std::size_t>(view.num_bytes(), 1));
  view.data = buffer.memory.data();
  const auto kept = std::make_shared<Buffer>(std::move(buffer));
  count_taken(kept->bytes);
  const std::shared_ptr<void> owner(view.data,
                                    [this, kept](void*) { give_back(std::move(*kept)); });
  return Tensor::borrow(view, owner);
}

BufferPool::Buffer BufferPool::find_or_allocate(std::size_t bytes) {
  {
    const std::lock_guard lock(mutex_);
    // The smallest that is large enough, so that one page-sized buffer does not serve every line.
    auto best = idle_.end();
    for (auto it = idle_.begin(); it != idle_.end(); ++it)
      if (it->bytes >= bytes && (best == idle_.end() || it->bytes < best->bytes)) best = it;
    if (best != idle_.end()) {
      Buffer found = std::move(*best);
      idle_.erase(best);
      return found;
    }
  }
  return {Tensor::allocate(DType::kUInt8, {static_cast<std::int64_t>(bytes)}), bytes};
}

void BufferPool::count_taken(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  ++taken_;
  taken_bytes_ += bytes;
}

void BufferPool::give_back(Buffer buffer) noexcept {
  const std::lock_guard lock(mutex_);
  --taken_;
  taken_bytes_ -= buffer.bytes;
  if (buffer.bytes > kMaxIdleBytes) return;
  idle_.push_back(std::move(buffer));  // within reserved capacity
  if (idle_.size() <= capacity_) return;
  const auto smallest =
      std::min_element(idle_.begin(), idle_.end(),
                       [](const Buffer& a, const Buffer& b) { return a.bytes < b.bytes; });
  idle_.erase(smallest);
}

void BufferPool::clear() {
  const std::lock_guard lock(mutex_);
  idle_.clear();
}

}  // namespace hpinfer

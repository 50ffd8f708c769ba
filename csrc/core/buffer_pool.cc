#include "core/buffer_pool.h"

#include <algorithm>

namespace hpinfer {

Tensor BufferPool::take(DType dtype, const Shape& shape) {
  TensorView view{dtype, shape, nullptr, Device{}};
  Buffer buffer = find_or_allocate(std::max<std::size_t>(view.num_bytes(), 1));
  view.data = buffer.memory.data();
  const auto kept = std::make_shared<Buffer>(std::move(buffer));
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

void BufferPool::give_back(Buffer buffer) noexcept {
  if (buffer.bytes > kMaxIdleBytes) return;
  const std::lock_guard lock(mutex_);
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

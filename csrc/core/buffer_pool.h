// Reuses host buffers between calls: fresh pages cost more than the kernels that fill them.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "core/tensor.h"

namespace hpinfer {

// Thread-safe. Keeps at most `capacity` idle buffers, and never one that is more than
// kMaxIdleBytes; what is given back beyond that is freed.
class BufferPool {
 public:
  static constexpr std::size_t kMaxIdleBytes = std::size_t{64} << 20;

  explicit BufferPool(std::size_t capacity) : capacity_(capacity) { idle_.reserve(capacity + 1); }

  // A tensor with uninitialised host memory that returns to the pool when it dies. The pool must
  // outlive it.
  Tensor take(DType dtype, const Shape& shape);

  // Frees the idle buffers.
  void clear();

 private:
  struct Buffer {
    Tensor memory;
    std::size_t bytes = 0;
  };

  Buffer find_or_allocate(std::size_t bytes);
  void give_back(Buffer buffer) noexcept;

  const std::size_t capacity_;
  std::mutex mutex_;
  std::vector<Buffer> idle_;
};

}  // namespace hpinfer

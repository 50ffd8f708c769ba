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

  explicit BufferPool(std::size_t capacity);
  ~BufferPool();
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;

  // A tensor with uninitialised host memory that returns to the pool when it dies. The pool must
  // outlive it.
  Tensor take(DType dtype, const Shape& shape);

  // Frees the idle buffers.
  void clear();

  // Buffers at one moment.
  struct Usage {
    std::size_t pools = 0;
    std::size_t idle = 0;
    std::size_t idle_bytes = 0;
    std::size_t taken = 0;  // in use, and bytes of these
    std::size_t taken_bytes = 0;
  };

  // Of all pools of the process together.
  static Usage usage_of_all();

  // clear() for all pools of the process.
  static void clear_all();

 private:
  struct Buffer {
    Tensor memory;
    std::size_t bytes = 0;
  };

  void add_to(Usage& usage);
  Buffer find_or_allocate(std::size_t bytes);
  void count_taken(std::size_t bytes);
  void give_back(Buffer buffer) noexcept;

  const std::size_t capacity_;
  std::mutex mutex_;
  std::vector<Buffer> idle_;
  std::size_t taken_ = 0;
  std::size_t taken_bytes_ = 0;
};

}  // namespace hpinfer

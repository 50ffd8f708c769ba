// The kernels with their memory and streams, for callers that know no CUDA: each call copies what
// it needs, waits for the result, and leaves the thread's current GPU as it was.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "cuda/maximum_kernel.h"
#include "cuda/memory.h"

namespace hpinfer::cuda {

// Why the kernels cannot run on a GPU; empty if they can.
std::string device_problem(int device);

// Thread-safe: any number of calls at a time, each on a stream of its own.
class DeviceWork {
 public:
  explicit DeviceWork(int device);
  ~DeviceWork();
  DeviceWork(const DeviceWork&) = delete;
  DeviceWork& operator=(const DeviceWork&) = delete;

  int device() const noexcept { return device_; }
  // Memory for `bytes`, uninitialised: of the host, page-locked, and of the GPU.
  Block take_pinned(std::size_t bytes) const;
  Block take_device(std::size_t bytes) const;

  // Copies the first `bytes` of `staging` to `target`, which then begins with `count` tasks, and
  // runs them; `width` and `height` are the greatest of their outputs. Throws Error(kEngine).
  void transform(const Block& staging, const Block& target, std::size_t bytes, int count, int width,
                 int height) const;

  // The greatest element of each row of `columns` floats in memory of the GPU, one for each element
  // of `maxima`. Throws Error(kEngine).
  void row_maxima(const float* values, std::int32_t columns, std::span<RowMaximum> maxima) const;

 private:
  class Streams;

  const int device_;
  mutable MemoryPool pinned_;
  mutable MemoryPool memory_;
  const std::unique_ptr<Streams> streams_;
};

}  // namespace hpinfer::cuda

#include "cuda/memory.h"

#include <bit>
#include <map>
#include <utility>

#include "core/device.h"
#include "cuda/status.h"

namespace hpinfer::cuda {
namespace {

constexpr std::size_t kSmallestBlock = 4096;

const char* kind_name(MemoryKind kind) {
  return kind == MemoryKind::kDevice ? "device memory" : "pinned host memory";
}

cudaError_t allocate(MemoryKind kind, std::size_t bytes, void** data) {
  return kind == MemoryKind::kDevice ? cudaMalloc(data, bytes) : cudaMallocHost(data, bytes);
}

// Called from destructors: a failure here (the context is gone at the process's end) has nobody to
// go to.
void release(MemoryKind kind, void* data) noexcept {
  if (kind == MemoryKind::kDevice)
    cudaFree(data);
  else
    cudaFreeHost(data);
}

}  // namespace

struct Block::State {
  State(MemoryKind memory_kind, int device_index) : kind(memory_kind), device(device_index) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { release_all(); }

  void release_all() {
    for (const auto& [size, data] : free) release(kind, data);
    free.clear();
  }

  const MemoryKind kind;
  const int device;
  mutable std::mutex mutex;
  std::multimap<std::size_t, void*> free;
};

Block::Block(std::shared_ptr<State> pool, void* data, std::size_t size)
    : pool_(std::move(pool)), data_(data), size_(size) {}

Block::Block(Block&& other) noexcept
    : pool_(std::move(other.pool_)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

Block& Block::operator=(Block&& other) noexcept {
  std::swap(pool_, other.pool_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

Block::~Block() {
  if (data_ == nullptr) return;
  const std::lock_guard lock(pool_->mutex);
  try {
    pool_->free.emplace(size_, data_);
  } catch (const std::bad_alloc&) {
    release(pool_->kind, data_);
  }
}

MemoryPool::MemoryPool(MemoryKind kind, int device)
    : state_(std::make_shared<Block::State>(kind, device)) {}

Block MemoryPool::take(std::size_t bytes) {
  const std::size_t size = std::bit_ceil(bytes < kSmallestBlock ? kSmallestBlock : bytes);
  {
    const std::lock_guard lock(state_->mutex);
    if (const auto found = state_->free.find(size); found != state_->free.end()) {
      void* data = found->second;
      state_->free.erase(found);
      return {state_, data, size};
    }
  }
  check_cuda(cudaSetDevice(state_->device), "choosing the device");
  void* data = nullptr;
  if (allocate(state_->kind, size, &data) == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    trim();  // blocks of other sizes may be what is in the way
    const cudaError_t status = allocate(state_->kind, size, &data);
    check(status == cudaSuccess, ErrorCode::kEngine, "CUDA: ", size, " bytes of ",
          kind_name(state_->kind), " of gpu:", state_->device,
          " cannot be had: ", cudaGetErrorString(status), "; use smaller batches or pictures");
  }
  check(data != nullptr, ErrorCode::kEngine, "CUDA: allocating ", kind_name(state_->kind),
        " failed: ", cudaGetErrorString(cudaGetLastError()));
  return {state_, data, size};
}

void MemoryPool::trim() {
  const std::lock_guard lock(state_->mutex);
  state_->release_all();
}

std::size_t MemoryPool::kept_bytes() const {
  const std::lock_guard lock(state_->mutex);
  std::size_t bytes = 0;
  for (const auto& [size, data] : state_->free) bytes += size;
  return bytes;
}

}  // namespace hpinfer::cuda

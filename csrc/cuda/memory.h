// Device memory, pinned host memory and streams that are reused: no call allocates once its sizes
// have been seen.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace hpinfer::cuda {

enum class MemoryKind {
  kDevice,  // of the current GPU
  kPinned,  // of the host, page-locked: copies to and from it need no staging
};

// A block that goes back to its pool. Move-only.
class Block {
 public:
  Block() = default;
  Block(Block&& other) noexcept;
  Block& operator=(Block&& other) noexcept;
  ~Block();

  void* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }

 private:
  friend class MemoryPool;
  struct State;
  Block(std::shared_ptr<State> pool, void* data, std::size_t size);

  std::shared_ptr<State> pool_;
  void* data_ = nullptr;
  std::size_t size_ = 0;
};

// Thread-safe. Blocks of one device and kind, in sizes of powers of two; free ones are kept until
// `trim`.
class MemoryPool {
 public:
  MemoryPool(MemoryKind kind, int device);

  // A block of at least `bytes`, uninitialised. Throws Error(kEngine) when there is none left.
  Block take(std::size_t bytes);
  // Gives free blocks back to the system.
  void trim();
  // Bytes of free blocks that are kept.
  std::size_t kept_bytes() const;

 private:
  std::shared_ptr<Block::State> state_;
};

}  // namespace hpinfer::cuda

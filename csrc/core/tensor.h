// Dense, contiguous, row-major tensors.
#pragma once

#include <memory>
#include <span>

#include "core/device.h"
#include "core/dtype.h"
#include "core/shape.h"

namespace hpinfer {

// A non-owning look at tensor memory; cheap to copy. The memory must outlive the view.
struct TensorView {
  DType dtype = DType::kFloat32;
  Shape shape;
  void* data = nullptr;
  Device device;

  // Throws Error(kInvalidInput) for more bytes than can be counted.
  std::size_t num_bytes() const;

  // The elements as T. Throws Error(kInvalidType) when the dtype is another one.
  template <typename T>
  std::span<T> elements() const {
    check(dtype == dtype_of<std::remove_const_t<T>>::value, ErrorCode::kInvalidType,
          "tensor holds ", dtype_name(dtype), ", not ",
          dtype_name(dtype_of<std::remove_const_t<T>>::value));
    return {static_cast<T*>(data), shape.num_elements()};
  }
};

// A tensor that keeps its memory alive: its own allocation, or somebody else's memory through a
// shared owner (an engine's output, a NumPy array). Move-only; an empty tensor has no memory.
class Tensor {
 public:
  // How long the memory may be kept.
  enum class Lifetime {
    kFree,   // keep as long as wanted
    kLease,  // holds a pooled engine resource: read it, then let go (copy to keep)
  };

  Tensor() = default;
  Tensor(Tensor&&) noexcept = default;
  Tensor& operator=(Tensor&&) noexcept = default;
  Tensor(const Tensor&) = delete;
  Tensor& operator=(const Tensor&) = delete;

  // Uninitialised host memory, aligned to 64 bytes. Throws std::bad_alloc if there is none.
  static Tensor allocate(DType dtype, const Shape& shape);
  // Memory of another; `owner` (may be null) is released with the tensor.
  static Tensor borrow(const TensorView& view, std::shared_ptr<void> owner = nullptr,
                       Lifetime lifetime = Lifetime::kFree);

  bool empty() const noexcept { return !has_memory_; }
  const TensorView& view() const noexcept { return view_; }
  DType dtype() const noexcept { return view_.dtype; }
  const Shape& shape() const noexcept { return view_.shape; }
  void* data() const noexcept { return view_.data; }
  Lifetime lifetime() const noexcept { return lifetime_; }
  const std::shared_ptr<void>& owner() const noexcept { return owner_; }

  template <typename T>
  std::span<T> elements() const {
    return view_.elements<T>();
  }

  // A host copy with its own memory.
  Tensor clone() const;

 private:
  TensorView view_;
  std::shared_ptr<void> owner_;
  Lifetime lifetime_ = Lifetime::kFree;
  bool has_memory_ = false;
};

}  // namespace hpinfer

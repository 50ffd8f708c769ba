#include "core/tensor.h"

#include <cstring>
#include <new>

namespace hpinfer {
namespace {

// A cache line, and the widest vector register.
constexpr std::align_val_t kAlignment{64};

}  // namespace

std::size_t TensorView::num_bytes() const {
  std::size_t bytes = 0;
  check(!__builtin_mul_overflow(shape.num_elements(), dtype_size(dtype), &bytes),
        ErrorCode::kInvalidInput, "a tensor of shape ", shape.to_string(), " has too many bytes");
  return bytes;
}

Tensor Tensor::allocate(DType dtype, const Shape& shape) {
  TensorView view{dtype, shape, nullptr, Device{}};
  view.data = ::operator new(std::max<std::size_t>(view.num_bytes(), 1), kAlignment);
  const auto free = [](void* data) { ::operator delete(data, kAlignment); };
  return borrow(view, std::shared_ptr<void>(view.data, free));
}

Tensor Tensor::borrow(const TensorView& view, std::shared_ptr<void> owner, Lifetime lifetime) {
  Tensor tensor;
  tensor.view_ = view;
  tensor.owner_ = std::move(owner);
  tensor.lifetime_ = lifetime;
  tensor.has_memory_ = true;
  return tensor;
}

Tensor Tensor::clone() const {
  check(view_.device.type == DeviceType::kCpu, ErrorCode::kUnsupported,
        "only host tensors can be cloned; this one is on ", to_string(view_.device));
  Tensor copy = allocate(view_.dtype, view_.shape);
  std::memcpy(copy.data(), view_.data, view_.num_bytes());
  return copy;
}

}  // namespace hpinfer

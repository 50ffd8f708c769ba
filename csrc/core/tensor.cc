#include "core/tensor.h"

#include <cstdlib>
#include <cstring>
#include <new>

namespace hpinfer {
namespace {

constexpr std::size_t kAlignment = 64;  // a cache line, and the widest vector register

}  // namespace

Tensor Tensor::allocate(DType dtype, const Shape& shape) {
  TensorView view{dtype, shape, nullptr, Device{}};
  const std::size_t bytes = std::max<std::size_t>(view.num_bytes(), 1);
  const std::size_t rounded = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  view.data = std::aligned_alloc(kAlignment, rounded);
  if (view.data == nullptr) throw std::bad_alloc();
  return borrow(view, std::shared_ptr<void>(view.data, std::free));
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

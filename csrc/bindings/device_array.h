// A result that stays on the GPU, for other libraries to read in place.
#pragma once

#include <pybind11/pybind11.h>

#include "core/tensor.h"

namespace hpinfer::bindings {

// Keeps the tensor's memory, a pooled engine resource, for as long as it lives.
class DeviceArray {
 public:
  explicit DeviceArray(Tensor tensor) : tensor_(std::move(tensor)) {}
  const TensorView& view() const noexcept { return tensor_.view(); }

 private:
  Tensor tensor_;
};

void register_device_array(pybind11::module_& m);

}  // namespace hpinfer::bindings

// Memory of a GPU to and from Python: our results that stay there, and inputs of other libraries.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <optional>
#include <string>

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

// Memory of a GPU that an object shows through __cuda_array_interface__.
struct DeviceView {
  TensorView view;
  bool read_only = false;
  std::optional<std::uintptr_t> stream;  // its work must be done before the memory is read
};

// Nothing for an object without the interface. `what` names it in errors; `device` is taken where
// the object does not tell its own (__dlpack_device__). Throws Error: kInvalidInput for memory that
// is not C-contiguous or is masked, kInvalidType for a dtype that hpinfer does not have.
std::optional<DeviceView> device_view(const pybind11::handle& object, const std::string& what,
                                      Device device);

void register_device_array(pybind11::module_& m);

}  // namespace hpinfer::bindings

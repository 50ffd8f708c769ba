// Memory of a GPU for libraries that speak DLPack.
#pragma once

#include <pybind11/pybind11.h>

#include <memory>

#include "core/tensor.h"

namespace hpinfer::bindings {

// CUDA in DLPack's list of devices.
inline constexpr int kDlpackCuda = 2;

// A capsule "dltensor" over dense memory of a GPU. It, and then whoever consumes it, keeps `owner`,
// which is released on any thread, with or without the GIL.
pybind11::capsule dlpack_capsule(const TensorView& view, std::shared_ptr<const void> owner);

}  // namespace hpinfer::bindings

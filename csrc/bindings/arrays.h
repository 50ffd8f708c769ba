// NumPy arrays to and from native views, without copies.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include "core/image.h"
#include "core/tensor.h"

namespace hpinfer::bindings {

// NumPy's dtype for ours.
pybind11::dtype numpy_dtype(DType dtype);

// Ours for NumPy's; throws Error(kInvalidType) naming `what` for one that hpinfer does not support.
DType native_dtype(const pybind11::dtype& dtype, const std::string& what);

// A view of a C-contiguous array in native byte order; `what` names it in errors.
TensorView tensor_view(const pybind11::array& array, const std::string& what);

// An array that shares the tensor's memory and keeps it alive; a leased tensor is copied, so that
// results that Python keeps do not hold engine resources. Always writable.
pybind11::array to_numpy(Tensor&& tensor);

// A uint8 array [H, W, C] that owns the picture.
pybind11::array image_array(Image&& image);

// A view of a uint8 picture [H, W, 3] whose pixels are packed; rows may be strided.
ImageView image_view(const pybind11::array& array, ColorOrder order = ColorOrder::kBgr);

}  // namespace hpinfer::bindings

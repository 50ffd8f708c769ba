#include "bindings/device_array.h"

#include <pybind11/stl.h>

#include <memory>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/dlpack.h"
#include "core/gpu_transfer.h"

namespace py = pybind11;

namespace hpinfer::bindings {
namespace {

py::tuple shape_of(const DeviceArray& array) {
  const Shape& shape = array.view().shape;
  py::tuple dims(shape.rank());
  for (std::size_t i = 0; i < shape.rank(); ++i) dims[i] = shape[i];
  return dims;
}

// The protocol of Numba, CuPy and PyTorch, version 3. The work is done when run() returns, so there
// is no stream to wait for.
py::dict array_interface(const DeviceArray& array) {
  py::dict description;
  description["shape"] = shape_of(array);
  description["typestr"] = numpy_dtype(array.view().dtype).attr("str");
  description["data"] =
      py::make_tuple(reinterpret_cast<std::uintptr_t>(array.view().data), /*read_only=*/false);
  description["version"] = 3;
  description["strides"] = py::none();
  description["stream"] = py::none();
  return description;
}

// A copy on the host.
py::array to_host(const DeviceArray& array) {
  const TensorView& view = array.view();
  const std::vector<py::ssize_t> shape(view.shape.begin(), view.shape.end());
  py::array host(numpy_dtype(view.dtype), shape);
  void* const target = host.mutable_data();
  const py::gil_scoped_release unlocked;
  copy_to_host(view, target);
  return host;
}

// NumPy's protocol, which calls it for np.asarray(array). There is nothing without a copy.
py::array as_array(const DeviceArray& array, const std::optional<py::dtype>& dtype,
                   std::optional<bool> copy) {
  check(copy.value_or(true), ErrorCode::kInvalidInput,
        "an array on a GPU cannot become a NumPy array without a copy");
  py::array host = to_host(array);
  if (!dtype) return host;
  return host.attr("astype")(*dtype, py::arg("copy") = false);
}

// DLPack's protocol. The work is done when run() returns, so no `stream` has to wait, and the
// layout without a version is one that every `max_version` allows.
py::capsule as_dlpack(const std::shared_ptr<DeviceArray>& array, const py::object& /*stream*/,
                      const py::object& /*max_version*/,
                      const std::optional<std::pair<int, int>>& device, std::optional<bool> copy) {
  const TensorView& view = array->view();
  if (device && *device != std::pair(kDlpackCuda, view.device.index))
    throw py::buffer_error("an array on " + to_string(view.device) +
                           " is shared there only: use numpy() for a copy on the host");
  if (copy.value_or(false))
    throw py::buffer_error("__dlpack__ shares memory: copy what it gives, or use numpy()");
  return dlpack_capsule(view, array);
}

Device device_of(const py::handle& object, Device device) {
  if (!py::hasattr(object, "__dlpack_device__")) return device;
  const auto place = object.attr("__dlpack_device__")().cast<std::pair<int, int>>();
  return place.first == kDlpackCuda ? Device{DeviceType::kGpu, place.second} : device;
}

// The interface's strides are None for C order; libraries may also spell that order out.
bool is_contiguous(const py::dict& description, const Shape& shape, std::size_t item) {
  if (!description.contains("strides") || description["strides"].is_none()) return true;
  const auto strides = description["strides"].cast<std::vector<std::int64_t>>();
  auto expected = static_cast<std::int64_t>(item);
  for (std::size_t i = shape.rank(); i-- > 0;) {
    if (shape[i] > 1 && strides[i] != expected) return false;
    expected *= shape[i];
  }
  return true;
}

}  // namespace

std::optional<DeviceView> device_view(const py::handle& object, const std::string& what,
                                      Device device) {
  if (py::isinstance<DeviceArray>(object))
    return DeviceView{object.cast<const DeviceArray&>().view(), false, std::nullopt};
  if (!py::hasattr(object, "__cuda_array_interface__")) return std::nullopt;
  const auto description = object.attr("__cuda_array_interface__").cast<py::dict>();
  const auto dims = description["shape"].cast<std::vector<std::int64_t>>();
  check(dims.size() <= Shape::kMaxRank, ErrorCode::kInvalidInput, what, " has ", dims.size(),
        " dimensions; at most ", Shape::kMaxRank, " are supported");
  const auto dtype = py::dtype::from_args(description["typestr"]);
  const auto [address, read_only] = description["data"].cast<std::pair<std::uintptr_t, bool>>();
  DeviceView found{{native_dtype(dtype, what), Shape(dims), reinterpret_cast<void*>(address),
                    device_of(object, device)},
                   read_only,
                   std::nullopt};
  check(is_contiguous(description, found.view.shape, dtype_size(found.view.dtype)),
        ErrorCode::kInvalidInput, what, " must be C-contiguous on the GPU too");
  check(!description.contains("mask") || description["mask"].is_none(), ErrorCode::kInvalidInput,
        what, " has a mask, which a network's input cannot have");
  if (description.contains("stream") && !description["stream"].is_none())
    found.stream = description["stream"].cast<std::uintptr_t>();
  return found;
}

void register_device_array(py::module_& m) {
  py::class_<DeviceArray, std::shared_ptr<DeviceArray>>(m, "DeviceArray")
      .def_property_readonly("shape", &shape_of)
      .def_property_readonly(
          "dtype",
          [](const DeviceArray& self) { return std::string(dtype_name(self.view().dtype)); })
      .def_property_readonly("device",
                             [](const DeviceArray& self) { return to_string(self.view().device); })
      .def_property_readonly("__cuda_array_interface__", &array_interface)
      .def("__dlpack__", &as_dlpack, py::kw_only(), py::arg("stream") = py::none(),
           py::arg("max_version") = py::none(), py::arg("dl_device") = py::none(),
           py::arg("copy") = py::none(), "A DLPack capsule that shares the memory and keeps it.")
      .def("__dlpack_device__",
           [](const DeviceArray& self) {
             return py::make_tuple(kDlpackCuda, self.view().device.index);
           })
      .def("numpy", &to_host, "A copy on the host.")
      .def("__array__", &as_array, py::arg("dtype") = py::none(), py::arg("copy") = py::none());
}

}  // namespace hpinfer::bindings

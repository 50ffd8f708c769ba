#include "bindings/device_array.h"

#include <memory>

#include "bindings/arrays.h"

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

}  // namespace

void register_device_array(py::module_& m) {
  py::class_<DeviceArray, std::shared_ptr<DeviceArray>>(m, "DeviceArray")
      .def_property_readonly("shape", &shape_of)
      .def_property_readonly(
          "dtype",
          [](const DeviceArray& self) { return std::string(dtype_name(self.view().dtype)); })
      .def_property_readonly("device",
                             [](const DeviceArray& self) { return to_string(self.view().device); })
      .def_property_readonly("__cuda_array_interface__", &array_interface);
}

}  // namespace hpinfer::bindings

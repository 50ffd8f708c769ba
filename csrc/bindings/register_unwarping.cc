#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "bindings/arrays.h"
#include "bindings/native_call.h"
#include "models/image_unwarper.h"

namespace py = pybind11;

namespace hpinfer::bindings {
namespace {

using models::ImageUnwarper;
using py::literals::operator""_a;

std::vector<py::array> unwarp(const ImageUnwarper& self, const std::vector<py::array>& images) {
  std::vector<ImageView> views;
  for (const py::array& image : images) views.push_back(image_view(image));
  std::vector<Image> flat;
  {
    const NativeCall call;
    flat = self.unwarp(views);
  }
  std::vector<py::array> arrays;
  for (Image& image : flat) arrays.push_back(image_array(std::move(image)));
  return arrays;
}

}  // namespace

void register_unwarping(py::module_& m) {
  py::class_<ImageUnwarper>(m, "ImageUnwarper", py::release_gil_before_calling_cpp_dtor())
      .def(py::init([](std::shared_ptr<Session> session) {
             return std::make_unique<ImageUnwarper>(std::move(session));
           }),
           "session"_a)
      .def("unwarp", &unwarp, "images"_a, "The flattened picture, BGR, of each BGR image.");
}

}  // namespace hpinfer::bindings

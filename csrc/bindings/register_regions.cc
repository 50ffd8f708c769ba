#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include "bindings/arrays.h"
#include "models/region_crop.h"

namespace py = pybind11;

namespace hpinfer::bindings {
namespace {

using py::literals::operator""_a;

py::array crop_polygon(const py::array& image, const py::array& region) {
  const ImageView view = image_view(image);
  const TensorView points = tensor_view(region, "the region");
  check(points.shape.rank() == 2 && points.shape[1] == 2 && points.shape[0] > 0,
        ErrorCode::kInvalidInput, "the region must have shape [n, 2]; got ",
        points.shape.to_string());
  const auto values = points.elements<const std::int32_t>();
  postprocess::Polygon polygon;
  for (std::size_t i = 0; i < values.size(); i += 2) polygon.push_back({values[i], values[i + 1]});
  Image crop;
  {
    const py::gil_scoped_release unlocked;
    crop = models::crop_polygon(view, polygon);
  }
  return image_array(std::move(crop));
}

}  // namespace

void register_regions(py::module_& m) {
  m.def("crop_polygon", &crop_polygon, "image"_a, "region"_a,
        "A text polygon int32 [n, 2] of a uint8 picture [H, W, 3], straightened.");
}

}  // namespace hpinfer::bindings

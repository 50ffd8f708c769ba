#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "bindings/arrays.h"
#include "bindings/transform_operators.h"
#include "vision/plan.h"
#include "vision/rotate.h"
#include "vision/warp.h"

namespace py = pybind11;

namespace hpinfer::bindings {
namespace {

using vision::Placement;
using vision::TransformPlan;

// Runs make() without the GIL; a uint8 array [H, W, C] that owns the picture it returns.
template <typename Make>
py::array make_image(const Make& make) {
  Image image;
  {
    const py::gil_scoped_release unlocked;
    image = make();
  }
  return image_array(std::move(image));
}

py::array resize_image(const py::array& image, int width, int height,
                       const std::string& interpolation) {
  const ImageView view = image_view(image);
  const vision::Interpolation kind = vision::interpolation_from_name(interpolation);
  return make_image([&] { return vision::resize(view, height, width, &thread_pool(), kind); });
}

py::array crop_quad(const py::array& image, const py::array& corners) {
  const ImageView view = image_view(image);
  const TensorView points = tensor_view(corners, "the corners");
  check(points.shape == Shape({4, 2}), ErrorCode::kInvalidInput,
        "the corners must have shape [4, 2]; got ", points.shape.to_string());
  const auto values = points.elements<const float>();
  vision::Quad quad;
  for (std::size_t i = 0; i < quad.size(); ++i) quad[i] = {values[2 * i], values[2 * i + 1]};
  return make_image([&] { return vision::crop_quad(view, quad); });
}

TransformPlan compile_plan(const std::vector<py::dict>& operators) {
  std::vector<vision::Operator> compiled;
  for (const py::dict& op : operators) compiled.push_back(transform_operator(op));
  return TransformPlan::compile(compiled);
}

ColorOrder color_order(const std::string& name) {
  if (name == "bgr") return ColorOrder::kBgr;
  check(name == "rgb", ErrorCode::kInvalidInput, "order must be bgr or rgb; got '", name, "'");
  return ColorOrder::kRgb;
}

// The caller's array as a tensor, or a new one of this shape.
Tensor target_tensor(const std::optional<py::array>& out, const Shape& shape) {
  if (!out) return Tensor::allocate(DType::kFloat32, shape);
  check(out->writeable(), ErrorCode::kInvalidInput, "out is read-only");
  const TensorView view = tensor_view(*out, "out");
  check(view.shape == shape, ErrorCode::kInvalidInput, "out must have shape ", shape.to_string(),
        "; got ", view.shape.to_string());
  return Tensor::borrow(view);
}

py::array run_plan(const TransformPlan& plan, const py::array& image,
                   const std::optional<Placement>& given, const std::string& order,
                   const std::optional<py::array>& out) {
  const ImageView view = image_view(image, color_order(order));
  const Placement placement = given ? *given : plan.place(view.height, view.width);
  Tensor tensor = target_tensor(out, {1, 3, placement.out_height, placement.out_width});
  float* base = tensor.elements<float>().data();
  {
    const py::gil_scoped_release unlocked;
    const std::ptrdiff_t row = placement.out_width;
    plan.run(view, placement, {base, row * placement.out_height, row}, &thread_pool());
  }
  return out ? *out : to_numpy(std::move(tensor));
}

void register_plan(py::module_& m) {
  py::class_<Placement>(m, "Placement", "Geometry of one picture in a plan, in pixels.")
      .def_readonly("source_height", &Placement::source_height)
      .def_readonly("source_width", &Placement::source_width)
      .def_readonly("padded_height", &Placement::padded_height)
      .def_readonly("padded_width", &Placement::padded_width)
      .def_readonly("scaled_height", &Placement::scaled_height)
      .def_readonly("scaled_width", &Placement::scaled_width)
      .def_readonly("crop_x", &Placement::crop_x)
      .def_readonly("crop_y", &Placement::crop_y)
      .def_readonly("resized_height", &Placement::resized_height)
      .def_readonly("resized_width", &Placement::resized_width)
      .def_readwrite("out_height", &Placement::out_height)
      .def_readwrite("out_width", &Placement::out_width);
  py::class_<TransformPlan>(m, "TransformPlan",
                            "Pre-processing compiled from operator dicts to one fused pass.")
      .def(py::init(&compile_plan), py::arg("operators"))
      .def("place", &TransformPlan::place, py::arg("height"), py::arg("width"))
      .def("explain", &TransformPlan::explain)
      .def("__call__", &run_plan, py::arg("image"), py::arg("placement") = py::none(),
           py::arg("order") = "bgr", py::arg("out") = py::none(),
           "float32 [1, 3, H, W] of a uint8 picture [h, w, 3] in the given colour order; written "
           "to `out` when it is given.");
}

}  // namespace

void register_vision(py::module_& m) {
  m.def("resize", &resize_image, py::arg("image"), py::arg("width"), py::arg("height"),
        py::arg("interpolation") = "linear",
        "The uint8 picture [H, W, 3] resized: linear and nearest as cv2.resize, pil_bilinear and "
        "pil_bicubic as Pillow, bit for bit; cubic as cv2.resize but for single levels at ties.");
  m.def("crop_quad", &crop_quad, py::arg("image"), py::arg("corners"),
        "The quadrilateral float32 [4, 2] (from the top left, clockwise) of a uint8 picture "
        "[H, W, 3] as an upright picture; tall ones are turned.");
  m.def(
      "rotate_image",
      [](const py::array& image, int angle) {
        const ImageView view = image_view(image);
        return make_image([&] { return vision::rotate_image(view, angle); });
      },
      py::arg("image"), py::arg("angle"),
      "Turned by 0, 90, 180 or 270 degrees counter-clockwise as PaddleX does, with its one black "
      "row or column.");
  m.def(
      "rot90",
      [](const py::array& image, int quarters) {
        const ImageView view = image_view(image);
        return make_image([&] { return vision::rot90(view, quarters); });
      },
      py::arg("image"), py::arg("quarters"),
      "Turned counter-clockwise by this many times 90 degrees.");
  register_plan(m);
}

}  // namespace hpinfer::bindings

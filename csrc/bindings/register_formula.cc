#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "bindings/arrays.h"
#include "bindings/native_call.h"
#include "models/formula_recognizer.h"

namespace py = pybind11;

namespace hpinfer::bindings {
namespace {

using models::FormulaRecognizer;
using py::literals::operator""_a;
using Side = std::pair<int, int>;

void check_sides(const Side& size) {
  constexpr int kMost = 1 << 14;
  check(size.first > 0 && size.second > 0 && size.first <= kMost && size.second <= kMost,
        ErrorCode::kConfig, "a formula picture has sides of 1 to ", kMost, " pixels; got ",
        size.first, "x", size.second);
}

void register_plan(py::module_& m) {
  py::class_<vision::FormulaPlan>(m, "FormulaPlan")
      .def_static(
          "latex_ocr",
          [](Side least, Side most, int multiple, float mean, float std) {
            check_sides(least);
            check_sides(most);
            check(std != 0.0F, ErrorCode::kConfig, "the std of a formula model must not be 0");
            return vision::FormulaPlan{
                vision::LatexOcrPicture{{least.first, least.second}, {most.first, most.second}},
                multiple, mean, std};
          },
          "least"_a, "most"_a, "multiple"_a, "mean"_a, "std"_a)
      .def_static(
          "unimernet",
          [](Side size, int multiple) {
            check_sides(size);
            vision::FormulaPlan plan;
            plan.picture = vision::UniMerNetPicture{{size.first, size.second}};
            plan.multiple = multiple;
            return plan;
          },
          "size"_a, "multiple"_a)
      .def(
          "tensor",
          [](const vision::FormulaPlan& self, const py::array& image) {
            const Image picture = vision::formula_picture(image_view(image), self);
            const vision::PixelSize size = vision::formula_tensor_size(picture, self);
            py::array_t<float> tensor({1, 1, size.height, size.width});
            vision::write_formula_tensor(picture, self, tensor.mutable_data());
            return tensor;
          },
          "image"_a, "The network's input float32 [1, 1, H, W] for a BGR image.");
}

std::vector<models::Tokens> recognize(const FormulaRecognizer& self,
                                      const std::vector<py::array>& images, int batch_size) {
  std::vector<ImageView> views;
  for (const py::array& image : images) views.push_back(image_view(image));
  const NativeCall call;
  return self.recognize(views, batch_size);
}

}  // namespace

void register_formula(py::module_& m) {
  register_plan(m);
  py::class_<FormulaRecognizer>(m, "FormulaRecognizer", py::release_gil_before_calling_cpp_dtor())
      .def(py::init([](std::shared_ptr<Session> session, const vision::FormulaPlan& plan) {
             return std::make_unique<FormulaRecognizer>(std::move(session), plan);
           }),
           "session"_a, "plan"_a)
      .def("recognize", &recognize, "images"_a, "batch_size"_a,
           "Token numbers of each BGR image, in order.");
}

}  // namespace hpinfer::bindings

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>

#include "bindings/arrays.h"
#include "bindings/native_call.h"
#include "bindings/transform_operators.h"
#include "models/object_detector.h"
#include "models/segmenter.h"

namespace py = pybind11;

namespace hpinfer::bindings {
namespace {

using py::literals::operator""_a;
namespace post = hpinfer::postprocess;
using models::DetectedObjects;
using models::ObjectDetector;
using models::Segmenter;
using Operators = std::vector<py::dict>;

std::vector<vision::Operator> compile(const Operators& operators) {
  std::vector<vision::Operator> compiled;
  for (const py::dict& op : operators) compiled.push_back(transform_operator(op));
  return compiled;
}

std::vector<ImageView> views_of(const std::vector<py::array>& images) {
  std::vector<ImageView> views;
  for (const py::array& image : images) views.push_back(image_view(image));
  return views;
}

template <typename T, typename Get>
py::array_t<T> column(const DetectedObjects& self, const Get& get) {
  py::array_t<T> array(static_cast<py::ssize_t>(self.objects.size()));
  std::transform(self.objects.begin(), self.objects.end(), array.mutable_data(), get);
  return array;
}

// float32 [n, 4], or [n, 8] for rotated boxes
py::array_t<float> coordinates(const DetectedObjects& self) {
  const std::size_t width = !self.objects.empty() && self.objects[0].rotated ? 8 : 4;
  py::array_t<float> array(
      {static_cast<py::ssize_t>(self.objects.size()), static_cast<py::ssize_t>(width)});
  float* out = array.mutable_data();
  for (const post::Detection& object : self.objects)
    out = std::copy_n(object.coordinates.begin(), width, out);
  return array;
}

// uint8 [h, w] each: views that keep the objects alive, no copies
std::vector<py::array_t<std::uint8_t>> masks(const py::object& self) {
  std::vector<py::array_t<std::uint8_t>> arrays;
  for (const post::Mask& mask : self.cast<const DetectedObjects&>().masks)
    arrays.emplace_back(std::vector<py::ssize_t>{mask.height, mask.width}, mask.cells.data(), self);
  return arrays;
}

DetectedObjects refine(const py::array& rows, std::pair<int, int> size,
                       const post::DetectionOptions& options) {
  const TensorView view = tensor_view(rows, "the rows");
  check(view.shape.rank() == 2, ErrorCode::kInvalidInput, "the rows must be [M,columns]; got ",
        view.shape.to_string());
  const post::DetectionRows given{view.elements<const float>().data(),
                                  static_cast<std::size_t>(view.shape[0]),
                                  static_cast<std::size_t>(view.shape[1])};
  const py::gil_scoped_release unlocked;
  return {post::refine_detections(given, options, {size.first, size.second}), {}};
}

py::array decode_gfl(const std::vector<py::array>& scores, const std::vector<py::array>& distances,
                     std::pair<int, int> input_size, std::pair<float, float> scale,
                     const post::GflOptions& options) {
  check(!scores.empty() && scores.size() == distances.size(), ErrorCode::kInvalidInput,
        "decode_gfl takes as many scores as distances, at least one");
  std::vector<post::GflLevel> levels;
  std::size_t classes = 0;
  std::size_t sides = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const TensorView score = tensor_view(scores[i], "scores");
    const TensorView distance = tensor_view(distances[i], "distances");
    check(score.shape.rank() == 2 && distance.shape.rank() == 2 &&
              score.shape[0] == distance.shape[0] && distance.shape[1] % 4 == 0,
          ErrorCode::kInvalidInput, "a level is [cells,classes] and [cells,4*bins]; got ",
          score.shape.to_string(), " and ", distance.shape.to_string());
    check(i == 0 || (classes == static_cast<std::size_t>(score.shape[1]) &&
                     sides == static_cast<std::size_t>(distance.shape[1])),
          ErrorCode::kInvalidInput, "all levels must have the same classes and bins");
    classes = static_cast<std::size_t>(score.shape[1]);
    sides = static_cast<std::size_t>(distance.shape[1]);
    levels.push_back({score.elements<const float>().data(), distance.elements<const float>().data(),
                      static_cast<std::size_t>(score.shape[0])});
  }
  std::vector<float> rows;
  {
    const py::gil_scoped_release unlocked;
    rows =
        post::decode_gfl(levels, classes, sides / 4,
                         {input_size.second, input_size.first, scale.second, scale.first}, options);
  }
  py::array_t<float> array({static_cast<py::ssize_t>(rows.size() / 6), py::ssize_t{6}});
  std::copy(rows.begin(), rows.end(), array.mutable_data());
  return array;
}

std::vector<DetectedObjects> detect(const ObjectDetector& self,
                                    const std::vector<py::array>& images, int batch_size,
                                    const post::DetectionOptions& options) {
  const std::vector<ImageView> views = views_of(images);
  const NativeCall call;
  return self.detect(views, batch_size, options);
}

std::vector<py::array> segment(const Segmenter& self, const std::vector<py::array>& images,
                               int batch_size, const std::optional<py::dict>& resize) {
  const std::vector<ImageView> views = views_of(images);
  std::optional<vision::Operator> op;
  if (resize) op = transform_operator(*resize);
  std::vector<Tensor> labels;
  {
    const NativeCall call;
    labels = self.segment(views, batch_size, op);
  }
  std::vector<py::array> arrays;
  for (Tensor& tensor : labels) arrays.push_back(to_numpy(std::move(tensor)));
  return arrays;
}

using Ratio = std::pair<float, float>;

post::DetectionOptions make_options(float threshold,
                                    const std::optional<std::map<int, float>>& class_thresholds,
                                    bool layout_nms, std::optional<int> image_class,
                                    std::optional<int> formula_class, post::MergeMode merge,
                                    const std::vector<std::pair<int, post::MergeMode>>& class_merge,
                                    const std::optional<Ratio>& unclip,
                                    const std::map<int, Ratio>& class_unclip) {
  post::DetectionOptions options;
  options.threshold = {threshold, class_thresholds};
  post::LayoutOptions& layout = options.layout;
  layout.nms = layout_nms;
  layout.image_class = image_class;
  layout.formula_class = formula_class;
  layout.merge = merge;
  layout.merge_by_class = class_merge;
  if (unclip) layout.unclip = post::UnclipRatio{unclip->first, unclip->second};
  for (const auto& [id, ratio] : class_unclip)
    layout.unclip_by_class[id] = {ratio.first, ratio.second};
  return options;
}

void register_options(py::module_& m) {
  py::enum_<post::MergeMode>(m, "MergeMode")
      .value("union", post::MergeMode::kUnion)
      .value("large", post::MergeMode::kLarge)
      .value("small", post::MergeMode::kSmall);
  py::class_<post::DetectionOptions>(m, "DetectionOptions",
                                     "How a detector's rows become results; ratios are (w, h).")
      .def(py::init(&make_options), py::kw_only(), "threshold"_a = 0.5F,
           "class_thresholds"_a = py::none(), "layout_nms"_a = false, "image_class"_a = py::none(),
           "formula_class"_a = py::none(), "merge"_a = post::MergeMode::kUnion,
           "class_merge"_a = std::vector<std::pair<int, post::MergeMode>>{},
           "unclip"_a = py::none(), "class_unclip"_a = std::map<int, Ratio>{});
  py::class_<post::GflOptions>(m, "GflOptions")
      .def(py::init([](std::vector<int> strides, float score_threshold, float nms_threshold,
                       int nms_top_k, int keep_top_k) {
             check(std::all_of(strides.begin(), strides.end(), [](int s) { return s > 0; }),
                   ErrorCode::kConfig, "the strides of raw heads must be positive");
             return post::GflOptions{std::move(strides), score_threshold, nms_threshold, nms_top_k,
                                     keep_top_k};
           }),
           py::kw_only(), "strides"_a, "score_threshold"_a, "nms_threshold"_a, "nms_top_k"_a,
           "keep_top_k"_a);
}

}  // namespace

void register_detection(py::module_& m) {
  register_options(m);
  py::class_<DetectedObjects>(m, "DetectedObjects", "The objects of one picture.")
      .def_property_readonly("class_ids",
                             [](const DetectedObjects& self) {
                               return column<std::int32_t>(
                                   self, [](const auto& object) { return object.class_id; });
                             })
      .def_property_readonly("scores",
                             [](const DetectedObjects& self) {
                               return column<float>(
                                   self, [](const auto& object) { return object.score; });
                             })
      .def_property_readonly("coordinates", &coordinates)
      .def_property_readonly("masks", &masks);
  m.def("refine_detections", &refine, "rows"_a, "size"_a, "options"_a,
        "The objects of float32 rows [M, 6..10] of one picture of (width, height).");
  m.def("decode_gfl", &decode_gfl, "scores"_a, "distances"_a, "input_size"_a, "scale"_a,
        "options"_a,
        "Rows [M, 6] of raw heads: levels [cells, classes] and [cells, 4 * bins]; sizes and "
        "scales are (x, y).");
  py::class_<ObjectDetector, std::shared_ptr<ObjectDetector>>(
      m, "ObjectDetector", py::release_gil_before_calling_cpp_dtor())
      .def(py::init([](std::shared_ptr<Session> session, const Operators& operators,
                       const std::optional<post::GflOptions>& raw_heads, bool masks) {
             return std::make_shared<ObjectDetector>(std::move(session), compile(operators),
                                                     models::DetectorHeads{raw_heads, masks});
           }),
           "session"_a, "operators"_a, "raw_heads"_a = py::none(), "masks"_a = false)
      .def("detect", &detect, "images"_a, "batch_size"_a, "options"_a,
           "Objects of each BGR image, in order.");
  py::class_<Segmenter, std::shared_ptr<Segmenter>>(m, "Segmenter",
                                                    py::release_gil_before_calling_cpp_dtor())
      .def(py::init([](std::shared_ptr<Session> session, const Operators& operators) {
             return std::make_shared<Segmenter>(std::move(session), compile(operators));
           }),
           "session"_a, "operators"_a)
      .def("segment", &segment, "images"_a, "batch_size"_a, "resize"_a = py::none(),
           "Labels int32 [1, H, W] of each BGR image, in order; `resize` is an operator dict.");
}

}  // namespace hpinfer::bindings

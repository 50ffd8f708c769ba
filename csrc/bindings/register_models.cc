#include <utility>

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "bindings/arrays.h"
#include "bindings/native_call.h"
#include "bindings/transform_operators.h"
#include "models/text_reader.h"

namespace py = pybind11;

namespace hpinfer::bindings {
namespace {

using models::ImageClassifier;
using models::ReadPage;
using models::TextDetector;
using models::TextReader;
using models::TextRecognizer;

py::array_t<std::int32_t> polygon_array(const postprocess::Polygon& polygon) {
  py::array_t<std::int32_t> array({static_cast<py::ssize_t>(polygon.size()), py::ssize_t{2}});
  auto values = array.mutable_unchecked<2>();
  for (std::size_t i = 0; i < polygon.size(); ++i) {
    values(static_cast<py::ssize_t>(i), 0) = polygon[i].x;
    values(static_cast<py::ssize_t>(i), 1) = polygon[i].y;
  }
  return array;
}

using Operators = std::vector<py::dict>;

std::vector<vision::Operator> compile(const Operators& operators) {
  std::vector<vision::Operator> compiled;
  for (const py::dict& op : operators) compiled.push_back(transform_operator(op));
  return compiled;
}

// int32 [words, 4, 2]
py::array_t<std::int32_t> word_polygons(const models::ReadLine& line) {
  const auto count = static_cast<py::ssize_t>(line.words.boxes.size());
  py::array_t<std::int32_t> array({count, py::ssize_t{4}, py::ssize_t{2}});
  std::int32_t* value = array.mutable_data();
  for (const postprocess::WordBox& box : line.words.boxes)
    for (const postprocess::Point2i& point : box) {
      *value++ = point.x;
      *value++ = point.y;
    }
  return array;
}

std::vector<ImageView> image_views(const std::vector<py::array>& images) {
  std::vector<ImageView> views;
  views.reserve(images.size());
  for (const py::array& image : images) views.push_back(image_view(image));
  return views;
}

// Pairs of polygon and score.
py::list detect(const TextDetector& self, const py::array& image,
                const models::TextDetectionParams& params) {
  const ImageView view = image_view(image);
  std::vector<postprocess::TextRegion> regions;
  {
    const NativeCall call;
    regions = self.detect(view, params);
  }
  py::list result;
  for (const auto& region : regions)
    result.append(py::make_tuple(polygon_array(region.polygon), region.score));
  return result;
}

std::vector<models::TextLine> recognize(const TextRecognizer& self,
                                        const std::vector<py::array>& images,
                                        const models::RecognitionOptions& options) {
  const std::vector<ImageView> views = image_views(images);
  const NativeCall call;
  return self.recognize(views, options);
}

// The best classes of each picture, best first, and their scores.
using BestClasses = std::pair<std::vector<int>, std::vector<float>>;

std::vector<BestClasses> classify(const ImageClassifier& self, const std::vector<py::array>& images,
                                  int batch_size, int topk) {
  const std::vector<ImageView> views = image_views(images);
  const NativeCall call;
  std::vector<BestClasses> best;
  for (const std::vector<float>& scores : self.classify(views, batch_size)) {
    BestClasses row{models::top_classes(scores, topk), {}};
    for (const int index : row.first) row.second.push_back(scores[static_cast<std::size_t>(index)]);
    best.push_back(std::move(row));
  }
  return best;
}

ReadPage read(const TextReader& self, const py::array& page,
              const models::TextReaderParams& params) {
  const ImageView view = image_view(page);
  const NativeCall call;
  return self.read(view, params);
}

// Seconds of each stage, and under "<stage>.network" of the networks in it.
py::dict stage_seconds(const ReadPage& page) {
  py::dict seconds;
  const auto add = [&](const std::string& name, const models::StageSeconds& stage) {
    seconds[py::str(name)] = stage.wall;
    if (stage.network > 0) seconds[py::str(name + ".network")] = stage.network;
  };
  add("detection", page.seconds.detection);
  add("crops", page.seconds.crops);
  add("orientation", page.seconds.orientation);
  add("recognition", page.seconds.recognition);
  return seconds;
}

void register_params(py::module_& m) {
  py::class_<models::TextDetectionParams>(m, "TextDetectionParams")
      .def(py::init([](const py::dict& resize, const postprocess::DbOptions& db) {
             return models::TextDetectionParams{
                 std::get<vision::DetResize>(transform_operator(resize)), db};
           }),
           py::arg("resize"), py::arg("db"));
  py::class_<vision::LineColumns>(m, "LineColumns")
      .def(py::init<>(), "The default rule.")
      .def(py::init([](int floor, int margin, int until, int step) {
             const vision::LineColumns rule{floor, margin, until, step};
             vision::check_line_columns(rule);
             return rule;
           }),
           py::arg("floor"), py::arg("margin"), py::arg("until"), py::arg("step"))
      .def_readonly("floor", &vision::LineColumns::floor)
      .def_readonly("margin", &vision::LineColumns::margin)
      .def_readonly("until", &vision::LineColumns::until)
      .def_readonly("step", &vision::LineColumns::step)
      .def(
          "tensor_columns",
          [](const vision::LineColumns& self, int line_columns) {
            return vision::tensor_columns(line_columns, self);
          },
          py::arg("line_columns"), "Columns of the input for a line of so many columns.");
  py::class_<models::RecognitionOptions>(m, "RecognitionOptions")
      .def(py::init(
               [](int batch_size, bool sort_by_ratio, std::optional<vision::LineColumns> columns) {
                 return models::RecognitionOptions{batch_size, sort_by_ratio, columns};
               }),
           py::arg("batch_size"), py::arg("sort_by_ratio"), py::arg("columns"));
  py::class_<models::TextReaderParams>(m, "TextReaderParams")
      .def(py::init([](const models::TextDetectionParams& detection,
                       const models::RecognitionOptions& recognition,
                       std::optional<int> line_orientation_batch, bool words) {
             return models::TextReaderParams{detection, recognition, line_orientation_batch, words};
           }),
           py::arg("detection"), py::arg("recognition"),
           py::arg("line_orientation_batch") = py::none(), py::arg("words") = false);
}

void register_results(py::module_& m) {
  py::class_<models::TextLine>(m, "TextLine")
      .def_readonly("text", &models::TextLine::text)
      .def_property_readonly("score",
                             [](const models::TextLine& self) { return self.decoded.score; });
  py::class_<models::ReadLine>(m, "ReadLine")
      .def_property_readonly(
          "polygon", [](const models::ReadLine& self) { return polygon_array(self.polygon); })
      .def_readonly("detection_score", &models::ReadLine::detection_score)
      .def_readonly("orientation", &models::ReadLine::orientation)
      .def_readonly("text", &models::ReadLine::text)
      .def_property_readonly("words", [](const models::ReadLine& self) { return self.words.words; })
      .def_property_readonly("word_polygons", &word_polygons);
  py::class_<ReadPage>(m, "ReadPage")
      .def_readonly("lines", &ReadPage::lines)
      .def_property_readonly("seconds", &stage_seconds);
}

}  // namespace

void register_models(py::module_& m) {
  using SessionPtr = std::shared_ptr<Session>;
  register_params(m);
  register_results(m);
  py::class_<TextDetector, std::shared_ptr<TextDetector>>(m, "TextDetector",
                                                          py::release_gil_before_calling_cpp_dtor())
      .def(py::init([](SessionPtr session, const Operators& operators) {
             auto accelerator = models::accelerator_for(*session);
             return std::make_shared<TextDetector>(std::move(session), compile(operators),
                                                   std::move(accelerator));
           }),
           py::arg("session"), py::arg("operators"))
      .def("detect", &detect, py::arg("image"), py::arg("params"),
           "Text regions of a BGR image: pairs of polygon [K, 2] and score.");
  py::class_<TextRecognizer, std::shared_ptr<TextRecognizer>>(
      m, "TextRecognizer", py::release_gil_before_calling_cpp_dtor())
      .def(py::init([](SessionPtr session, const Operators& operators,
                       std::vector<std::string> characters) {
             auto accelerator = models::accelerator_for(*session);
             return std::make_shared<TextRecognizer>(
                 std::move(session), compile(operators),
                 postprocess::CtcDictionary(std::move(characters), true), std::move(accelerator));
           }),
           py::arg("session"), py::arg("operators"), py::arg("characters"))
      .def("recognize", &recognize, py::arg("images"), py::arg("options"),
           "Text of each BGR image, in order.")
      .def_property_readonly("fits_any_width", &TextRecognizer::fits_any_width);
  py::class_<ImageClassifier, std::shared_ptr<ImageClassifier>>(
      m, "ImageClassifier", py::release_gil_before_calling_cpp_dtor())
      .def(py::init([](SessionPtr session, const Operators& operators) {
             auto accelerator = models::accelerator_for(*session);
             return std::make_shared<ImageClassifier>(std::move(session), compile(operators),
                                                      std::move(accelerator));
           }),
           py::arg("session"), py::arg("operators"))
      .def("classify", &classify, py::arg("images"), py::arg("batch_size"), py::arg("topk"),
           "The numbers and the scores of the `topk` best classes of each BGR image, best first.");
  m.def(
      "top_classes",
      [](const std::vector<float>& scores, int k) { return models::top_classes(scores, k); },
      py::arg("scores"), py::arg("k"), "Indices of the k best scores, best first.");
  py::class_<TextReader>(m, "TextReader", py::release_gil_before_calling_cpp_dtor())
      .def(py::init([](std::shared_ptr<TextDetector> detector,
                       std::shared_ptr<TextRecognizer> recognizer,
                       const std::optional<std::shared_ptr<ImageClassifier>>& line_classifier) {
             return std::make_unique<TextReader>(std::move(detector), std::move(recognizer),
                                                 line_classifier.value_or(nullptr));
           }),
           py::arg("detector"), py::arg("recognizer"), py::arg("line_classifier") = py::none())
      .def("read", &read, py::arg("page"), py::arg("params"),
           "Reads the text of a BGR page: detection, order, crops, recognition.");
}

}  // namespace hpinfer::bindings

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <string>
#include <vector>

#include "bindings/arrays.h"
#include "postprocess/contour.h"
#include "postprocess/ctc.h"
#include "postprocess/db.h"
#include "postprocess/min_area_rect.h"
#include "postprocess/offset.h"
#include "postprocess/polygon.h"
#include "postprocess/text_order.h"
#include "postprocess/word_boxes.h"

namespace py = pybind11;

namespace hpinfer::bindings {
namespace {

using py::literals::operator""_a;
namespace post = hpinfer::postprocess;

template <typename Number, typename Points>
py::array_t<Number> array_of(const Points& points) {
  py::array_t<Number> array({static_cast<py::ssize_t>(points.size()), py::ssize_t{2}});
  Number* number = array.mutable_data();
  for (const auto& point : points) {
    *number++ = point.x;
    *number++ = point.y;
  }
  return array;
}

py::array_t<int> to_array(std::span<const post::Point2i> points) { return array_of<int>(points); }
py::array_t<float> to_array(const post::Quad& corners) { return array_of<float>(corners); }

void check_points(const py::array& array, const char* dtype) {
  check(array.ndim() == 2 && array.shape(1) == 2, ErrorCode::kInvalidInput,
        "points must have shape [count, 2]; got ",
        py::str(array.attr("shape")).cast<std::string>());
  check(array.dtype().attr("name").cast<std::string>() == dtype, ErrorCode::kInvalidType,
        "points must be ", dtype, "; got ", array.dtype().attr("name").cast<std::string>());
}

template <typename Point, typename Number>
std::vector<Point> points_of(const py::array& array, const char* dtype) {
  check_points(array, dtype);
  const auto view = py::array_t<Number>(array).template unchecked<2>();
  std::vector<Point> points;
  for (py::ssize_t i = 0; i < view.shape(0); ++i) points.push_back({view(i, 0), view(i, 1)});
  return points;
}

post::Polygon int_points(const py::array& array) {
  return points_of<post::Point2i, std::int32_t>(array, "int32");
}

// A float32 matrix, C-contiguous.
struct Matrix {
  const float* data;
  int height;
  int width;
};

Matrix matrix_of(const py::array& array, const std::string& what) {
  const TensorView view = tensor_view(array, what);
  check(view.shape.rank() == 2, ErrorCode::kInvalidInput, what, " must have 2 dimensions; got ",
        view.shape.to_string());
  constexpr std::int64_t kMaxSide = 1 << 24;
  check(view.shape[0] <= kMaxSide && view.shape[1] <= kMaxSide, ErrorCode::kInvalidInput, what,
        " is too large: ", view.shape.to_string());
  return {view.elements<const float>().data(), static_cast<int>(view.shape[0]),
          static_cast<int>(view.shape[1])};
}

py::list find_contours(const py::array& values, float threshold, bool dilate) {
  const Matrix matrix = matrix_of(values, "the map");
  const post::Contours contours = [&] {
    const py::gil_scoped_release unlocked;
    post::Bitmap map = post::binarize(matrix.data, matrix.height, matrix.width, threshold);
    return post::find_contours(dilate ? post::dilate_2x2(map) : std::move(map));
  }();
  py::list result;
  for (std::size_t i = 0; i < contours.size(); ++i) result.append(to_array(contours[i]));
  return result;
}

py::tuple min_area_rect(const py::array& points) {
  const post::Polygon polygon = int_points(points);
  const post::RotatedRect rect = [&] {
    const py::gil_scoped_release unlocked;
    return post::min_area_rect(polygon);
  }();
  return py::make_tuple(py::make_tuple(rect.center.x, rect.center.y),
                        py::make_tuple(rect.width, rect.height), rect.angle);
}

double polygon_mean(const py::array& values, const py::array& points) {
  const Matrix matrix = matrix_of(values, "the map");
  check(matrix.height > 0 && matrix.width > 0, ErrorCode::kInvalidInput, "the map is empty");
  post::PolygonMean mean({matrix.data, matrix.height, matrix.width});
  if (points.dtype().attr("name").cast<std::string>() == "float32") {
    const auto corners = points_of<post::Point2f, float>(points, "float32");
    const py::gil_scoped_release unlocked;
    return mean.over(std::span<const post::Point2f>(corners));
  }
  const post::Polygon corners = int_points(points);
  const py::gil_scoped_release unlocked;
  return mean.over(std::span<const post::Point2i>(corners));
}

py::array_t<std::uint8_t> fill_polygon(int height, int width, const py::array& points) {
  check(height >= 0 && width >= 0, ErrorCode::kInvalidInput, "a mask cannot have ", height, "x",
        width, " cells");
  const post::Polygon corners = int_points(points);
  py::array_t<std::uint8_t> mask({height, width});
  std::uint8_t* const cells = mask.mutable_data();
  const auto count = static_cast<std::size_t>(mask.size());
  {
    const py::gil_scoped_release unlocked;
    std::fill_n(cells, count, std::uint8_t{0});
    post::fill_polygon(cells, height, width, corners);
  }
  return mask;
}

py::list offset_polygon(const py::array& points, double distance) {
  const post::Polygon polygon = int_points(points);
  std::vector<post::Polygon> grown;
  {
    const py::gil_scoped_release unlocked;
    grown = post::offset_polygon(polygon, distance);
  }
  py::list result;
  for (const post::Polygon& ring : grown) result.append(to_array(ring));
  return result;
}

py::tuple decode_db(const py::array& probabilities, int source_height, int source_width,
                    const post::DbOptions& options) {
  const Matrix map = matrix_of(probabilities, "the probability map");
  std::vector<post::TextRegion> regions;
  {
    const py::gil_scoped_release unlocked;
    regions =
        post::decode_db(map.data, {map.height, map.width, source_height, source_width}, options);
  }
  py::list polygons;
  py::list scores;
  for (const post::TextRegion& region : regions) {
    polygons.append(to_array(region.polygon));
    scores.append(region.score);
  }
  return py::make_tuple(polygons, scores);
}

Isa isa_from_name(const std::string& name) {
  for (const Isa isa : supported_isas())
    if (isa_name(isa) == name) return isa;
  fail(ErrorCode::kUnsupported, "instruction set '", name, "' is unknown or not usable here");
}

post::CtcLine decode_ctc(const py::array& values, const std::optional<std::string>& isa) {
  const Matrix matrix = matrix_of(values, "the CTC output");
  const Isa chosen = isa ? isa_from_name(*isa) : active_isa();
  const py::gil_scoped_release unlocked;
  return post::decode_ctc(matrix.data, matrix.height, matrix.width, chosen);
}

std::vector<std::size_t> reading_order(const std::vector<py::array>& regions,
                                       post::DbBoxType type) {
  std::vector<post::Polygon> polygons;
  for (const py::array& region : regions) polygons.push_back(int_points(region));
  const py::gil_scoped_release unlocked;
  return type == post::DbBoxType::kQuad ? post::reading_order_of_quads(polygons)
                                        : post::reading_order_of_polygons(polygons);
}

py::tuple crop_corners(const py::array& region) {
  const post::Quad corners = post::crop_corners(int_points(region));
  const post::CropSize size = post::crop_size(corners);
  return py::make_tuple(to_array(corners), py::make_tuple(size.width, size.height));
}

py::tuple locate_words(const post::CtcLine& line, const post::CtcDictionary& dictionary,
                       const py::array& region, double columns) {
  const post::LineWords located = post::locate_words(line, dictionary, int_points(region), columns);
  py::list boxes;
  for (const post::WordBox& box : located.boxes)
    boxes.append(to_array(std::span<const post::Point2i>(box)));
  return py::make_tuple(located.words, boxes);
}

void register_db(py::module_& m) {
  py::enum_<post::DbScoreMode>(m, "DbScoreMode")
      .value("fast", post::DbScoreMode::kFast)
      .value("slow", post::DbScoreMode::kSlow);
  py::enum_<post::DbBoxType>(m, "DbBoxType")
      .value("quad", post::DbBoxType::kQuad)
      .value("poly", post::DbBoxType::kPoly);
  py::class_<post::DbOptions>(m, "DbOptions")
      .def(py::init<>())
      .def_readwrite("thresh", &post::DbOptions::thresh)
      .def_readwrite("box_thresh", &post::DbOptions::box_thresh)
      .def_readwrite("unclip_ratio", &post::DbOptions::unclip_ratio)
      .def_readwrite("max_candidates", &post::DbOptions::max_candidates)
      .def_readwrite("min_size", &post::DbOptions::min_size)
      .def_readwrite("score_mode", &post::DbOptions::score_mode)
      .def_readwrite("box_type", &post::DbOptions::box_type)
      .def_readwrite("use_dilation", &post::DbOptions::use_dilation);
  m.def("decode_db", &decode_db, "probabilities"_a, "source_height"_a, "source_width"_a,
        "options"_a, "Text regions of a map: (polygons int32 [n, 2], scores).");
}

void register_ctc(py::module_& m) {
  py::class_<post::CtcLine>(m, "CtcLine")
      .def_readonly("indices", &post::CtcLine::indices)
      .def_readonly("columns", &post::CtcLine::columns)
      .def_readonly("confidences", &post::CtcLine::confidences)
      .def_readonly("score", &post::CtcLine::score);
  py::class_<post::CtcDictionary>(m, "CtcDictionary")
      .def(py::init<std::vector<std::string>, bool>(), "characters"_a, "with_space"_a)
      .def_property_readonly("classes", &post::CtcDictionary::classes)
      .def("text", &post::CtcDictionary::text, "line"_a);
  m.def("decode_ctc", &decode_ctc, "values"_a, "isa"_a = py::none(),
        "Decodes float32 [steps, classes].");
  m.def("locate_words", &locate_words, "line"_a, "dictionary"_a, "region"_a, "columns"_a,
        "Words of a line and their boxes int32 [4, 2].");
}

}  // namespace

void register_postprocess(py::module_& m) {
  m.def("find_contours", &find_contours, "values"_a, "threshold"_a, "dilate"_a = false);
  m.def("min_area_rect", &min_area_rect, "points"_a);
  m.def(
      "box_points",
      [](std::pair<float, float> center, std::pair<float, float> size, float angle) {
        return to_array(
            post::box_points({{center.first, center.second}, size.first, size.second, angle}));
      },
      "center"_a, "size"_a, "angle"_a);
  m.def(
      "simplify_polygon",
      [](const py::array& points, double epsilon) {
        const post::Polygon polygon = int_points(points);
        const post::Polygon simple = [&] {
          const py::gil_scoped_release unlocked;
          return post::simplify(polygon, epsilon);
        }();
        return to_array(simple);
      },
      "points"_a, "epsilon"_a);
  m.def("fill_polygon", &fill_polygon, "height"_a, "width"_a, "points"_a);
  m.def("polygon_mean", &polygon_mean, "values"_a, "points"_a);
  m.def("offset_polygon", &offset_polygon, "points"_a, "distance"_a);
  m.def("crop_corners", &crop_corners, "region"_a,
        "Corners float32 [4, 2] to cut out, and (width, height) of the cut.");
  register_db(m);
  m.def("reading_order", &reading_order, "regions"_a, "box_type"_a);
  register_ctc(m);
}

}  // namespace hpinfer::bindings

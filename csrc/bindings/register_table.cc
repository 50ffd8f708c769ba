#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <array>
#include <optional>

#include "bindings/arrays.h"
#include "bindings/native_call.h"
#include "bindings/transform_operators.h"
#include "models/table_recognizer.h"
#include "postprocess/table_match.h"

namespace py = pybind11;

namespace hpinfer::bindings {
namespace {

using models::TableRecognizer;
using py::literals::operator""_a;
namespace post = hpinfer::postprocess;
using Texts = std::vector<std::string>;
using BoxArray = py::array_t<double, py::array::c_style | py::array::forcecast>;

std::vector<std::vector<int>> cell_boxes(const post::TableStructure& table) {
  std::vector<std::vector<int>> boxes;
  if (table.coordinates == 0) return boxes;
  for (auto at = table.boxes.begin(); at != table.boxes.end(); at += table.coordinates)
    boxes.emplace_back(at, at + table.coordinates);
  return boxes;
}

std::vector<post::TableStructure> recognize(const TableRecognizer& self,
                                            const std::vector<py::array>& images, int batch_size) {
  std::vector<ImageView> views;
  for (const py::array& image : images) views.push_back(image_view(image));
  const NativeCall call;
  return self.recognize(views, batch_size);
}

std::vector<post::PageBox> page_boxes(const BoxArray& array) {
  if (array.size() == 0) return {};
  check(array.ndim() == 2 && array.shape(1) == 4, ErrorCode::kInvalidInput,
        "boxes must have shape [n, 4]; got ", py::str(array.attr("shape")).cast<std::string>());
  const auto values = array.unchecked<2>();
  std::vector<post::PageBox> boxes;
  for (py::ssize_t i = 0; i < values.shape(0); ++i)
    boxes.push_back({values(i, 0), values(i, 1), values(i, 2), values(i, 3)});
  return boxes;
}

py::array_t<double> box_array(const std::vector<post::PageBox>& boxes) {
  py::array_t<double> array({static_cast<py::ssize_t>(boxes.size()), py::ssize_t{4}});
  double* value = array.mutable_data();
  for (const post::PageBox& box : boxes)
    for (const double side : {box.x1, box.y1, box.x2, box.y2}) *value++ = side;
  return array;
}

post::MatchedTable match_table(const Texts& tokens, const std::vector<std::vector<int>>& boxes,
                               const std::array<double, 4>& place, std::pair<int, int> page_size,
                               const BoxArray& text_boxes, const Texts& texts, bool sort_lines,
                               bool neighbors, const std::optional<Texts>& cell_texts) {
  std::vector<int> flat;
  for (const std::vector<int>& box : boxes) {
    check(box.size() == boxes.front().size(), ErrorCode::kInvalidInput,
          "the cells of a table must have equally many coordinates; got ", boxes.front().size(),
          " and ", box.size());
    flat.insert(flat.end(), box.begin(), box.end());
  }
  const int coordinates = boxes.empty() ? 8 : static_cast<int>(boxes.front().size());
  const std::vector<post::PageBox> lines = page_boxes(text_boxes);
  post::TableMatchOptions options{page_size.first, page_size.second, sort_lines, neighbors, {}};
  if (cell_texts) options.cell_texts = *cell_texts;
  const py::gil_scoped_release unlocked;
  return post::match_table({tokens, flat, coordinates, {place[0], place[1], place[2], place[3]}},
                           {lines, texts}, options);
}

}  // namespace

void register_table(py::module_& m) {
  py::class_<post::TableStructure>(m, "TableStructure")
      .def_readonly("tokens", &post::TableStructure::tokens)
      .def_property_readonly("boxes", &cell_boxes)
      .def_readonly("score", &post::TableStructure::score);
  py::class_<TableRecognizer>(m, "TableRecognizer", py::release_gil_before_calling_cpp_dtor())
      .def(py::init([](std::shared_ptr<Session> session, const std::vector<py::dict>& operators,
                       Texts tokens, bool merge_empty_cells, bool boxes_in_padding) {
             std::vector<vision::Operator> compiled;
             for (const py::dict& op : operators) compiled.push_back(transform_operator(op));
             return std::make_unique<TableRecognizer>(
                 std::move(session), compiled,
                 post::TableVocabulary(std::move(tokens), merge_empty_cells),
                 boxes_in_padding ? models::TableBoxUnit::kPadded : models::TableBoxUnit::kPicture);
           }),
           "session"_a, "operators"_a, "tokens"_a, "merge_empty_cells"_a, "boxes_in_padding"_a)
      .def("recognize", &recognize, "images"_a, "batch_size"_a,
           "Structure of each BGR image of a table, in order.");
  py::class_<post::MatchedTable>(m, "MatchedTable")
      .def_property_readonly("cells",
                             [](const post::MatchedTable& self) { return box_array(self.cells); })
      .def_readonly("lines", &post::MatchedTable::lines)
      .def_readonly("html", &post::MatchedTable::html)
      .def_readonly("neighbor_texts", &post::MatchedTable::neighbor_texts);
  m.def("match_table", &match_table, "tokens"_a, "boxes"_a, "place"_a, "page_size"_a,
        "text_boxes"_a, "texts"_a, "sort_lines"_a = false, "neighbors"_a = false,
        "cell_texts"_a = py::none(),
        "A table's cells on its page (height, width), the page's lines in it, and its HTML.");
}

}  // namespace hpinfer::bindings

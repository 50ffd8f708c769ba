// Tables: tokens and cells out of a structure network, and their union with the page's text.
#include "input.h"
#include "postprocess/table_match.h"
#include "postprocess/table_structure.h"

namespace {

using hpinfer::fuzz::Input;
using namespace hpinfer::postprocess;

std::vector<std::string> vocabulary(Input& input) {
  std::vector<std::string> tokens;
  for (int i = input.range(0, 12); i > 0; --i)
    tokens.push_back(
        input.pick<std::string>({"<td>", "<td", "<td></td>", "</td>", "<tr>", "</tr>",
                                 " colspan=\"2\"", ">", "<b>", "", "\xFF", "<thead>"}));
  return tokens;
}

PageBox box(Input& input) {
  const auto number = [&] { return static_cast<double>(input.number()); };
  return {number(), number(), number(), number()};
}

void match(Input& input, const TableStructure& table, bool own_texts) {
  std::vector<PageBox> boxes;
  std::vector<std::string> texts;
  for (int i = input.range(0, 20); i > 0; --i) {
    boxes.push_back(box(input));
    texts.push_back(input.flag() ? input.text(6)
                                 : input.pick<std::string>({"<b>x</b>", " <b>", "</b>", "", "a "}));
  }
  const auto coordinates = static_cast<std::size_t>(std::max(table.coordinates, 1));
  const std::vector<std::string> cells(table.boxes.size() / coordinates, "x");
  TableMatchOptions options{input.range(0, 4000), input.range(0, 4000), input.flag(), input.flag()};
  if (own_texts) options.cell_texts = cells;
  const MatchedTable matched = match_table(
      {table.tokens, table.boxes, table.coordinates, box(input)}, {boxes, texts}, options);
  for (const PageBox& cell : matched.cells)
    hpinfer::fuzz::require(!(cell.x1 < 0) && !(cell.x2 > options.page_width),
                           "cells lie on the page");
  const auto order = order_by_rows(boxes, 0.5);
  hpinfer::fuzz::require(order.size() == boxes.size(), "an order has every box");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t count) {
  Input input(data, count);
  hpinfer::fuzz::result_or_error([&] {
    const TableVocabulary words(vocabulary(input), input.flag());
    TableOutput output;
    output.steps = input.range(0, 60);
    output.coordinates = input.pick({4, 8, 0, 5});
    output.scale_x = static_cast<double>(input.number());
    output.scale_y = static_cast<double>(input.number());
    const auto steps = static_cast<std::size_t>(output.steps);
    const bool has_boxes = input.byte() % 8 != 0;
    const bool own_texts = input.flag();
    const std::vector<float> probabilities =
        hpinfer::fuzz::numbers(input, steps * static_cast<std::size_t>(words.classes()));
    const std::vector<float> boxes =
        hpinfer::fuzz::numbers(input, steps * static_cast<std::size_t>(output.coordinates));
    output.probabilities = probabilities.data();
    if (has_boxes) output.boxes = boxes.data();
    match(input, decode_table_structure(words, output), own_texts);
  });
  return 0;
}

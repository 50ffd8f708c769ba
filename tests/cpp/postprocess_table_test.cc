#include <limits>

#include "postprocess/table_html.h"
#include "postprocess/table_match.h"
#include "postprocess/table_structure.h"
#include "testing.h"

namespace hpinfer::postprocess {
namespace {

using Tokens = std::vector<std::string>;

TableVocabulary vocabulary() { return {{"<tr>", "</tr>", "<td>", "<td", ">", "</td>"}, true}; }

std::string joined(const Tokens& tokens) {
  std::string text;
  for (const std::string& token : tokens) text += token;
  return text;
}

// Probabilities that say these classes.
std::vector<float> say(const std::vector<int>& classes, int count) {
  std::vector<float> values(classes.size() * static_cast<std::size_t>(count), 0.01F);
  for (std::size_t i = 0; i < classes.size(); ++i)
    values[i * static_cast<std::size_t>(count) + static_cast<std::size_t>(classes[i])] = 0.5F;
  return values;
}

TEST(vocabulary_takes_out_plain_cells_and_adds_empty_ones) {
  const TableVocabulary merged = vocabulary();
  EXPECT_EQ(merged.classes(), 8);
  EXPECT_EQ(merged.text(3), std::string("<td"));
  EXPECT_EQ(merged.text(6), std::string("<td></td>"));
  EXPECT(merged.opens_cell(3) && merged.opens_cell(6) && !merged.opens_cell(5));
  EXPECT(merged.is_boundary(0) && merged.is_boundary(merged.end()));
  const TableVocabulary plain({"<td>"}, false);
  EXPECT_EQ(plain.classes(), 3);
  EXPECT(plain.opens_cell(1));
}

TEST(structure_ends_at_the_end_token_but_not_at_the_first_step) {
  const TableVocabulary words = vocabulary();
  const auto values = say({7, 1, 6, 0, 2, 7, 6}, words.classes());
  const std::vector<float> boxes(7 * 4, 0.25F);
  const TableStructure table =
      decode_table_structure(words, {values.data(), boxes.data(), 7, 4, 100, 40});
  EXPECT_EQ(joined(table.tokens),
            std::string("<html><body><table><tr><td></td></tr></table></body></html>"));
  EXPECT(table.boxes == (std::vector<int>{25, 10, 25, 10}));
  EXPECT_EQ(table.score, 0.5F);
}

TEST(garbage_becomes_pixels) {
  const TableVocabulary words = vocabulary();
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  std::vector<float> values = say({6, 6}, words.classes());
  const std::vector<float> boxes{kNan, kInfinity, -kInfinity, 1e30F, -1e30F, 0.5F, -0.5F, 3e38F};
  const TableStructure table =
      decode_table_structure(words, {values.data(), boxes.data(), 2, 4, 10, 10});
  EXPECT(table.boxes == (std::vector<int>{0, 0, 0, 1 << 24, -(1 << 24), 5, -5, 1 << 24}));
  std::fill(values.begin(), values.end(), kNan);
  EXPECT_EQ(decode_table_structure(words, {values.data(), nullptr, 2}).tokens.size(), 6U);
  EXPECT_EQ(decode_table_structure(words, {values.data(), nullptr, 0}).score, 0.0F);
  EXPECT_ERROR(decode_table_structure(words, {values.data(), boxes.data(), 1, 5, 1, 1}),
               ErrorCode::kModelFormat, "4 or 8");
}

TEST(a_line_goes_to_the_cell_that_it_covers_most_then_to_the_nearest) {
  const std::vector<PageBox> cells{{0, 0, 10, 10}, {10, 0, 20, 10}, {10, 0, 20, 10}};
  const std::vector<PageBox> lines{{8, 0, 14, 10}, {0, 40, 5, 50}, {1, 1, 9, 9}, {30, 0, 40, 9}};
  const auto matched = match_cells(cells, lines);
  EXPECT(matched[0] == (std::vector<std::size_t>{1, 2}));
  EXPECT(matched[1] == (std::vector<std::size_t>{0, 3}));
  EXPECT(matched[2].empty());
  EXPECT(match_cells({}, lines).empty());
}

TEST(rows_are_read_from_left_to_right) {
  const std::vector<PageBox> boxes{
      {50, 2, 60, 12}, {0, 0, 10, 10}, {0, 20, 9, 30}, {20, 19, 30, 29}};
  EXPECT(order_by_rows(boxes, 0.7) == (std::vector<std::size_t>{1, 0, 2, 3}));
  const std::vector<PageBox> flat{{5, 3, 9, 3}, {1, 3, 4, 3}};
  EXPECT(order_by_rows(flat, 0.7) == (std::vector<std::size_t>{0, 1}));
  EXPECT(order_by_rows({}, 0.7).empty());
}

TEST(bold_texts_of_one_cell_share_their_tags) {
  const Tokens tokens{"<table>", "<td></td>", "<td", ">", "</td>", "<td></td>", "</table>"};
  const Tokens texts{"<b>a</b>", " <b>é</b>", "", "x", "</b>"};
  const std::vector<std::vector<std::size_t>> cells{{0, 1, 2}, {0}, {3, 4, 3}};
  EXPECT_EQ(filled_table(tokens, cells, texts),
            std::string("<table><td><b>a é </b></td><td><b>a</b></td><td>x x</td></table>"));
  EXPECT_EQ(filled_table(tokens, {}, {}),
            std::string("<table><td></td><td></td><td></td></table>"));
}

TEST(a_table_without_text_keeps_its_tokens_apart) {
  const Tokens tokens{"<html>", "<body>", "<table>", "</table>", "</body>", "</html>"};
  const MatchedTable table =
      match_table({tokens, {}, 8, {0, 0, 9, 9}}, {}, {.page_height = 9, .page_width = 9});
  EXPECT_EQ(table.html, std::string("<html> <body> <table> </table> </body> </html>"));
  const Tokens few{"<html>"};
  EXPECT_ERROR(match_table({few, {}, 8, {}}, {}, {}), ErrorCode::kInvalidInput, "tokens");
}

}  // namespace
}  // namespace hpinfer::postprocess

// From the structure of a table and the text of its page to HTML.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace hpinfer::postprocess {

// An upright rectangle in page pixels.
struct PageBox {
  double x1 = 0;
  double y1 = 0;
  double x2 = 0;
  double y2 = 0;
};

struct PageText {
  std::span<const PageBox> boxes;
  std::span<const std::string> texts;  // UTF-8, one for each box
};

// A table as its structure model saw it, in the pixels of its cut.
struct TableCut {
  std::span<const std::string> tokens;  // from <html> to </html>
  std::span<const int> boxes;           // cell by cell
  int coordinates = 8;                  // numbers a cell: 4 or 8
  PageBox place;                        // of the cut on the page
};

struct TableMatchOptions {
  int page_height = 0;
  int page_width = 0;
  bool sort_lines = false;  // texts of one cell: by line, then from left to right; else as read
  bool neighbors = false;   // gather the text just above and below the table
  // Set: the texts of the cells themselves, read one by one, instead of the page's.
  std::optional<std::span<const std::string>> cell_texts = std::nullopt;
};

struct MatchedTable {
  std::vector<PageBox> cells;      // upright, on the page, clipped to it
  std::vector<std::size_t> lines;  // lines of the page that lie in the table
  std::string html;
  std::string neighbor_texts;  // each followed by "; "
};

// The lines of each cell, in the order of the lines: a line belongs to the cell with the greatest
// overlap (intersection over union), among equals to the nearest, among those to the first.
std::vector<std::vector<std::size_t>> match_cells(std::span<const PageBox> cells,
                                                  std::span<const PageBox> lines);

// Positions of `boxes` from line to line, each from left to right. A box is of the line when it
// shares more than `overlap` of the lower height with it.
std::vector<std::size_t> order_by_rows(std::span<const PageBox> boxes, double overlap);

// PaddleX's table assembly. Text goes into the HTML as it is, not escaped. Throws
// Error(kInvalidInput) when the counts of boxes and texts disagree.
MatchedTable match_table(const TableCut& table, const PageText& page,
                         const TableMatchOptions& options);

}  // namespace hpinfer::postprocess

#include "postprocess/table_match.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

#include "core/error.h"
#include "postprocess/table_html.h"

namespace hpinfer::postprocess {
namespace {

constexpr double kRowOverlap = 0.7;

double intersection_over_union(const PageBox& a, const PageBox& b) {
  const double width = std::min(a.x2, b.x2) - std::max(a.x1, b.x1);
  const double height = std::min(a.y2, b.y2) - std::max(a.y1, b.y1);
  if (width <= 0 || height <= 0) return 0;
  const double shared = width * height;
  const double sum = (a.x2 - a.x1) * (a.y2 - a.y1) + (b.x2 - b.x1) * (b.y2 - b.y1);
  return shared / (sum - shared);
}

double distance(const PageBox& a, const PageBox& b) {
  const double first = std::abs(b.x1 - a.x1) + std::abs(b.y1 - a.y1);
  const double second = std::abs(b.x2 - a.x2) + std::abs(b.y2 - a.y2);
  return first + second + std::min(first, second);
}

// Upright boxes of the cells on the page, clipped to it.
std::vector<PageBox> cells_on_page(const TableCut& table, const TableMatchOptions& options) {
  const auto step = static_cast<std::size_t>(table.coordinates);
  std::vector<PageBox> cells;
  cells.reserve(table.boxes.size() / step);
  const auto clip = [](double value, int limit) {
    return std::clamp(value, 0.0, static_cast<double>(limit));
  };
  for (std::size_t at = 0; at + step <= table.boxes.size(); at += step) {
    int left = table.boxes[at];
    int top = table.boxes[at + 1];
    int right = left;
    int bottom = top;
    for (std::size_t i = 2; i < step; i += 2) {
      left = std::min(left, table.boxes[at + i]);
      right = std::max(right, table.boxes[at + i]);
      top = std::min(top, table.boxes[at + i + 1]);
      bottom = std::max(bottom, table.boxes[at + i + 1]);
    }
    const double x = table.place.x1;
    const double y = table.place.y1;
    cells.push_back({clip(x + left, options.page_width), clip(y + top, options.page_height),
                     clip(x + right, options.page_width), clip(y + bottom, options.page_height)});
  }
  return cells;
}

// How far two boxes overlap, in x and in y; negative: the gap.
std::pair<double, double> overlaps(const PageBox& a, const PageBox& b) {
  return {std::min(a.x2, b.x2) - std::max(a.x1, b.x1), std::min(a.y2, b.y2) - std::max(a.y1, b.y1)};
}

std::vector<std::size_t> lines_within(const PageBox& table, std::span<const PageBox> boxes) {
  constexpr double kLeast = 3;
  std::vector<std::size_t> lines;
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    const auto [width, height] = overlaps(table, boxes[i]);
    if (width > kLeast && height > kLeast) lines.push_back(i);
  }
  return lines;
}

std::string neighbor_texts(const PageBox& table, const PageText& page) {
  constexpr double kDeepest = 3;
  constexpr double kFarthest = -15;
  std::string result;
  for (std::size_t i = 0; i < page.boxes.size(); ++i) {
    const auto [width, height] = overlaps(table, page.boxes[i]);
    if (width > 0 && height < kDeepest && height > kFarthest) result += page.texts[i] + "; ";
  }
  return result;
}

void sort_each_cell(std::vector<std::vector<std::size_t>>& matched,
                    std::span<const PageBox> boxes) {
  for (std::vector<std::size_t>& lines : matched) {
    if (lines.size() < 2) continue;
    std::vector<PageBox> chosen;
    for (const std::size_t line : lines) chosen.push_back(boxes[line]);
    std::vector<std::size_t> sorted;
    for (const std::size_t i : order_by_rows(chosen, kRowOverlap)) sorted.push_back(lines[i]);
    lines = std::move(sorted);
  }
}

void check_counts(const TableCut& table, const PageText& page, const TableMatchOptions& options) {
  check(table.coordinates == 4 || table.coordinates == 8, ErrorCode::kInvalidInput,
        "a cell has 4 or 8 coordinates; got ", table.coordinates);
  check(table.tokens.size() >= 6, ErrorCode::kInvalidInput,
        "the tokens of a table run from <html><body><table> to </table></body></html>; got ",
        table.tokens.size(), " tokens");
  check(page.boxes.size() == page.texts.size(), ErrorCode::kInvalidInput,
        "a page needs one text for each box; got ", page.boxes.size(), " boxes and ",
        page.texts.size(), " texts");
  const auto cells = table.boxes.size() / static_cast<std::size_t>(table.coordinates);
  check(!options.cell_texts || options.cell_texts->size() == cells, ErrorCode::kInvalidInput,
        "a table of ", cells, " cells needs as many cell texts; got ",
        options.cell_texts ? options.cell_texts->size() : 0);
}

}  // namespace

std::vector<std::vector<std::size_t>> match_cells(std::span<const PageBox> cells,
                                                  std::span<const PageBox> lines) {
  std::vector<std::vector<std::size_t>> matched(cells.size());
  if (cells.empty()) return matched;
  for (std::size_t line = 0; line < lines.size(); ++line) {
    std::size_t best = 0;
    std::pair<double, double> least;
    for (std::size_t cell = 0; cell < cells.size(); ++cell) {
      const std::pair cost{1.0 - intersection_over_union(cells[cell], lines[line]),
                           distance(cells[cell], lines[line])};
      if (cell > 0 && !(cost < least)) continue;
      best = cell;
      least = cost;
    }
    matched[best].push_back(line);
  }
  return matched;
}

std::vector<std::size_t> order_by_rows(std::span<const PageBox> boxes, double overlap) {
  std::vector<std::size_t> order(boxes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return boxes[a].y1 < boxes[b].y1; });
  const auto end_row = [&](std::size_t begin, std::size_t end) {
    std::stable_sort(order.begin() + static_cast<std::ptrdiff_t>(begin),
                     order.begin() + static_cast<std::ptrdiff_t>(end),
                     [&](std::size_t a, std::size_t b) { return boxes[a].x1 < boxes[b].x1; });
  };
  std::size_t begin = 0;
  double top = 0;
  double bottom = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const PageBox& box = boxes[order[i]];
    const double shared = std::max(0.0, std::min(bottom, box.y2) - std::max(top, box.y1));
    const double lower = std::min(bottom - top, box.y2 - box.y1);
    if (i > begin && shared / lower > overlap) {
      top = std::min(top, box.y1);
      bottom = std::max(bottom, box.y2);
      continue;
    }
    end_row(begin, i);
    begin = i;
    top = box.y1;
    bottom = box.y2;
  }
  end_row(begin, order.size());
  return order;
}

MatchedTable match_table(const TableCut& table, const PageText& page,
                         const TableMatchOptions& options) {
  check_counts(table, page, options);
  MatchedTable result;
  result.cells = cells_on_page(table, options);
  result.lines = lines_within(table.place, page.boxes);
  if (options.neighbors) result.neighbor_texts = neighbor_texts(table.place, page);
  if (result.cells.empty() || result.lines.empty()) {
    result.html = joined_tokens(table.tokens);
    return result;
  }
  std::vector<PageBox> boxes;
  std::vector<std::string> texts;
  if (options.cell_texts) {
    boxes = result.cells;
    texts.assign(options.cell_texts->begin(), options.cell_texts->end());
  } else {
    for (const std::size_t line : result.lines) {
      boxes.push_back(page.boxes[line]);
      texts.push_back(page.texts[line]);
    }
  }
  auto matched = match_cells(result.cells, boxes);
  if (options.sort_lines) sort_each_cell(matched, boxes);
  result.html = filled_table(table.tokens, matched, texts);
  return result;
}

}  // namespace hpinfer::postprocess

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "postprocess/polygon.h"

namespace hpinfer::postprocess {
namespace {

// Positions across a row are fixed-point numbers with 16 fractional bits.
constexpr int kShift = 16;
constexpr std::int64_t kHalf = std::int64_t{1} << (kShift - 1);

struct Mask {
  std::uint8_t* cells;
  int height;
  int width;

  std::uint8_t* row(std::int64_t y) const { return cells + y * width; }
  bool holds(const Point2i& p) const { return p.x >= 0 && p.x < width && p.y >= 0 && p.y < height; }
};

// Which sides of the mask a point lies beyond (Cohen and Sutherland).
enum Side : unsigned { kLeft = 1, kRight = 2, kAbove = 4, kBelow = 8 };

unsigned sides_beyond(const Mask& mask, const Point2i& p) {
  return (p.x < 0 ? kLeft : 0U) | (p.x >= mask.width ? kRight : 0U) | (p.y < 0 ? kAbove : 0U) |
         (p.y >= mask.height ? kBelow : 0U);
}

// How far to go in one direction for `part` of `whole` in the other, rounded towards zero.
int proportion(int part, int across, int whole) {
  return static_cast<int>(std::int64_t{part} * across / whole);
}

void move_to_row(const Mask& mask, Point2i& p, const Point2i& other) {
  const int y = (sides_beyond(mask, p) & kBelow) != 0 ? mask.height - 1 : 0;
  p.x += proportion(y - p.y, other.x - p.x, other.y - p.y);
  p.y = y;
}

void move_to_column(const Mask& mask, Point2i& p, const Point2i& other) {
  const int x = (sides_beyond(mask, p) & kRight) != 0 ? mask.width - 1 : 0;
  p.y += proportion(x - p.x, other.y - p.y, other.x - p.x);
  p.x = x;
}

// Shortens the line to the part inside the mask; false if there is none. The order of the steps
// decides the rounding: rows first, each end measured along what is left of the line.
bool clip_line(const Mask& mask, Point2i& a, Point2i& b) {
  if ((sides_beyond(mask, a) & sides_beyond(mask, b)) != 0) return false;
  if ((sides_beyond(mask, a) & (kAbove | kBelow)) != 0) move_to_row(mask, a, b);
  if ((sides_beyond(mask, b) & (kAbove | kBelow)) != 0) move_to_row(mask, b, a);
  if ((sides_beyond(mask, a) & sides_beyond(mask, b)) != 0) return false;
  if ((sides_beyond(mask, a) & (kLeft | kRight)) != 0) move_to_column(mask, a, b);
  if ((sides_beyond(mask, b) & (kLeft | kRight)) != 0) move_to_column(mask, b, a);
  return (sides_beyond(mask, a) | sides_beyond(mask, b)) == 0;
}

// J. Bresenham's line, 8-connected, always drawn from left to right.
void draw_line(const Mask& mask, Point2i a, Point2i b) {
  if ((!mask.holds(a) || !mask.holds(b)) && !clip_line(mask, a, b)) return;
  if (b.x < a.x) std::swap(a, b);
  std::ptrdiff_t step = 1;           // along the longer direction
  std::ptrdiff_t side = mask.width;  // along the shorter one
  int length = b.x - a.x;
  int rise = b.y - a.y;
  if (rise < 0) {
    rise = -rise;
    side = -side;
  }
  if (rise > length) {
    std::swap(rise, length);
    std::swap(step, side);
  }
  std::uint8_t* cell = mask.row(a.y) + a.x;
  int error = length - 2 * rise;
  for (int i = 0;; ++i) {
    *cell = 1;
    if (i == length) return;
    const bool sideways = error < 0;
    error += (sideways ? 2 * length : 0) - 2 * rise;
    cell += step + (sideways ? side : 0);
  }
}

// An edge that crosses rows [top, bottom).
struct Edge {
  int top;
  int bottom;
  std::int64_t x;      // at the current row, starting at `top`
  std::int64_t slope;  // change of x a row
};

// The edge between two corners. A corner outside the mask makes the edge follow the clipped line.
Edge make_edge(const Mask& mask, const Point2i& from, const Point2i& to) {
  Point2i a = from;
  Point2i b = to;
  std::int64_t half = kHalf;
  if (!mask.holds(a) || !mask.holds(b)) {
    half = 0;
    clip_line(mask, a, b);
    if (a.y == b.y) {
      a = from;
      b = to;
    }
  }
  const std::int64_t ax = (std::int64_t{a.x} << kShift) + half;
  const std::int64_t bx = (std::int64_t{b.x} << kShift) + half;
  const std::int64_t slope = (bx - ax) / (b.y - a.y);
  if (from.y < to.y) return {from.y, to.y, ax + (from.y - a.y) * slope, slope};
  return {to.y, from.y, bx + (to.y - b.y) * slope, slope};
}

void fill_span(const Mask& mask, int y, std::int64_t from, std::int64_t to) {
  const std::int64_t left = std::max<std::int64_t>(std::min(from, to) >> kShift, 0);
  const std::int64_t right = std::min<std::int64_t>(std::max(from, to) >> kShift, mask.width - 1);
  if (left <= right) std::memset(mask.row(y) + left, 1, static_cast<std::size_t>(right - left + 1));
}

// Fills between the first and second, third and fourth, … edge of each row.
void fill_between(const Mask& mask, std::vector<Edge>& edges) {
  if (edges.size() < 2) return;
  std::sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) {
    if (a.top != b.top) return a.top < b.top;
    return a.x != b.x ? a.x < b.x : a.slope < b.slope;
  });
  std::vector<Edge> active;
  std::size_t next = 0;
  const auto by_x = [](const Edge& a, const Edge& b) { return a.x < b.x; };
  for (int y = edges.front().top; y < mask.height && (next < edges.size() || !active.empty());
       ++y) {
    std::erase_if(active, [y](const Edge& edge) { return edge.bottom == y; });
    for (; next < edges.size() && edges[next].top == y; ++next) active.push_back(edges[next]);
    std::stable_sort(active.begin(), active.end(), by_x);
    for (std::size_t i = 0; i + 1 < active.size(); i += 2) {
      if (y >= 0) fill_span(mask, y, active[i].x, active[i + 1].x);
      active[i].x += active[i].slope;
      active[i + 1].x += active[i + 1].slope;
    }
  }
}

int clamp_to(double value, int last) {
  return static_cast<int>(std::clamp(value, 0., static_cast<double>(last)));
}

}  // namespace

void fill_polygon(std::uint8_t* cells, int height, int width, std::span<const Point2i> corners) {
  if (corners.empty()) return;
  const Mask mask{cells, height, width};
  std::vector<Edge> edges;
  edges.reserve(corners.size());
  Point2i from = corners.back();
  for (const Point2i& to : corners) {
    draw_line(mask, from, to);
    if (from.y != to.y) edges.push_back(make_edge(mask, from, to));
    from = to;
  }
  fill_between(mask, edges);
}

double PolygonMean::mean_in(const Box& box, std::span<const Point2i> corners) {
  const int width = box.right - box.left + 1;
  const int height = box.bottom - box.top + 1;
  constexpr std::size_t kReadPastEnd = 8;
  mask_.assign(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) + kReadPastEnd,
               0);
  fill_polygon(mask_.data(), height, width, corners);
  const float* const values =
      map_.data + static_cast<std::ptrdiff_t>(box.top) * map_.width + box.left;
  const auto [sum, count] = sum_masked_({values, map_.width, mask_.data(), height, width});
  return count == 0 ? 0 : sum * (1. / static_cast<double>(count));
}

double PolygonMean::over(std::span<const Point2f> corners) {
  if (corners.empty()) return 0;
  const auto [least_x, most_x] = std::minmax_element(
      corners.begin(), corners.end(), [](const auto& a, const auto& b) { return a.x < b.x; });
  const auto [least_y, most_y] = std::minmax_element(
      corners.begin(), corners.end(), [](const auto& a, const auto& b) { return a.y < b.y; });
  const auto low = [](float value) { return std::floor(static_cast<double>(value)); };
  const auto high = [](float value) { return std::ceil(static_cast<double>(value)); };
  const Box box{
      clamp_to(low(least_x->x), map_.width - 1), clamp_to(low(least_y->y), map_.height - 1),
      clamp_to(high(most_x->x), map_.width - 1), clamp_to(high(most_y->y), map_.height - 1)};
  Polygon relative;
  for (const Point2f& corner : corners)
    relative.push_back({static_cast<int>(corner.x - static_cast<float>(box.left)),
                        static_cast<int>(corner.y - static_cast<float>(box.top))});
  return mean_in(box, relative);
}

double PolygonMean::over(std::span<const Point2i> corners) {
  if (corners.empty()) return 0;
  Box box{corners[0].x, corners[0].y, corners[0].x, corners[0].y};
  for (const Point2i& corner : corners) {
    box = {std::min(box.left, corner.x), std::min(box.top, corner.y), std::max(box.right, corner.x),
           std::max(box.bottom, corner.y)};
  }
  box = {std::clamp(box.left, 0, map_.width - 1), std::clamp(box.top, 0, map_.height - 1),
         std::clamp(box.right, 0, map_.width - 1), std::clamp(box.bottom, 0, map_.height - 1)};
  Polygon relative;
  for (const Point2i& corner : corners)
    relative.push_back({corner.x - box.left, corner.y - box.top});
  return mean_in(box, relative);
}

}  // namespace hpinfer::postprocess

#include "postprocess/min_area_rect.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <numbers>
#include <utility>

namespace hpinfer::postprocess {
namespace {

int sign(std::int64_t value) { return (value > 0) - (value < 0); }

// The points sorted by x, then y, then position.
class SortedPoints {
 public:
  explicit SortedPoints(std::span<const Point2i> points) : sorted_(points.size()) {
    for (std::size_t i = 0; i < points.size(); ++i) sorted_[i] = {points[i], static_cast<int>(i)};
    std::sort(sorted_.begin(), sorted_.end(), [](const Entry& a, const Entry& b) {
      const std::int64_t first = a.key();
      const std::int64_t second = b.key();
      return first != second ? first < second : a.index < b.index;
    });
  }
  int size() const { return static_cast<int>(sorted_.size()); }
  int index(int rank) const { return sorted_[static_cast<std::size_t>(rank)].index; }
  const Point2i& operator[](int rank) const {
    return sorted_[static_cast<std::size_t>(rank)].point;
  }

 private:
  struct Entry {
    Point2i point;
    int index = 0;

    std::int64_t key() const { return std::int64_t{point.x} * (std::int64_t{1} << 32) + point.y; }
  };
  std::vector<Entry> sorted_;
};

// Ranks of the hull's corners from `start` to `end` (an extreme in x to an extreme in y), both
// included. `away` is the sign of y steps that leave towards the hull's far side, `turn` the sign
// of a convex corner.
std::vector<int> hull_arc(const SortedPoints& points, int start, int end, int away, int turn) {
  if (points[start] == points[end]) return {start};
  const int step = end > start ? 1 : -1;
  std::vector<int> arc{start, start + step};
  // The last entry of the arc is the corner in question; `next` is the candidate after it.
  for (int next = start + 2 * step; next != end + step; next += step) {
    for (;;) {
      const Point2i& corner = points[arc.back()];
      const Point2i& candidate = points[next];
      const std::int64_t leave_x = std::int64_t{candidate.x} - corner.x;
      const std::int64_t leave_y = std::int64_t{candidate.y} - corner.y;
      if (sign(leave_y) == away) break;  // inside: skip the candidate
      const Point2i& before = points[arc[arc.size() - 2]];
      const std::int64_t arrive_x = std::int64_t{corner.x} - before.x;
      const std::int64_t arrive_y = std::int64_t{corner.y} - before.y;
      const bool convex = sign(arrive_y * leave_x - arrive_x * leave_y) == turn;
      if (convex && (arrive_x != 0 || arrive_y != 0)) {
        arc.push_back(next);
        break;
      }
      if (arc.size() == 2) {
        arc.back() = next;
        break;
      }
      arc.pop_back();
    }
  }
  return arc;
}

// Rotates the indices so that they ascend or descend throughout, where a rotation can do that.
void rotate_to_monotonic(std::vector<int>& hull) {
  const std::size_t n = hull.size();
  if (n < 3) return;
  for (const bool ascending : {true, false}) {
    const auto first = ascending ? std::min_element(hull.begin(), hull.end())
                                 : std::max_element(hull.begin(), hull.end());
    const auto start = static_cast<std::size_t>(first - hull.begin());
    bool monotonic = true;
    for (std::size_t i = 0; i + 1 < n && monotonic; ++i)
      monotonic = ascending == (hull[(start + i) % n] < hull[(start + i + 1) % n]);
    if (!monotonic) continue;
    std::rotate(hull.begin(), first, hull.end());
    return;
  }
}

Point2f minus(const Point2f& a, const Point2f& b) { return {a.x - b.x, a.y - b.y}; }
float dot(const Point2f& a, const Point2f& b) { return a.x * b.x + a.y * b.y; }

// Quarter turns, so that the edges met by the four sides of the calipers can be compared.
Point2f quarter_turns(const Point2f& v, int turns) {
  switch (turns & 3) {
    case 1:
      return {v.y, -v.x};
    case 2:
      return {-v.x, -v.y};
    case 3:
      return {-v.y, v.x};
    default:
      return v;
  }
}

struct Edges {
  std::vector<Point2f> vectors;       // from each corner to the next
  std::vector<float> inverse_length;  // 1 / length, rounded from double
};

Edges edges_of(std::span<const Point2f> corners) {
  Edges edges;
  for (std::size_t i = 0; i < corners.size(); ++i) {
    const Point2f edge = minus(corners[i + 1 < corners.size() ? i + 1 : 0], corners[i]);
    const double dx = edge.x;
    const double dy = edge.y;
    edges.vectors.push_back(edge);
    edges.inverse_length.push_back(static_cast<float>(1. / std::sqrt(dx * dx + dy * dy)));
  }
  return edges;
}

// Corners touched by the bottom (least y), right, top and left side of the upright box; the first
// of equals.
std::array<std::size_t, 4> extremes(std::span<const Point2f> corners) {
  std::array<std::size_t, 4> touched{};
  for (std::size_t i = 1; i < corners.size(); ++i) {
    if (corners[i].y < corners[touched[0]].y) touched[0] = i;
    if (corners[i].x > corners[touched[1]].x) touched[1] = i;
    if (corners[i].y > corners[touched[2]].y) touched[2] = i;
    if (corners[i].x < corners[touched[3]].x) touched[3] = i;
  }
  return touched;
}

struct Calipers {
  Point2f base;  // unit vector along the width
  float width = 0;
  float height = 0;
  std::size_t left = 0;    // corner that the left side touches
  std::size_t bottom = 0;  // corner that the bottom side touches
};

// The calipers of least area; the last of equals.
Calipers turn_calipers(std::span<const Point2f> corners) {
  const Edges edges = edges_of(corners);
  std::array<std::size_t, 4> touched = extremes(corners);
  Calipers best;
  float least = std::numeric_limits<float>::max();
  for (std::size_t k = 0; k < corners.size(); ++k) {
    // The side whose edge is reached first by turning.
    int side = 0;
    Point2f reached = edges.vectors[touched[0]];
    for (int i = 1; i < 4; ++i) {
      const Point2f edge = quarter_turns(edges.vectors[touched[static_cast<std::size_t>(i)]], i);
      if (dot(quarter_turns(edge, 1), reached) >= 0) continue;
      side = i;
      reached = edge;
    }
    std::size_t& corner = touched[static_cast<std::size_t>(side)];
    const float scale = edges.inverse_length[corner];
    const Point2f edge{edges.vectors[corner].x * scale, edges.vectors[corner].y * scale};
    const Point2f base = quarter_turns(edge, side);
    corner = corner + 1 == corners.size() ? 0 : corner + 1;

    const Point2f across = minus(corners[touched[1]], corners[touched[3]]);
    const Point2f along = minus(corners[touched[2]], corners[touched[0]]);
    const float width = across.x * base.x + across.y * base.y;
    const float height = -along.x * base.y + along.y * base.x;
    const float area = width * height;
    if (area > least) continue;
    least = area;
    best = {base, width, height, touched[3], touched[0]};
  }
  return best;
}

RotatedRect rect_around(std::span<const Point2f> corners) {
  const Calipers best = turn_calipers(corners);
  const auto [a, b] = best.base;
  const Point2f& left = corners[best.left];
  const Point2f& bottom = corners[best.bottom];
  // The corner where the left side meets the bottom side.
  const float c1 = a * left.x + left.y * b;
  const float c2 = -b * bottom.x + bottom.y * a;
  const float inverse = 1.F / (a * a - (-b) * b);
  const float x = (c1 * a - c2 * b) * inverse;
  const float y = (a * c2 - (-b) * c1) * inverse;
  const Point2f side{a * best.width, b * best.width};
  const Point2f up{-b * best.height, a * best.height};

  const auto length = [](const Point2f& v) {
    return static_cast<float>(std::sqrt(static_cast<double>(v.x) * static_cast<double>(v.x) +
                                        static_cast<double>(v.y) * static_cast<double>(v.y)));
  };
  return {{x + (side.x + up.x) * 0.5F, y + (side.y + up.y) * 0.5F},
          length(side),
          length(up),
          static_cast<float>(std::atan2(static_cast<double>(side.y), static_cast<double>(side.x)))};
}

RotatedRect rect_of_segment(const Point2f& from, const Point2f& to) {
  const double dx = to.x - from.x;
  const double dy = to.y - from.y;
  return {{(from.x + to.x) * 0.5F, (from.y + to.y) * 0.5F},
          static_cast<float>(std::sqrt(dx * dx + dy * dy)),
          0,
          static_cast<float>(std::atan2(dy, dx))};
}

}  // namespace

std::vector<int> convex_hull(std::span<const Point2i> points) {
  if (points.empty()) return {};
  const SortedPoints sorted(points);
  const int last = sorted.size() - 1;
  if (sorted[0] == sorted[last]) return {0};
  int least = 0;
  int most = 0;
  for (int i = 1; i <= last; ++i) {
    if (sorted[i].y < sorted[least].y) least = i;
    if (sorted[i].y > sorted[most].y) most = i;
  }
  const std::vector<int> from_right = hull_arc(sorted, last, most, -1, -1);
  const std::vector<int> from_left = hull_arc(sorted, 0, most, -1, 1);
  std::vector<int> to_left = hull_arc(sorted, 0, least, 1, -1);
  std::vector<int> to_right = hull_arc(sorted, last, least, 1, 1);

  // Points on one line: the second half mirrors the first, but for the ends.
  const int stop = from_left.size() > 2    ? from_left[1]
                   : from_right.size() > 2 ? from_right[from_right.size() - 2]
                                           : -1;
  if (stop >= 0) {
    const int mirrored = to_left.size() > 2                     ? to_left[1]
                         : to_left.size() + to_right.size() > 2 ? to_right[2 - to_left.size()]
                                                                : -1;
    if (mirrored >= 0 && sorted[mirrored] == sorted[stop]) {
      to_left.resize(std::min<std::size_t>(to_left.size(), 2));
      to_right.resize(std::min<std::size_t>(to_right.size(), 2));
    }
  }

  std::vector<int> hull;
  const auto forwards = [&](const std::vector<int>& arc) {
    for (std::size_t i = 0; i + 1 < arc.size(); ++i) hull.push_back(sorted.index(arc[i]));
  };
  const auto backwards = [&](const std::vector<int>& arc) {
    for (std::size_t i = arc.size() - 1; i > 0; --i) hull.push_back(sorted.index(arc[i]));
  };
  forwards(from_right);
  backwards(from_left);
  forwards(to_left);
  backwards(to_right);
  rotate_to_monotonic(hull);
  return hull;
}

RotatedRect min_area_rect(std::span<const Point2i> points) {
  std::vector<Point2f> corners;
  for (const int i : convex_hull(points)) {
    const Point2i& p = points[static_cast<std::size_t>(i)];
    corners.push_back({static_cast<float>(p.x), static_cast<float>(p.y)});
  }
  RotatedRect rect;
  if (corners.size() > 2)
    rect = rect_around(corners);
  else if (corners.size() == 2)
    rect = rect_of_segment(corners[0], corners[1]);
  else if (corners.size() == 1)
    rect.center = corners[0];
  rect.angle = static_cast<float>(static_cast<double>(rect.angle * 180.F) / std::numbers::pi);
  return rect;
}

Quad box_points(const RotatedRect& rect) {
  const double angle = static_cast<double>(rect.angle) * std::numbers::pi / 180.;
  const float b = static_cast<float>(std::cos(angle)) * 0.5F;
  const float a = static_cast<float>(std::sin(angle)) * 0.5F;
  const auto [x, y] = rect.center;
  Quad corners;
  corners[0] = {x - a * rect.height - b * rect.width, y + b * rect.height - a * rect.width};
  corners[1] = {x + a * rect.height - b * rect.width, y - b * rect.height - a * rect.width};
  corners[2] = {2 * x - corners[0].x, 2 * y - corners[0].y};
  corners[3] = {2 * x - corners[1].x, 2 * y - corners[1].y};
  return corners;
}

Quad order_corners(const Quad& corners) {
  Quad by_x = corners;
  std::stable_sort(by_x.begin(), by_x.end(),
                   [](const Point2f& a, const Point2f& b) { return a.x < b.x; });
  if (!(by_x[1].y > by_x[0].y)) std::swap(by_x[0], by_x[1]);
  if (!(by_x[3].y > by_x[2].y)) std::swap(by_x[2], by_x[3]);
  return {by_x[0], by_x[2], by_x[3], by_x[1]};
}

}  // namespace hpinfer::postprocess

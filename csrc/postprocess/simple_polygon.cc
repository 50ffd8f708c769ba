#include "postprocess/simple_polygon.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace hpinfer::postprocess {
namespace {

std::int64_t cross(const Point2i& origin, const Point2i& a, const Point2i& b) {
  const auto difference = [](int p, int q) { return static_cast<std::int64_t>(p) - q; };
  return difference(a.x, origin.x) * difference(b.y, origin.y) -
         difference(a.y, origin.y) * difference(b.x, origin.x);
}

int sign(std::int64_t value) { return value > 0 ? 1 : (value < 0 ? -1 : 0); }

bool within(const Point2i& a, const Point2i& b, const Point2i& point) {
  return std::min(a.x, b.x) <= point.x && point.x <= std::max(a.x, b.x) &&
         std::min(a.y, b.y) <= point.y && point.y <= std::max(a.y, b.y);
}

// Whether the segments ab and cd have a point in common.
bool meet(const Point2i& a, const Point2i& b, const Point2i& c, const Point2i& d) {
  const int abc = sign(cross(a, b, c));
  const int abd = sign(cross(a, b, d));
  const int cda = sign(cross(c, d, a));
  const int cdb = sign(cross(c, d, b));
  if (abc * abd < 0 && cda * cdb < 0) return true;
  return (abc == 0 && within(a, b, c)) || (abd == 0 && within(a, b, d)) ||
         (cda == 0 && within(c, d, a)) || (cdb == 0 && within(c, d, b));
}

// Whether the path turns back on itself at b.
bool turns_back(const Point2i& a, const Point2i& b, const Point2i& c) {
  if (cross(a, b, c) != 0) return false;
  return (static_cast<std::int64_t>(b.x) - a.x) * (static_cast<std::int64_t>(c.x) - b.x) +
             (static_cast<std::int64_t>(b.y) - a.y) * (static_cast<std::int64_t>(c.y) - b.y) <
         0;
}

Polygon without_repeats(std::span<const Point2i> polygon) {
  Polygon corners;
  for (const Point2i& point : polygon)
    if (corners.empty() || corners.back() != point) corners.push_back(point);
  while (corners.size() > 1 && corners.back() == corners.front()) corners.pop_back();
  return corners;
}

struct Point {
  double x = 0;
  double y = 0;
};

double doubled_area(const std::vector<Point>& polygon) {
  double sum = 0;
  for (std::size_t i = 0; i < polygon.size(); ++i) {
    const Point& a = polygon[i];
    const Point& b = polygon[(i + 1) % polygon.size()];
    sum += a.x * b.y - a.y * b.x;
  }
  return sum;
}

// The part of the polygon on the side of ab where `direction` times the cross product is positive.
std::vector<Point> cut(const std::vector<Point>& polygon, const Point& a, const Point& b,
                       double direction) {
  const auto side = [&](const Point& p) {
    return direction * ((b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x));
  };
  std::vector<Point> kept;
  for (std::size_t i = 0; i < polygon.size(); ++i) {
    const Point& from = polygon[i];
    const Point& to = polygon[(i + 1) % polygon.size()];
    const double before = side(from);
    const double after = side(to);
    if (before >= 0) kept.push_back(from);
    if ((before > 0 && after < 0) || (before < 0 && after > 0)) {
      const double part = before / (before - after);
      kept.push_back({from.x + (to.x - from.x) * part, from.y + (to.y - from.y) * part});
    }
  }
  return kept;
}

}  // namespace

bool is_simple(std::span<const Point2i> polygon) {
  const Polygon corners = without_repeats(polygon);
  const std::size_t count = corners.size();
  if (count < 3) return false;
  const auto at = [&](std::size_t i) { return corners[i % count]; };
  for (std::size_t i = 0; i < count; ++i) {
    if (turns_back(at(i), at(i + 1), at(i + 2))) return false;
    for (std::size_t j = i + 2; j < count; ++j) {
      if (i == 0 && j == count - 1) continue;  // neighbours
      if (meet(at(i), at(i + 1), at(j), at(j + 1))) return false;
    }
  }
  return true;
}

double intersection_over_union(std::span<const Point2i> polygon, const Quad& convex) {
  std::vector<Point> points;
  for (const Point2i& p : polygon)
    points.push_back({static_cast<double>(p.x), static_cast<double>(p.y)});
  std::vector<Point> corners;
  for (const Point2f& p : convex)
    corners.push_back({static_cast<double>(p.x), static_cast<double>(p.y)});
  const double own = std::abs(doubled_area(points)) / 2;
  const double other = doubled_area(corners) / 2;
  const double direction = other < 0 ? -1.0 : 1.0;
  for (std::size_t i = 0; i < corners.size(); ++i)
    points = cut(points, corners[i], corners[(i + 1) % corners.size()], direction);
  const double shared = std::abs(doubled_area(points)) / 2;
  constexpr double kTiny = 1e-10;  // the reference's guard
  return shared / (own + std::abs(other) - shared + kTiny);
}

}  // namespace hpinfer::postprocess

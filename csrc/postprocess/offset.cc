#include "postprocess/offset.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numbers>
#include <utility>

#include "core/error.h"
#include "postprocess/sweep.h"

namespace hpinfer::postprocess {
namespace {

constexpr double kArcTolerance = 0.25;
constexpr double kLeastDistance = 1e-20;  // below it the polygon stays as it is
constexpr std::size_t kMaxPath = std::size_t{1} << 21;

struct Vector {
  double x = 0;
  double y = 0;
};

// Half away from zero.
int round_away(double value) { return static_cast<int>(value < 0 ? value - 0.5 : value + 0.5); }

// The outward normal of an edge, length 1.
Vector unit_normal(const Point2i& from, const Point2i& to) {
  if (from == to) return {};
  double dx = to.x - from.x;
  double dy = to.y - from.y;
  const double scale = 1.0 / std::sqrt(dx * dx + dy * dy);
  dx *= scale;
  dy *= scale;
  return {dy, -dx};
}

// The polygon without repeated neighbours, last and first included.
Polygon without_repeats(std::span<const Point2i> polygon) {
  while (polygon.size() > 1 && polygon.back() == polygon.front())
    polygon = polygon.first(polygon.size() - 1);
  Polygon result(polygon.begin(), polygon.end());
  result.erase(std::unique(result.begin(), result.end()), result.end());
  return result;
}

class PathOffset {
 public:
  PathOffset(Polygon source, double distance) : source_(std::move(source)), distance_(distance) {
    const double tolerance = std::min(kArcTolerance, distance * kArcTolerance);
    double steps = std::numbers::pi / std::acos(1 - tolerance / distance);
    steps = std::min(steps, distance * std::numbers::pi);
    sine_ = std::sin(2 * std::numbers::pi / steps);
    cosine_ = std::cos(2 * std::numbers::pi / steps);
    steps_per_radian_ = steps / (2 * std::numbers::pi);
  }

  Polygon run() {
    const std::size_t count = source_.size();
    normals_.reserve(count);
    path_.reserve(4 * count);
    for (std::size_t i = 0; i < count; ++i)
      normals_.push_back(unit_normal(source_[i], source_[i + 1 < count ? i + 1 : 0]));
    // The normal before a corner stays that of the last corner that was not nearly straight.
    std::size_t before = count - 1;
    for (std::size_t i = 0; i < count; ++i) {
      if (add_corner(i, normals_[before])) before = i;
    }
    return std::move(path_);
  }

 private:
  void add(const Point2i& corner, const Vector& normal) {
    path_.push_back(
        {round_away(corner.x + normal.x * distance_), round_away(corner.y + normal.y * distance_)});
  }

  // False if the corner turns so little that one point will do.
  bool add_corner(std::size_t i, const Vector& before) {
    const Point2i& corner = source_[i];
    const Vector& after = normals_[i];
    const double sine = before.x * after.y - after.x * before.y;
    const double cosine = before.x * after.x + after.y * before.y;
    const bool is_straight = std::fabs(sine * distance_) < 1.0;
    if (is_straight && cosine > 0) {
      add(corner, before);
      return false;
    }
    if (sine < 0)
      add_concave(corner, before, after);
    else
      add_arc(corner, before, after, is_straight ? sine : std::min(sine, 1.0), cosine);
    check(path_.size() < kMaxPath, ErrorCode::kInvalidInput,
          "a grown polygon must have fewer than ", kMaxPath,
          " corners; simplify it or make it smaller");
    return true;
  }

  // A small loop through the corner itself: the crossing is resolved with the others.
  void add_concave(const Point2i& corner, const Vector& before, const Vector& after) {
    add(corner, before);
    path_.push_back(corner);
    add(corner, after);
  }

  void add_arc(const Point2i& corner, const Vector& before, const Vector& after, double sine,
               double cosine) {
    const double angle = std::fabs(std::atan2(sine, cosine));
    const int steps = std::max(round_away(steps_per_radian_ * angle), 1);
    Vector normal = before;
    for (int i = 0; i < steps; ++i) {
      add(corner, normal);
      normal = {normal.x * cosine_ - sine_ * normal.y, normal.x * sine_ + normal.y * cosine_};
    }
    add(corner, after);
  }

  Polygon source_;
  double distance_;
  double sine_ = 0;
  double cosine_ = 0;
  double steps_per_radian_ = 0;
  std::vector<Vector> normals_;
  Polygon path_;
};

// Twice the area: positive when the corners turn from the x axis to the y axis. In floating point:
// its sign decides for large polygons as well.
double doubled_area(std::span<const Point2i> polygon) {
  double sum = 0;
  Point2i before = polygon.back();
  for (const Point2i& here : polygon) {
    sum += (static_cast<double>(before.x) + here.x) * (static_cast<double>(before.y) - here.y);
    before = here;
  }
  return -sum;
}

Polygon source_of(std::span<const Point2i> polygon) {
  Polygon source = without_repeats(polygon);
  if (source.size() < 3) return {};
  if (doubled_area(source) < 0) std::reverse(source.begin(), source.end());
  return source;
}

void check_range(std::span<const Point2i> polygon, double distance) {
  constexpr double kLimit = (1 << 30) - 1;
  double farthest = 0;
  for (const Point2i& corner : polygon)
    farthest = std::max({farthest, std::fabs(static_cast<double>(corner.x)),
                         std::fabs(static_cast<double>(corner.y))});
  check(farthest + distance < kLimit, ErrorCode::kInvalidInput, "a grown polygon must stay within ",
        kLimit, " pixels of the origin; got corners as far as ", farthest, " and a distance of ",
        distance);
}

// What is left of a polygon grown by exactly nothing: Clipper shrinks it then, as a hole in a
// frame, and drops the frame.
std::vector<Polygon> parts_inside(const Polygon& source) {
  const auto [left, right] = std::ranges::minmax(source, {}, &Point2i::x);
  const auto [top, bottom] = std::ranges::minmax(source, {}, &Point2i::y);
  constexpr int kMargin = 10;
  const int x[] = {left.x - kMargin, right.x + kMargin};
  const int y[] = {top.y - kMargin, bottom.y + kMargin};
  const Polygon paths[] = {source, {{x[0], y[1]}, {x[1], y[1]}, {x[1], y[0]}, {x[0], y[0]}}};
  std::vector<Polygon> result = union_outlines(paths, Winding::kNegative);
  if (!result.empty()) result.erase(result.begin());
  return result;
}

}  // namespace

Polygon offset_path(std::span<const Point2i> polygon, double distance) {
  check_range(polygon, distance);
  Polygon source = source_of(polygon);
  if (source.empty() || distance < kLeastDistance) return source;
  return PathOffset(std::move(source), distance).run();
}

std::vector<Polygon> offset_polygon(std::span<const Point2i> polygon, double distance) {
  check(distance >= 0, ErrorCode::kInvalidInput, "a polygon can only grow; got a distance of ",
        distance);
  const Polygon path = offset_path(polygon, distance);
  if (path.empty()) return {};
  if (distance == 0) return parts_inside(path);
  return union_outlines({&path, 1}, Winding::kPositive);
}

}  // namespace hpinfer::postprocess

#include "postprocess/polygon.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

namespace hpinfer::postprocess {
namespace {

Point2f to_float(const Point2f& p) { return p; }
Point2f to_float(const Point2i& p) { return {static_cast<float>(p.x), static_cast<float>(p.y)}; }

template <typename Point>
double perimeter_of(std::span<const Point> points) {
  if (points.size() < 2) return 0;
  double sum = 0;
  Point2f previous = to_float(points.back());
  for (const Point& point : points) {
    const Point2f p = to_float(point);
    const float dx = p.x - previous.x;
    const float dy = p.y - previous.y;
    sum += static_cast<double>(std::sqrt(dx * dx + dy * dy));
    previous = p;
  }
  return sum;
}

template <typename Point>
double area_of(std::span<const Point> points) {
  if (points.empty()) return 0;
  double sum = 0;
  Point2f previous = to_float(points.back());
  for (const Point& point : points) {
    const Point2f p = to_float(point);
    sum += static_cast<double>(previous.x) * static_cast<double>(p.y) -
           static_cast<double>(previous.y) * static_cast<double>(p.x);
    previous = p;
  }
  return std::fabs(sum * 0.5);
}

// The stretch of a closed polygon from one point to another, both included.
struct Stretch {
  std::size_t first;
  std::size_t last;
};

class Simplifier {
 public:
  Simplifier(std::span<const Point2i> points, double epsilon)
      : points_(points), tolerance_(epsilon * epsilon) {}

  Polygon run() {
    split_at_far_points();
    while (!stack_.empty()) {
      const Stretch stretch = stack_.back();
      stack_.pop_back();
      const std::size_t far = farthest(stretch);
      if (far == stretch.first) {
        kept_.push_back(points_[stretch.first]);
      } else {
        stack_.push_back({far, stretch.last});
        stack_.push_back({stretch.first, far});
      }
    }
    drop_straight_corners();
    return std::move(kept_);
  }

 private:
  // Of an index below twice the count.
  std::size_t wrap(std::size_t i) const { return i < points_.size() ? i : i - points_.size(); }

  // Three times: go to the point farthest from the one before.
  void split_at_far_points() {
    std::size_t from = 0;
    std::size_t step = 0;
    double distance = 0;
    for (int i = 0; i < 3; ++i) {
      from = wrap(from + step);
      distance = 0;
      for (std::size_t j = 1; j < points_.size(); ++j) {
        const Point2i& p = points_[wrap(from + j)];
        const double dx = p.x - points_[from].x;
        const double dy = p.y - points_[from].y;
        if (dx * dx + dy * dy > distance) {
          distance = dx * dx + dy * dy;
          step = j;
        }
      }
    }
    if (distance <= tolerance_) {
      kept_.push_back(points_[from]);
      return;
    }
    const std::size_t far = wrap(from + step);
    stack_.push_back({far, from});
    stack_.push_back({from, far});
  }

  // The point of the stretch farthest from the line through its ends, or its first point if none is
  // off by more than the tolerance. Squared distances times the squared length: no division.
  std::size_t farthest(const Stretch& stretch) const {
    const Point2i& a = points_[stretch.first];
    const Point2i& b = points_[stretch.last];
    const double dx = b.x - a.x;
    const double dy = b.y - a.y;
    const double squared_length = dx * dx + dy * dy;
    double most = 0;
    std::size_t far = stretch.first;
    if (wrap(stretch.first + 1) == stretch.last) return far;
    for (std::size_t i = wrap(stretch.first + 1); i != stretch.last; i = wrap(i + 1)) {
      const double off = (points_[i].y - a.y) * dx - (points_[i].x - a.x) * dy;
      const double distance = off * off;
      if (distance > most) {
        most = distance;
        far = i;
      }
    }
    return most <= tolerance_ * squared_length ? stretch.first : far;
  }

  void drop_straight_corners();

  std::span<const Point2i> points_;
  double tolerance_;
  std::vector<Stretch> stack_;
  Polygon kept_;
};

void Simplifier::drop_straight_corners() {
  const std::size_t count = kept_.size();
  std::size_t left = count;
  std::size_t read = count - 1;
  const auto next = [&] {
    const Point2i p = kept_[read];
    read = read + 1 == count ? 0 : read + 1;
    return p;
  };
  Point2i before = next();
  std::size_t write = read;
  const auto keep = [&](const Point2i& p) {
    kept_[write] = p;
    write = write + 1 == count ? 0 : write + 1;
    before = p;
  };
  Point2i corner = next();
  for (std::size_t i = 0; i < count && left > 2; ++i) {
    const Point2i after = next();
    const double dx = after.x - before.x;
    const double dy = after.y - before.y;
    const double distance = std::fabs((corner.x - before.x) * dy - (corner.y - before.y) * dx);
    const std::int64_t onward = (std::int64_t{corner.x} - before.x) * (after.x - corner.x) +
                                (std::int64_t{corner.y} - before.y) * (after.y - corner.y);
    if (distance * distance <= 0.5 * tolerance_ * (dx * dx + dy * dy) && dx != 0 && dy != 0 &&
        onward >= 0) {
      --left;
      keep(after);
      corner = next();
      ++i;
      continue;
    }
    keep(corner);
    corner = after;
  }
  kept_.resize(left);
}

}  // namespace

double perimeter(std::span<const Point2f> points) { return perimeter_of(points); }
double perimeter(std::span<const Point2i> points) { return perimeter_of(points); }
double area(std::span<const Point2f> points) { return area_of(points); }
double area(std::span<const Point2i> points) { return area_of(points); }

Polygon simplify(std::span<const Point2i> points, double epsilon) {
  if (points.empty()) return {};
  return Simplifier(points, epsilon).run();
}

}  // namespace hpinfer::postprocess

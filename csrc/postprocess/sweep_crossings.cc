// Which bounds cross between two levels, where, and in which order.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <utility>

#include "postprocess/sweep_line.h"

namespace hpinfer::postprocess::sweep {
namespace {

// Where two lines of different slopes meet. x comes from the steeper one: there an error in y moves
// it less.
Point meeting(const Edge& one, const Edge& other) {
  const auto at_x = [](const Edge& edge, std::int64_t x) {
    const double base =
        static_cast<double>(edge.bottom.y) - static_cast<double>(edge.bottom.x) / edge.slope;
    return Point{x, whole(static_cast<double>(x) / edge.slope + base)};
  };
  if (one.slope == 0) return at_x(other, one.bottom.x);
  if (other.slope == 0) return at_x(one, other.bottom.x);
  const auto base = [](const Edge& edge) {
    return static_cast<double>(edge.bottom.x) - static_cast<double>(edge.bottom.y) * edge.slope;
  };
  const double y = (base(other) - base(one)) / (one.slope - other.slope);
  const Edge& steep = std::fabs(one.slope) < std::fabs(other.slope) ? one : other;
  return {whole(steep.slope * y + base(steep)), whole(y)};
}

}  // namespace

// Kept between the two levels.
Point SweepLine::crossing_point(const Bound& left, const Bound& right, std::int64_t top) const {
  const Edge& one = *left.edge;
  const Edge& other = *right.edge;
  if (one.slope == other.slope) return {one.x_at(level_), level_};
  Point point = meeting(one, other);
  // Below 0 where the first is steeper.
  const double flatness = std::fabs(one.slope) - std::fabs(other.slope);
  if (point.y < one.top.y || point.y < other.top.y) {
    point.y = std::max(one.top.y, other.top.y);
    point.x = (flatness < 0 ? one : other).x_at(point.y);
  }
  if (point.y > level_) point = {(flatness > 0 ? other : one).x_at(level_), level_};
  if (point.y < top) point = {one.x_at(top), top};
  return point;
}

void SweepLine::pass_crossings(std::int64_t top) {
  list_crossings(top);
  if (crossings_.size() > 1 && !order_crossings()) {
    is_entangled_ = true;
    return;
  }
  for (const Crossing& crossing : crossings_) {
    cross(*crossing.left, *crossing.right, crossing.point);
    swap_places(*crossing.left, *crossing.right);
  }
  crossings_.clear();
}

// Sorts the bounds by their place at the next level, by exchanges of neighbours; each is a
// crossing. The order of the exchanges counts, hence the simplest of sorts.
void SweepLine::list_crossings(std::int64_t top) {
  bool is_sorted = true;
  std::int64_t left_x = std::numeric_limits<std::int64_t>::min();
  for (Bound* const bound : active_) {
    bound->x = bound->edge->x_at(top);
    is_sorted = is_sorted && left_x <= bound->x;
    left_x = bound->x;
  }
  if (is_sorted) return;
  order_ = active_;
  for (std::size_t unsorted = order_.size(); !is_sorted; --unsorted) {
    budget_.spend(unsorted);
    is_sorted = true;
    for (std::size_t i = 0; i + 1 < unsorted; ++i) {
      Bound*& left = order_[i];
      Bound*& right = order_[i + 1];
      if (left->x <= right->x) continue;
      budget_.store();
      crossings_.push_back({left, right, crossing_point(*left, *right, top)});
      std::swap(left, right);
      is_sorted = false;
    }
  }
}

// From the lowest, but always between neighbours: a crossing of bounds that are not neighbours yet
// waits. The order of equals is that of std::sort, here as in Clipper. False if none can be next.
bool SweepLine::order_crossings() {
  std::sort(crossings_.begin(), crossings_.end(),
            [](const Crossing& a, const Crossing& b) { return a.point.y > b.point.y; });
  const auto are_neighbours = [](const Crossing& crossing) {
    return std::abs(crossing.left->place - crossing.right->place) == 1;
  };
  bool is_possible = true;
  for (std::size_t i = 0; i < crossings_.size() && is_possible; ++i) {
    std::size_t next = i;
    while (next < crossings_.size() && !are_neighbours(crossings_[next])) ++next;
    budget_.spend(next - i + 1);
    is_possible = next < crossings_.size();
    if (is_possible) {
      std::swap(crossings_[i], crossings_[next]);
      std::swap(crossings_[i].left->place, crossings_[i].right->place);
    }
  }
  // The places were only tried out.
  for (std::size_t i = 0; i < active_.size(); ++i)
    active_[i]->place = static_cast<std::ptrdiff_t>(i);
  return is_possible;
}

}  // namespace hpinfer::postprocess::sweep

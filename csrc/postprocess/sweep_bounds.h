// Closed paths cut into bounds: chains that only rise, from a valley to a peak. y grows downwards,
// so rising is towards smaller y.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "postprocess/point.h"
#include "postprocess/sweep_geometry.h"

namespace hpinfer::postprocess::sweep {

// `bottom` is the end that a rising bound reaches first, of a horizontal edge too.
struct Edge {
  Point bottom;
  Point top;
  double slope = 0;

  bool is_level() const { return slope == kLevel; }
  std::int64_t x_at(std::int64_t y) const {
    return y == top.y ? top.x : bottom.x + whole(slope * static_cast<double>(y - bottom.y));
  }
};

// A chain of edges, and its state while the sweep passes it.
struct Bound {
  const Edge* edge = nullptr;  // the one that the sweep is at; the next one follows it in memory
  const Edge* last = nullptr;
  Bound* partner = nullptr;   // the bound that ends at the same peak
  int turn = 0;               // winding number on its right less that on its left
  int before = 0;             // winding number on its left
  std::int64_t x = 0;         // at the level of the sweep
  std::ptrdiff_t place = -1;  // from the left, among the bounds at that level; -1 if not there
  std::int32_t ring = -1;     // of the result, whose border it draws; -1 for none
  bool draws_front = false;   // which end of that ring

  // Whether the region, with winding number above 0, is on one side only.
  bool is_border() const { return (before == 0 && turn == 1) || (before == 1 && turn == -1); }
  bool is_active() const { return place >= 0; }
  bool is_at_last() const { return edge == last; }
};

// Two bounds that start at one point. With a horizontal bottom: at its left end, and the right
// bound starts with it.
struct Valley {
  std::int64_t y = 0;
  Bound* left = nullptr;
  Bound* right = nullptr;
};

class Terrain {
 public:
  // Repeated points and corners of 0 and 180 degrees are dropped; nothing is added if fewer than
  // three points remain. `sense` is 1 or -1 and multiplies winding numbers.
  void add(std::span<const Point2i> path, int sense);

  // From the lowest. The order of equals is that of std::sort, here as in Clipper.
  std::vector<Valley> valleys() const;

  // All y of corners, from the lowest.
  std::vector<std::int64_t> levels() const;

 private:
  struct Outline;
  Bound* climb(Outline& outline, std::size_t foot, bool is_forward);
  void add_valley(Outline& outline, std::size_t foot, int sense);

  std::vector<std::vector<Edge>> edges_;  // of each path
  std::deque<Bound> bounds_;              // a deque: bounds point at each other
  std::vector<Valley> valleys_;
};

}  // namespace hpinfer::postprocess::sweep

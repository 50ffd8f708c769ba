// Points and lines of the polygon sweep, with the arithmetic that its results depend on.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "core/error.h"

namespace hpinfer::postprocess::sweep {

// 64 bits: a line followed beyond its end may leave the range of int.
struct Point {
  std::int64_t x = 0;
  std::int64_t y = 0;
  friend bool operator==(const Point&, const Point&) = default;
};

// Half away from zero. What does not fit becomes the least value, as x86 converts it.
inline std::int64_t whole(double value) {
  constexpr double kLimit = 9223372036854774784.;  // the greatest double below 2^63
  const double moved = value < 0 ? value - 0.5 : value + 0.5;
  return std::fabs(moved) <= kLimit ? static_cast<std::int64_t>(moved)
                                    : std::numeric_limits<std::int64_t>::min();
}

// Whether the lines a-b and c-d have the same direction or opposite ones. Unsigned products: equal
// modulo 2^64 is equal for all coordinates in range, and nothing beyond it is undefined.
inline bool parallel(const Point& a, const Point& b, const Point& c, const Point& d) {
  const auto times = [](std::int64_t left, std::int64_t right) {
    return static_cast<std::uint64_t>(left) * static_cast<std::uint64_t>(right);
  };
  return times(a.y - b.y, c.x - d.x) == times(a.x - b.x, c.y - d.y);
}

inline bool collinear(const Point& a, const Point& b, const Point& c) {
  return parallel(a, b, b, c);
}

// Whether two horizontal lines, their ends in any order, have more than a point in common.
inline bool overlap(std::int64_t a, std::int64_t b, std::int64_t c, std::int64_t d) {
  return std::min(a, b) < std::max(c, d) && std::min(c, d) < std::max(a, b);
}

// The slope of horizontal lines: below all others.
inline constexpr double kLevel = -1e40;

// Change of x per y.
inline double slope(const Point& from, const Point& to) {
  return from.y == to.y ? kLevel
                        : static_cast<double>(to.x - from.x) / static_cast<double>(to.y - from.y);
}

// Limits the work on one polygon, which grows with the square of its crossings, and the memory.
class StepBudget {
 public:
  void spend(std::size_t steps) {
    spent_ += steps;
    check(spent_ < kMost, ErrorCode::kInvalidInput,
          "a polygon to grow crosses or touches itself too often; simplify it or make it smaller");
  }

  // For each crossing, vertex and join that is kept.
  void store() { spend(kStored); }

 private:
  static constexpr std::size_t kMost = std::size_t{1} << 30;  // about a second
  static constexpr std::size_t kStored = 64;                  // at most half a gigabyte of them
  std::size_t spent_ = 0;
};

}  // namespace hpinfer::postprocess::sweep

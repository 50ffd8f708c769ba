#include "postprocess/winding.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "postprocess/arrangement.h"

namespace hpinfer::postprocess {
namespace {

bool collinear(const Point2i& a, const Point2i& b, const Point2i& c) {
  return (std::int64_t{b.x} - a.x) * (std::int64_t{c.y} - b.y) ==
         (std::int64_t{b.y} - a.y) * (std::int64_t{c.x} - b.x);
}

// Drops corners that repeat a neighbour or lie on the line through both, spikes included: from the
// last corner backwards, a step forward after each removal, until a whole round finds none. The
// ring then ends with the corner at which the last removal led to a halt.
void drop_flat_corners(Polygon& ring) {
  std::size_t i = ring.size() - 1;
  std::size_t good = 0;  // corners found in order since the last removal
  while (ring.size() > 2 && good < ring.size()) {
    const std::size_t n = ring.size();
    const std::size_t before = (i + n - 1) % n;
    if (collinear(ring[before], ring[i], ring[(i + 1) % n])) {
      ring.erase(ring.begin() + static_cast<std::ptrdiff_t>(i));
      if (i == n - 1) i = 0;
      good = 0;
    } else {
      i = before;
      ++good;
    }
  }
  if (ring.size() <= 2) ring.clear();
  if (!ring.empty())
    std::rotate(ring.begin(), ring.begin() + static_cast<std::ptrdiff_t>(i) + 1, ring.end());
}

// Rotates the ring so that it ends with its top: the right end of its leftmost horizontal side at
// the least y, or else the rightmost corner there.
void end_at_top(Polygon& ring) {
  const std::size_t n = ring.size();
  std::size_t top = 0;
  bool flat = false;
  const auto least = std::min_element(ring.begin(), ring.end(),
                                      [](const auto& a, const auto& b) { return a.y < b.y; });
  for (std::size_t i = 0; i < n; ++i) {
    const Point2i& p = ring[i];
    if (p.y != least->y) continue;
    const Point2i& before = ring[(i + n - 1) % n];
    const Point2i& after = ring[(i + 1) % n];
    const bool right_end = (before.y == p.y && before.x < p.x) || (after.y == p.y && after.x < p.x);
    if (ring[top].y != p.y || (right_end && !flat) ||
        (flat == right_end && (flat ? p.x < ring[top].x : p.x > ring[top].x))) {
      top = i;
      flat = right_end;
    }
  }
  std::rotate(ring.begin(), ring.begin() + static_cast<std::ptrdiff_t>(top) + 1, ring.end());
}

// Whole pixels for the nodes of an arrangement, as a sweep from the greatest y upwards finds them.
class NodeRounding {
 public:
  explicit NodeRounding(std::span<const Point2i> path) : path_(path) {
    for (const Point2i& p : path) rows_.push_back(p.y);
    std::sort(rows_.begin(), rows_.end());
    rows_.erase(std::unique(rows_.begin(), rows_.end()), rows_.end());
  }

  Point2i operator()(const Node& node, const std::optional<Meeting>& meeting) const {
    if (!meeting)
      return {static_cast<int>(node.x / node.scale), static_cast<int>(node.y / node.scale)};
    const Edge a = edge(meeting->first);
    const Edge b = edge(meeting->second);
    if (a.is_flat()) return {b.x_at(a.top.y), a.top.y};
    if (b.is_flat()) return {a.x_at(b.top.y), b.top.y};
    const Edge& left = a.slope > b.slope ? a : b;  // below the crossing
    const Edge& right = a.slope > b.slope ? b : a;
    return crossing(left, right, node);
  }

 private:
  struct Edge {
    Point2i bottom;  // the end with the greater y
    Point2i top;
    double slope = 0;  // change of x per row
    bool is_flat() const { return bottom.y == top.y; }
    int x_at(int y) const {
      return y == top.y ? top.x : bottom.x + round_away(slope * (y - bottom.y));
    }
  };

  static int round_away(double value) {
    return static_cast<int>(value < 0 ? value - 0.5 : value + 0.5);
  }

  Edge edge(std::size_t i) const {
    Edge e{path_[i], path_[i + 1 < path_.size() ? i + 1 : 0]};
    if (e.bottom.y < e.top.y) std::swap(e.bottom, e.top);
    if (!e.is_flat()) e.slope = static_cast<double>(e.top.x - e.bottom.x) / (e.top.y - e.bottom.y);
    return e;
  }

  // The crossing is noticed at the first row of corners at which the rounded positions are in the
  // new order. If that is a row too late, it counts as lying on the row before.
  Point2i crossing(const Edge& left, const Edge& right, const Node& node) const {
    const Edge& steep = std::fabs(left.slope) < std::fabs(right.slope) ? left : right;
    Point2i place = meet(left, right, steep);
    const auto above = std::partition_point(rows_.begin(), rows_.end(),
                                            [&](int y) { return y * node.scale <= node.y; });
    const int last = std::max(left.top.y, right.top.y);
    for (auto row = above; row != rows_.begin() && *(row - 1) >= last; --row) {
      if (left.x_at(*(row - 1)) <= right.x_at(*(row - 1))) continue;
      if (row != rows_.end() && place.y > *row) place = {steep.x_at(*row), *row};
      break;
    }
    return place;
  }

  static Point2i meet(const Edge& a, const Edge& b, const Edge& steep) {
    if (a.slope == 0 || b.slope == 0) {
      const Edge& upright = a.slope == 0 ? a : b;
      const Edge& other = a.slope == 0 ? b : a;
      const double base = other.bottom.y - other.bottom.x / other.slope;
      return {upright.bottom.x, round_away(upright.bottom.x / other.slope + base)};
    }
    const double at_a = a.bottom.x - a.bottom.y * a.slope;
    const double at_b = b.bottom.x - b.bottom.y * b.slope;
    const double y = (at_b - at_a) / (a.slope - b.slope);
    return {round_away(steep.slope * y + (&steep == &a ? at_a : at_b)), round_away(y)};
  }

  std::span<const Point2i> path_;
  std::vector<int> rows_;  // of all corners, ascending
};

bool is_outline(const HalfEdge& edge) { return edge.left > 0 && edge.right <= 0; }

// The outline that continues `edge`: the next one clockwise from the way back, so that it bounds
// the same piece of the inside.
std::size_t next_outline(const Arrangement& plane, std::size_t edge) {
  const std::size_t node = plane.edges[edge].to;
  const std::size_t begin = plane.starts[node];
  const std::size_t end = plane.starts[node + 1];
  std::size_t i = plane.edges[edge].twin;
  do i = i == begin ? end - 1 : i - 1;
  while (!is_outline(plane.edges[i]));
  return i;
}

std::vector<Polygon> trace_outlines(const Arrangement& plane, const NodeRounding& round) {
  std::vector<Polygon> rings;
  std::vector<bool> traced(plane.edges.size());
  for (std::size_t first = 0; first < plane.edges.size(); ++first) {
    if (traced[first] || !is_outline(plane.edges[first])) continue;
    Polygon ring;
    for (std::size_t i = first; !traced[i]; i = next_outline(plane, i)) {
      traced[i] = true;
      const std::size_t node = plane.edges[i].from;
      ring.push_back(round(plane.nodes[node], plane.meetings[node]));
    }
    end_at_top(ring);
    drop_flat_corners(ring);
    if (ring.empty()) continue;
    rings.push_back(std::move(ring));
  }
  return rings;
}

}  // namespace

std::int64_t signed_area(std::span<const Point2i> polygon) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < polygon.size(); ++i) {
    const Point2i& a = polygon[i == 0 ? polygon.size() - 1 : i - 1];
    sum += std::int64_t{a.x} * polygon[i].y - std::int64_t{polygon[i].x} * a.y;
  }
  return sum;
}

std::vector<Polygon> positive_outlines(std::span<const Point2i> path) {
  if (path.empty()) return {};
  Polygon ring(path.begin(), path.end());
  drop_flat_corners(ring);
  if (ring.empty()) return {};
  if (meets_itself(ring)) return trace_outlines(arrange(ring), NodeRounding(ring));
  if (signed_area(ring) <= 0) return {};
  end_at_top(ring);
  return {std::move(ring)};
}

}  // namespace hpinfer::postprocess

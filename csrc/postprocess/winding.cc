#include "postprocess/winding.h"

#include <algorithm>

#include "postprocess/arrangement.h"

namespace hpinfer::postprocess {
namespace {

bool collinear(const Point2i& a, const Point2i& b, const Point2i& c) {
  return (std::int64_t{b.x} - a.x) * (std::int64_t{c.y} - b.y) ==
         (std::int64_t{b.y} - a.y) * (std::int64_t{c.x} - b.x);
}

// Drops corners that repeat a neighbour or lie on the line through both, spikes included, going
// round until all that are left are true corners.
void drop_flat_corners(Polygon& ring) {
  std::size_t i = 0;
  std::size_t good = 0;  // corners found in order since the last removal
  while (ring.size() > 2 && good < ring.size()) {
    const std::size_t n = ring.size();
    const std::size_t before = (i + n - 1) % n;
    const std::size_t after = (i + 1) % n;
    if (collinear(ring[before], ring[i], ring[after])) {
      ring.erase(ring.begin() + static_cast<std::ptrdiff_t>(i));
      i = before < i ? before : before - 1;
      good = 0;
    } else {
      i = after;
      ++good;
    }
  }
  if (ring.size() <= 2) ring.clear();
}

// Rotates the ring so that it ends with its corner of least y, the rightmost of equals.
void end_at_top(Polygon& ring) {
  const auto top = std::min_element(ring.begin(), ring.end(), [](const auto& a, const auto& b) {
    return a.y != b.y ? a.y < b.y : a.x > b.x;
  });
  if (top != ring.end()) std::rotate(ring.begin(), top + 1, ring.end());
}

int round_ratio(std::int64_t value, std::int64_t scale) {
  const std::int64_t twice = 2 * (value < 0 ? -value : value) + scale;
  const std::int64_t magnitude = twice / (2 * scale);
  return static_cast<int>(value < 0 ? -magnitude : magnitude);
}

Point2i round_node(const Node& node) {
  return {round_ratio(node.x, node.scale), round_ratio(node.y, node.scale)};
}

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

std::vector<Polygon> trace_outlines(const Arrangement& plane) {
  std::vector<Polygon> rings;
  std::vector<bool> traced(plane.edges.size());
  for (std::size_t first = 0; first < plane.edges.size(); ++first) {
    if (traced[first] || !is_outline(plane.edges[first])) continue;
    Polygon ring;
    for (std::size_t i = first; !traced[i]; i = next_outline(plane, i)) {
      traced[i] = true;
      ring.push_back(round_node(plane.nodes[plane.edges[i].from]));
    }
    drop_flat_corners(ring);
    if (ring.empty()) continue;
    end_at_top(ring);
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
  Polygon ring(path.begin(), path.end());
  drop_flat_corners(ring);
  if (ring.empty()) return {};
  if (meets_itself(ring)) return trace_outlines(arrange(ring));
  if (signed_area(ring) <= 0) return {};
  end_at_top(ring);
  return {std::move(ring)};
}

}  // namespace hpinfer::postprocess

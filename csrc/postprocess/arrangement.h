// The plane subdivided by a closed path: exact nodes, and the winding number on both sides of every
// piece of the path.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "postprocess/point.h"

namespace hpinfer::postprocess {

// A point with rational coordinates x/scale and y/scale, not in lowest terms; scale > 0.
struct Node {
  std::int64_t x = 0;
  std::int64_t y = 0;
  std::int64_t scale = 1;
};

// A piece of the path between two nodes, seen from its start. Every piece is held twice, once from
// each end.
struct HalfEdge {
  std::size_t from = 0;
  std::size_t to = 0;
  std::int64_t dx = 0;  // direction, not normalised
  std::int64_t dy = 0;
  int net = 0;           // how often the path runs this way, less how often it runs back
  std::size_t twin = 0;  // the same piece from the other end
  int left = 0;          // winding number on the side towards +90 degrees (from x to y axis)
  int right = 0;
};

// Two edges of the path, by the index of their first corner.
struct Meeting {
  std::size_t first = 0;
  std::size_t second = 0;
};

struct Arrangement {
  std::vector<Node> nodes;
  std::vector<std::optional<Meeting>>
      meetings;                     // of each node: what crosses there; none at a corner
  std::vector<HalfEdge> edges;      // grouped by start, each group by ascending angle
  std::vector<std::size_t> starts;  // first edge of each node; one more at the end
};

// Whether the closed path meets itself anywhere but at the corners that neighbours share.
bool meets_itself(std::span<const Point2i> path);

// Coordinates must be below 2^18 in magnitude.
Arrangement arrange(std::span<const Point2i> path);

}  // namespace hpinfer::postprocess

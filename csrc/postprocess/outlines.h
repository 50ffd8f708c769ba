// The rings that a polygon sweep draws: circular lists of vertices that grow at both ends, are
// chained to each other, split and thinned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "postprocess/point.h"
#include "postprocess/sweep_geometry.h"

namespace hpinfer::postprocess::sweep {

using Index = std::int32_t;
inline constexpr Index kNone = -1;

struct Vertex {
  Point point;
  Index previous = kNone;
  Index next = kNone;
  Index ring = kNone;  // whose it was when made; see Outlines::live_ring
};

// `front` is the first vertex, the one before it is the last. A ring that became part of another
// has no front.
struct Ring {
  Index heir = kNone;  // itself, or the ring it became part of
  Index front = kNone;
  Index lowest = kNone;  // found once, then kept until the ring is chained
  Index around = kNone;  // the ring that it lies in, or lay in when it was begun
  bool is_hole = false;
};

// Two vertices on edges that lie on each other, and a point further along these edges.
struct Join {
  Index first = kNone;
  Index second = kNone;
  Point beyond;
};

class Outlines {
 public:
  explicit Outlines(StepBudget& budget) : budget_(budget) {}

  // A new ring of one vertex; returns the vertex. A hole if `around` is none.
  Index begin_ring(const Point& point, Index around);

  // The vertex at that end of the ring: the one that is there, if it is at this point already.
  Index extend(Index ring, bool at_front, const Point& point);

  Index end_of(Index ring, bool at_front) const;
  Index ring_of(Index vertex) const { return at(vertex).ring; }
  const Point& point_of(Index vertex) const { return at(vertex).point; }

  // Chains `taken`, at its given end, to the given end of `kept`.
  void chain(Index kept, bool kept_front, Index taken, bool taken_front);

  // Outer rings one way round, holes the other.
  void orient(bool reversed);

  // Joins rings along common edges, or splits one that touches itself along them.
  void join_common_edges(std::span<const Join> joins, bool reversed);

  // Without repeated points and corners of 0 and 180 degrees.
  void thin();

  // In the order in which the rings were begun, each from its last vertex backwards.
  std::vector<Polygon> polygons() const;

 private:
  Vertex& at(Index vertex) { return vertices_[static_cast<std::size_t>(vertex)]; }
  const Vertex& at(Index vertex) const { return vertices_[static_cast<std::size_t>(vertex)]; }
  Ring& ring(Index index) { return rings_[static_cast<std::size_t>(index)]; }
  const Ring& ring(Index index) const { return rings_[static_cast<std::size_t>(index)]; }
  Index live_ring(Index vertex) const;

  Index add_vertex(const Point& point, Index ring);
  void link(Index from, Index to);
  void reverse(Index start);
  void thin_ring(Ring& ring);

  double doubled_area(Index start) const;
  Index lowest_of(Index start) const;
  bool is_lower(Index one, Index other) const;
  bool lies_within(Index inner, Index outer) const;
  Index holder_of_state(Index one, Index other);

  // In outline_joins.cc.
  struct Seam;
  class Joiner;
  void split(Index whole, const Seam& seam, bool reversed);
  void absorb(Index kept, Index taken, Index holder);

  StepBudget& budget_;
  std::vector<Vertex> vertices_;
  std::vector<Ring> rings_;
};

}  // namespace hpinfer::postprocess::sweep

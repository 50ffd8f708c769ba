// Rings that share a piece of edge become one there; a ring that shares one with itself becomes
// two. The shared piece is left out as a spike or as a step without height, which thin() drops.
#include <algorithm>
#include <optional>

#include "postprocess/outlines.h"

namespace hpinfer::postprocess::sweep {

// A vertex of each of the two rings that an exchange of links leaves, or of the one.
struct Outlines::Seam {
  Index first = kNone;
  Index second = kNone;
};

class Outlines::Joiner {
 public:
  explicit Joiner(Outlines& outlines) : outlines_(outlines) {}

  std::optional<Seam> connect(const Join& join, bool same_ring) {
    const Point& first = outlines_.at(join.first).point;
    if (first.y != join.beyond.y) return along_slope(join, same_ring);
    if (join.beyond == first && join.beyond == outlines_.at(join.second).point)
      return at_point(join, same_ring);
    return along_level(join);
  }

 private:
  // Vertices on one horizontal line, in ring order.
  struct Run {
    Index first;
    Index last;
  };

  struct Neighbour {
    Index vertex;
    bool is_previous;
  };

  Index next(Index vertex) const { return outlines_.at(vertex).next; }
  Index previous(Index vertex) const { return outlines_.at(vertex).previous; }
  const Point& point(Index vertex) const { return outlines_.at(vertex).point; }

  // A second vertex at the same point, beside the first.
  Index twin_of(Index vertex, bool after) {
    const Vertex here = outlines_.at(vertex);
    const Index twin = outlines_.add_vertex(here.point, here.ring);
    outlines_.link(after ? vertex : here.previous, twin);
    outlines_.link(twin, after ? here.next : vertex);
    return twin;
  }

  // Exchanges the links of two vertices and their twins.
  void exchange(const Seam& vertices, const Seam& twins, bool backward) {
    const auto [from, to] = backward ? Seam{vertices.second, vertices.first} : vertices;
    const auto [twin_from, twin_to] = backward ? twins : Seam{twins.second, twins.first};
    outlines_.link(from, to);
    outlines_.link(twin_from, twin_to);
  }

  Seam splice(const Join& join, bool backward) {
    const Seam twins{twin_of(join.first, !backward), twin_of(join.second, backward)};
    exchange({join.first, join.second}, twins, backward);
    return {join.first, twins.first};
  }

  // The nearest vertex elsewhere, one way round; the vertex itself if there is none.
  Index neighbour(Index vertex, Index Vertex::* step) const {
    Index other = outlines_.at(vertex).*step;
    while (other != vertex && point(other) == point(vertex)) other = outlines_.at(other).*step;
    return other;
  }

  // The neighbour of a vertex that lies on the way to a point above it.
  std::optional<Neighbour> neighbour_towards(Index vertex, const Point& beyond) const {
    for (const bool is_previous : {false, true}) {
      const Index other = neighbour(vertex, is_previous ? &Vertex::previous : &Vertex::next);
      if (point(other).y <= point(vertex).y && collinear(point(vertex), point(other), beyond))
        return Neighbour{other, is_previous};
    }
    return std::nullopt;
  }

  std::optional<Seam> along_slope(const Join& join, bool same_ring) {
    const std::optional<Neighbour> first = neighbour_towards(join.first, join.beyond);
    if (!first) return std::nullopt;
    const std::optional<Neighbour> second = neighbour_towards(join.second, join.beyond);
    if (!second || first->vertex == join.first || second->vertex == join.second ||
        first->vertex == second->vertex || (same_ring && first->is_previous == second->is_previous))
      return std::nullopt;
    return splice(join, first->is_previous);
  }

  // A ring that touches itself in one point and leaves it on opposite sides.
  std::optional<Seam> at_point(const Join& join, bool same_ring) {
    if (!same_ring) return std::nullopt;
    const bool first_falls = point(neighbour(join.first, &Vertex::next)).y > join.beyond.y;
    const bool second_falls = point(neighbour(join.second, &Vertex::next)).y > join.beyond.y;
    if (first_falls == second_falls) return std::nullopt;
    return splice(join, first_falls);
  }

  // The horizontal run around a vertex, not beyond the two given ones; nothing if it ends at its
  // own start or before `limit_last`, as that of a flat ring does.
  std::optional<Run> run_around(Index vertex, Index limit_first, Index limit_last) const {
    Run run{vertex, vertex};
    const std::int64_t y = point(vertex).y;
    while (point(previous(run.first)).y == y && previous(run.first) != run.last &&
           previous(run.first) != limit_first)
      run.first = previous(run.first);
    while (point(next(run.last)).y == y && next(run.last) != run.first &&
           next(run.last) != limit_last)
      run.last = next(run.last);
    if (next(run.last) == run.first || next(run.last) == limit_last) return std::nullopt;
    return run;
  }

  bool runs_left(const Run& run) const { return point(run.first).x > point(run.last).x; }

  // Puts two vertices at `where` into the run and returns them, the one that stays first.
  Seam cut(const Run& run, const Point& where, bool discards_behind) {
    const std::int64_t sign = runs_left(run) ? -1 : 1;
    Index vertex = run.first;
    while (point(next(vertex)).y == where.y && sign * point(next(vertex)).x <= sign * where.x &&
           sign * point(next(vertex)).x >= sign * point(vertex).x)
      vertex = next(vertex);
    if (discards_behind && point(vertex).x != where.x) vertex = next(vertex);
    Index twin = twin_of(vertex, !discards_behind);
    if (point(twin) != where) {
      vertex = twin;
      outlines_.at(vertex).point = where;
      twin = twin_of(vertex, !discards_behind);
    }
    return {vertex, twin};
  }

  // The overlap of two horizontal runs is left at the first of their ends that lies in it.
  std::optional<Seam> along_level(const Join& join) {
    const std::optional<Run> first = run_around(join.first, join.second, join.second);
    if (!first) return std::nullopt;
    const std::optional<Run> second = run_around(join.second, first->last, first->first);
    if (!second) return std::nullopt;
    const auto x_range = [this](const Run& run) {
      return std::minmax({point(run.first).x, point(run.last).x});
    };
    const auto [first_left, first_right] = x_range(*first);
    const auto [second_left, second_right] = x_range(*second);
    const std::int64_t left = std::max(first_left, second_left);
    const std::int64_t right = std::min(first_right, second_right);
    if (left >= right || runs_left(*first) == runs_left(*second)) return std::nullopt;

    const Run ends[] = {{first->first, first->last},
                        {second->first, second->last},
                        {first->last, first->first},
                        {second->last, second->first}};
    const Run* end = std::find_if(std::begin(ends), std::end(ends) - 1, [&](const Run& run) {
      return point(run.first).x >= left && point(run.first).x <= right;
    });
    const Point where = point(end->first);
    const bool discards_left = runs_left(*end);
    const bool backward = runs_left(*first) != discards_left;
    const Seam one = cut(*first, where, backward);
    const Seam other = cut(*second, where, runs_left(*second) != discards_left);
    exchange({one.first, other.first}, {one.second, other.second}, backward);
    return Seam{first->first, second->first};
  }

  Outlines& outlines_;
};

// Whether a ring lies in another: decided by its first vertex that is not on the border.
bool Outlines::lies_within(Index inner, Index outer) const {
  enum class Side { kIn, kOut, kOn };
  const auto side_of = [this, outer](const Point& p) {
    bool inside = false;
    Index vertex = outer;
    do {
      budget_.spend(1);
      const Point& a = at(vertex).point;
      vertex = at(vertex).next;
      const Point& b = at(vertex).point;
      if (b.y == p.y && (b.x == p.x || (a.y == p.y && (b.x > p.x) == (a.x < p.x))))
        return Side::kOn;
      if ((a.y < p.y) == (b.y < p.y) || (a.x < p.x && b.x <= p.x)) continue;
      if (a.x >= p.x && b.x > p.x) {
        inside = !inside;
        continue;
      }
      const double turn = static_cast<double>(a.x - p.x) * static_cast<double>(b.y - p.y) -
                          static_cast<double>(b.x - p.x) * static_cast<double>(a.y - p.y);
      if (turn == 0) return Side::kOn;
      if ((turn > 0) == (b.y > a.y)) inside = !inside;
    } while (vertex != outer);
    return inside ? Side::kIn : Side::kOut;
  };
  Index vertex = inner;
  do {
    const Side side = side_of(at(vertex).point);
    if (side != Side::kOn) return side == Side::kIn;
    vertex = at(vertex).next;
  } while (vertex != inner);
  return true;
}

void Outlines::split(Index whole, const Seam& seam, bool reversed) {
  const auto part = static_cast<Index>(rings_.size());
  rings_.push_back({.heir = part, .front = seam.second});
  Ring& one = ring(whole);
  Ring& other = ring(part);
  one.front = seam.first;
  one.lowest = kNone;
  Index vertex = seam.second;
  do {
    budget_.spend(1);
    at(vertex).ring = part;
    vertex = at(vertex).previous;
  } while (vertex != seam.second);

  const auto turn_round = [&](const Ring& ring) {
    if ((ring.is_hole != reversed) == (doubled_area(ring.front) > 0)) reverse(ring.front);
  };
  if (lies_within(other.front, one.front)) {
    other.is_hole = !one.is_hole;
    other.around = whole;
    turn_round(other);
    return;
  }
  other.is_hole = one.is_hole;
  other.around = one.around;
  if (lies_within(one.front, other.front)) {
    one.is_hole = !other.is_hole;
    one.around = part;
    turn_round(one);
  }
}

void Outlines::absorb(Index kept, Index taken, Index holder) {
  Ring& result = ring(kept);
  Ring& source = ring(taken);
  result.is_hole = ring(holder).is_hole;
  if (holder == taken) result.around = source.around;
  source = {.heir = result.heir, .around = kept, .is_hole = source.is_hole};
}

void Outlines::join_common_edges(std::span<const Join> joins, bool reversed) {
  Joiner joiner(*this);
  for (const Join& join : joins) {
    const Index one = live_ring(join.first);
    const Index other = live_ring(join.second);
    if (ring(one).front == kNone || ring(other).front == kNone) continue;
    const Index holder = one == other ? one : holder_of_state(one, other);
    const std::optional<Seam> seam = joiner.connect(join, one == other);
    if (!seam) continue;
    if (one == other)
      split(one, *seam, reversed);
    else
      absorb(one, other, holder);
  }
}

}  // namespace hpinfer::postprocess::sweep

#include "postprocess/outlines.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace hpinfer::postprocess::sweep {

Index Outlines::add_vertex(const Point& point, Index ring) {
  budget_.store();
  vertices_.push_back({point, kNone, kNone, ring});
  return static_cast<Index>(vertices_.size() - 1);
}

void Outlines::link(Index from, Index to) {
  at(from).next = to;
  at(to).previous = from;
}

Index Outlines::begin_ring(const Point& point, Index around) {
  const auto index = static_cast<Index>(rings_.size());
  const Index vertex = add_vertex(point, index);
  link(vertex, vertex);
  rings_.push_back({.heir = index,
                    .front = vertex,
                    .around = around,
                    .is_hole = around != kNone && !ring(around).is_hole});
  return vertex;
}

Index Outlines::end_of(Index index, bool at_front) const {
  const Index front = ring(index).front;
  return at_front ? front : at(front).previous;
}

Index Outlines::extend(Index index, bool at_front, const Point& point) {
  const Index end = end_of(index, at_front);
  if (at(end).point == point) return end;
  const Index front = ring(index).front;
  const Index last = at(front).previous;
  const Index vertex = add_vertex(point, index);
  link(last, vertex);
  link(vertex, front);
  if (at_front) ring(index).front = vertex;
  return vertex;
}

Index Outlines::live_ring(Index vertex) const {
  Index index = at(vertex).ring;
  while (ring(index).heir != index) {
    budget_.spend(1);
    index = ring(index).heir;
  }
  return index;
}

void Outlines::reverse(Index start) {
  Index vertex = start;
  do {
    budget_.spend(1);
    Vertex& here = at(vertex);
    vertex = std::exchange(here.next, here.previous);
    here.previous = vertex;
  } while (vertex != start);
}

// The sum goes on in floating point beyond 2^53: its sign decides there as well.
double Outlines::doubled_area(Index start) const {
  double sum = 0;
  Index vertex = start;
  do {
    budget_.spend(1);
    const Point& here = at(vertex).point;
    const Point& before = at(at(vertex).previous).point;
    sum += static_cast<double>(before.x + here.x) * static_cast<double>(before.y - here.y);
    vertex = at(vertex).next;
  } while (vertex != start);
  return sum;
}

// Of two vertices at one point: whether the first has the flatter edge.
bool Outlines::is_lower(Index one, Index other) const {
  const auto flatness = [this](Index vertex, Index Vertex::* step) {
    const Point& here = at(vertex).point;
    Index to = at(vertex).*step;
    while (to != vertex && at(to).point == here) to = at(to).*step;
    return std::fabs(slope(here, at(to).point));
  };
  const auto both = [&flatness](Index vertex) {
    return std::minmax({flatness(vertex, &Vertex::previous), flatness(vertex, &Vertex::next)});
  };
  const std::pair<double, double> first = both(one);
  const std::pair<double, double> second = both(other);
  return first == second ? doubled_area(one) > 0 : first.second >= second.second;
}

// The vertex of greatest y, the leftmost of equals. Among several there, the last in ring order
// starts a search for the lower one; it does not look at those before.
Index Outlines::lowest_of(Index start) const {
  Index found = start;
  Index twin = kNone;
  Index vertex = at(start).next;
  for (; vertex != found; vertex = at(vertex).next) {
    budget_.spend(1);
    const Point& here = at(vertex).point;
    const Point& low = at(found).point;
    if (here.y > low.y || (here.y == low.y && here.x < low.x)) {
      found = vertex;
      twin = kNone;
    } else if (here == low && at(vertex).next != found && at(vertex).previous != found) {
      twin = vertex;
    }
  }
  const Index end = vertex;
  while (twin != kNone && twin != end) {
    if (!is_lower(end, twin)) found = twin;
    do {
      twin = at(twin).next;
    } while (at(twin).point != at(found).point);
  }
  return found;
}

// Which of two rings about to become one is the outer one and gives it its place: the one that the
// other lies in, else the one that reaches lower.
Index Outlines::holder_of_state(Index one, Index other) {
  const auto lies_in = [this](Index inner, Index outer) {
    while (inner != kNone && inner != outer) {
      budget_.spend(1);
      inner = ring(inner).around;
    }
    return inner == outer;
  };
  if (lies_in(ring(one).around, other)) return other;
  if (lies_in(ring(other).around, one)) return one;
  for (const Index index : {one, other}) {
    if (ring(index).lowest == kNone) ring(index).lowest = lowest_of(ring(index).front);
  }
  const Index first = ring(one).lowest;
  const Index second = ring(other).lowest;
  const Point& a = at(first).point;
  const Point& b = at(second).point;
  if (a.y != b.y) return a.y > b.y ? one : other;
  if (a.x != b.x) return a.x < b.x ? one : other;
  if (at(first).next == first) return other;
  if (at(second).next == second) return one;
  return is_lower(first, second) ? one : other;
}

void Outlines::chain(Index kept, bool kept_front, Index taken, bool taken_front) {
  const Index holder = holder_of_state(kept, taken);
  Ring& result = ring(kept);
  Ring& source = ring(taken);
  if (kept_front == taken_front) {
    reverse(source.front);
    source.front = at(source.front).next;  // what was last is first now
  }
  const Index kept_first = result.front;
  const Index kept_last = at(kept_first).previous;
  const Index taken_first = source.front;
  const Index taken_last = at(taken_first).previous;
  link(kept_last, taken_first);
  link(taken_last, kept_first);
  if (kept_front) result.front = taken_first;
  result.lowest = kNone;
  if (holder == taken) {
    if (source.around != kept) result.around = source.around;
    result.is_hole = source.is_hole;
  }
  source = {.heir = result.heir, .around = kept, .is_hole = source.is_hole};
}

void Outlines::orient(bool reversed) {
  for (const Ring& ring : rings_) {
    if (ring.front == kNone) continue;
    if ((ring.is_hole != reversed) == (doubled_area(ring.front) > 0)) reverse(ring.front);
  }
}

void Outlines::thin() {
  for (Ring& ring : rings_) {
    if (ring.front != kNone) thin_ring(ring);
  }
}

void Outlines::thin_ring(Ring& ring) {
  Index vertex = ring.front;
  Index kept = kNone;  // the first vertex kept since the last one was dropped
  ring.front = kNone;
  while (true) {
    budget_.spend(1);
    const auto [point, previous, next, owner] = at(vertex);
    if (previous == next || previous == vertex) return;
    const Point& before = at(previous).point;
    const Point& after = at(next).point;
    if (point == after || point == before || collinear(before, point, after)) {
      link(previous, next);
      kept = kNone;
      vertex = previous;
      continue;
    }
    if (vertex == kept) break;
    if (kept == kNone) kept = vertex;
    vertex = next;
  }
  ring.front = vertex;
}

std::vector<Polygon> Outlines::polygons() const {
  std::vector<Polygon> result;
  for (const Ring& ring : rings_) {
    if (ring.front == kNone) continue;
    Polygon& polygon = result.emplace_back();
    Index vertex = ring.front;
    do {
      vertex = at(vertex).previous;
      polygon.push_back(
          {static_cast<int>(at(vertex).point.x), static_cast<int>(at(vertex).point.y)});
    } while (vertex != ring.front);
  }
  return result;
}

}  // namespace hpinfer::postprocess::sweep

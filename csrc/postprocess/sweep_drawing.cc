// What crossings, valleys and peaks do to the rings of the result.
#include <utility>

#include "postprocess/sweep_line.h"

namespace hpinfer::postprocess::sweep {

Bound* SweepLine::neighbour(const Bound& bound, std::ptrdiff_t step) const {
  const std::ptrdiff_t place = bound.place + step;
  const bool is_there = place >= 0 && place < static_cast<std::ptrdiff_t>(active_.size());
  return is_there ? active_[static_cast<std::size_t>(place)] : nullptr;
}

void SweepLine::swap_places(Bound& one, Bound& other) {
  std::swap(active_[static_cast<std::size_t>(one.place)],
            active_[static_cast<std::size_t>(other.place)]);
  std::swap(one.place, other.place);
}

void SweepLine::remove(Bound& bound) {
  budget_.spend(active_.size() / kMovedAtOnce);
  active_.erase(active_.begin() + bound.place);
  for (auto place = static_cast<std::size_t>(bound.place); place < active_.size(); ++place)
    --active_[place]->place;
  bound.place = -1;
}

void SweepLine::join(Index first, Index second, const Point& beyond) {
  budget_.store();
  joins_.push_back({first, second, beyond});
}

void SweepLine::climb(Bound& bound) {
  ++bound.edge;
  bound.x = bound.edge->bottom.x;
}

// Whether a neighbour that draws a ring goes up from where the bound is.
bool SweepLine::runs_along(const Bound& bound, const Bound* other) const {
  return other != nullptr && other->x == bound.edge->bottom.x && other->ring != kNone &&
         level_ > other->edge->top.y;
}

// Winding numbers change first; then rings go on, begin or end, by whether the bounds are borders
// of the region afterwards.
void SweepLine::cross(Bound& left, Bound& right, const Point& point) {
  left.before += right.turn;
  right.before -= left.turn;
  const bool both_borders = left.is_border() && right.is_border();
  const bool left_draws = left.ring != kNone;
  const bool right_draws = right.ring != kNone;
  if (left_draws && right_draws && !both_borders) {
    close_ring(left, right, point);
    return;
  }
  if (!left_draws && !right_draws) {
    if (both_borders) open_ring(left, right, point);
    return;
  }
  if (!left_draws && !left.is_border()) return;
  if (!right_draws && !right.is_border()) return;
  if (left_draws) draw(left, point);
  if (right_draws) draw(right, point);
  std::swap(left.ring, right.ring);
  std::swap(left.draws_front, right.draws_front);
}

Index SweepLine::draw(Bound& bound, const Point& point) {
  if (bound.ring != kNone) return outlines_.extend(bound.ring, bound.draws_front, point);
  const Index vertex = outlines_.begin_ring(point, ring_around(bound));
  bound.ring = outlines_.ring_of(vertex);
  return vertex;
}

// Of the rings with one border on the left of the bound, the nearest.
Index SweepLine::ring_around(const Bound& bound) {
  Index around = kNone;
  for (std::ptrdiff_t place = bound.place - 1; place >= 0; --place) {
    const Index ring = active_[static_cast<std::size_t>(place)]->ring;
    if (ring == kNone) continue;
    if (around == kNone)
      around = ring;
    else if (around == ring)
      around = kNone;
  }
  budget_.spend(static_cast<std::size_t>(bound.place) + 1);
  return around;
}

Index SweepLine::open_ring(Bound& one, Bound& other, const Point& point) {
  const bool is_in_order = other.edge->is_level() || one.edge->slope > other.edge->slope;
  Bound& left = is_in_order ? one : other;
  Bound& right = is_in_order ? other : one;
  const Index vertex = draw(left, point);
  right.ring = left.ring;
  left.draws_front = true;
  right.draws_front = false;

  Bound* beside = neighbour(left, -1);
  if (beside == &right) beside = neighbour(right, -1);
  if (beside == nullptr || beside->ring == kNone || beside->edge->top.y >= point.y ||
      left.edge->top.y >= point.y)
    return vertex;
  const Point beside_here{beside->edge->x_at(point.y), point.y};
  const Point here{left.edge->x_at(point.y), point.y};
  if (beside_here == here && parallel(beside_here, beside->edge->top, here, left.edge->top))
    join(vertex, draw(*beside, point), left.edge->top);
  return vertex;
}

// Ends the ring that both draw, or chains the younger ring to the older. Where only one of them
// draws, rounding has brought bounds into an order that no outline has.
void SweepLine::close_ring(Bound& one, Bound& other, const Point& point) {
  if (one.ring == kNone || other.ring == kNone) {
    is_entangled_ = true;
    return;
  }
  draw(one, point);
  Bound& older = one.ring < other.ring ? one : other;
  Bound& younger = one.ring < other.ring ? other : one;
  const Index kept = std::exchange(older.ring, kNone);
  const Index taken = std::exchange(younger.ring, kNone);
  if (kept == taken) return;
  outlines_.chain(kept, older.draws_front, taken, younger.draws_front);
  budget_.spend(active_.size());
  for (Bound* const bound : active_) {
    if (bound->ring != taken) continue;
    bound->ring = kept;
    bound->draws_front = older.draws_front;
    break;
  }
}

}  // namespace hpinfer::postprocess::sweep

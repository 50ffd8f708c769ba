// Horizontal edges: they cross, at one level, the bounds between their two ends.
#include <algorithm>

#include "postprocess/sweep_line.h"

namespace hpinfer::postprocess::sweep {

void SweepLine::pass_horizontals() {
  while (!horizontals_.empty()) {
    Bound& bound = *horizontals_.back();
    horizontals_.pop_back();
    pass_horizontal(bound);
  }
}

void SweepLine::pass_horizontal(Bound& bound) {
  Index touched = kNone;
  if (sweep_along(bound, touched)) return;
  if (bound.ring != kNone && touched == kNone)
    note_level_joins(bound, outlines_.end_of(bound.ring, bound.draws_front), bound.edge->top);
  if (!bound.is_at_last()) {
    leave_horizontal(bound);
    return;
  }
  if (bound.ring != kNone) draw(bound, bound.edge->top);
  remove(bound);
}

// True if the edge led to a peak, which is closed then. `touched` gets the last vertex drawn.
bool SweepLine::sweep_along(Bound& bound, Index& touched) {
  const Edge& edge = *bound.edge;
  const bool leads_right = edge.bottom.x < edge.top.x;
  const std::ptrdiff_t step = leads_right ? 1 : -1;
  for (Bound* met = neighbour(bound, step); met != nullptr; met = neighbour(bound, step)) {
    budget_.spend(1);
    if (leads_right ? met->x > edge.top.x : met->x < edge.top.x) break;
    // At the end of the edge those further along are left where they are.
    if (met->x == edge.top.x && !bound.is_at_last() && met->edge->slope < bound.edge[1].slope)
      break;
    if (bound.ring != kNone) {
      touched = draw(bound, {met->x, level_});
      note_level_joins(bound, touched, edge.bottom);
    }
    if (bound.is_at_last() && met == bound.partner && met->is_at_last()) {
      if (bound.ring != kNone) close_ring(bound, *met, edge.top);
      remove(bound);
      remove(*met);
      return true;
    }
    const Point point{met->x, level_};
    if (leads_right)
      cross(bound, *met, point);
    else
      cross(*met, bound, point);
    swap_places(bound, *met);
  }
  return false;
}

// The edge may lie on horizontal edges still to be passed, or on one that begins at this level.
void SweepLine::note_level_joins(const Bound& bound, Index vertex, const Point& ghost_end) {
  const Edge& edge = *bound.edge;
  budget_.spend(horizontals_.size());
  for (std::size_t i = horizontals_.size(); i-- > 0;) {
    const Bound& other = *horizontals_[i];
    if (other.ring == kNone ||
        !overlap(edge.bottom.x, edge.top.x, other.edge->bottom.x, other.edge->top.x))
      continue;
    join(outlines_.end_of(other.ring, other.draws_front), vertex, other.edge->top);
  }
  ghosts_.push_back({vertex, kNone, ghost_end});
}

void SweepLine::leave_horizontal(Bound& bound) {
  if (bound.ring == kNone) {
    climb(bound);
    return;
  }
  const Index vertex = draw(bound, bound.edge->top);
  climb(bound);
  const Edge& edge = *bound.edge;
  for (const std::ptrdiff_t step : {-1, 1}) {
    Bound* const beside = neighbour(bound, step);
    if (!runs_along(bound, beside) ||
        !parallel(edge.bottom, edge.top, beside->edge->bottom, beside->edge->top))
      continue;
    join(vertex, draw(*beside, edge.bottom), edge.top);
    return;
  }
}

}  // namespace hpinfer::postprocess::sweep

#include "postprocess/sweep.h"

#include <algorithm>

#include "postprocess/sweep_line.h"

namespace hpinfer::postprocess {
namespace sweep {

bool SweepLine::run() {
  if (levels_.empty()) return true;
  level_ = levels_.front();
  open_valleys();
  for (std::size_t i = 1; i < levels_.size() && !is_entangled_; ++i) {
    budget_.spend(active_.size());
    pass(levels_[i]);
    open_valleys();
  }
  return !is_entangled_;
}

void SweepLine::pass(std::int64_t top) {
  pass_horizontals();
  ghosts_.clear();
  pass_crossings(top);
  if (is_entangled_) return;
  level_ = top;
  pass_ends(top);
  if (is_entangled_) return;
  pass_horizontals();
  pass_corners(top);
}

std::vector<Polygon> SweepLine::polygons(bool reversed) {
  outlines_.orient(reversed);
  outlines_.join_common_edges(joins_, reversed);
  outlines_.thin();
  return outlines_.polygons();
}

void SweepLine::open_valleys() {
  while (next_valley_ < valleys_.size() && valleys_[next_valley_].y == level_)
    open_valley(valleys_[next_valley_++]);
}

void SweepLine::open_valley(const Valley& valley) {
  Bound& left = *valley.left;
  Bound& right = *valley.right;
  const Point foot = left.edge->bottom;
  left.x = right.x = foot.x;
  insert(left, 0);
  insert(right, static_cast<std::size_t>(left.place) + 1);
  const Bound* before = neighbour(left, -1);
  left.before = before == nullptr ? 0 : before->before + before->turn;
  right.before = left.before + left.turn;
  const Index vertex = left.is_border() ? open_ring(left, right, foot) : kNone;
  if (right.edge->is_level()) horizontals_.push_back(&right);
  if (vertex != kNone) join_at_valley(valley, vertex);
  for (std::ptrdiff_t place = left.place + 1; place < right.place; ++place)
    cross(right, *active_[static_cast<std::size_t>(place)], foot);
}

// The new ring may begin on an edge that is there.
void SweepLine::join_at_valley(const Valley& valley, Index vertex) {
  const Bound& left = *valley.left;
  const Bound& right = *valley.right;
  const Point foot = left.edge->bottom;
  if (right.edge->is_level()) {
    budget_.spend(ghosts_.size());
    for (const Join& ghost : ghosts_) {
      if (overlap(outlines_.point_of(ghost.first).x, ghost.beyond.x, foot.x, right.edge->top.x))
        join(ghost.first, vertex, ghost.beyond);
    }
  }
  Bound* const before = neighbour(left, -1);
  if (left.ring != kNone && before != nullptr && before->x == foot.x && before->ring != kNone &&
      parallel(before->edge->bottom, before->edge->top, foot, left.edge->top))
    join(vertex, draw(*before, foot), left.edge->top);
  Bound* const inner = neighbour(right, -1);
  if (inner != &left && right.ring != kNone && inner->ring != kNone &&
      parallel({inner->x, level_}, inner->edge->top, foot, right.edge->top))
    join(vertex, draw(*inner, foot), right.edge->top);
}

namespace {

// Whether a bound at the same place or further right comes before one that is there already.
bool comes_before(const Bound& bound, const Bound& present) {
  if (bound.x != present.x) return bound.x < present.x;
  const Point& top = bound.edge->top;
  const Point& present_top = present.edge->top;
  return top.y > present_top.y ? top.x < present.edge->x_at(top.y)
                               : present_top.x > bound.edge->x_at(present_top.y);
}

}  // namespace

void SweepLine::insert(Bound& bound, std::size_t from) {
  std::size_t place = from;
  while (place < active_.size() && !comes_before(bound, *active_[place])) ++place;
  active_.insert(active_.begin() + static_cast<std::ptrdiff_t>(place), &bound);
  budget_.spend(active_.size() / kMovedAtOnce);
  for (; place < active_.size(); ++place)
    active_[place]->place = static_cast<std::ptrdiff_t>(place);
}

// Bounds that end in a point at this level are closed; the others are moved to it. Peaks with a
// horizontal edge wait until it is passed.
void SweepLine::pass_ends(std::int64_t top) {
  for (std::size_t i = 0; i < active_.size() && !is_entangled_;) {
    Bound& bound = *active_[i];
    const bool ends = bound.edge->top.y == top;
    if (ends && bound.is_at_last() && !bound.partner->last->is_level()) {
      close_peak(bound);
      continue;
    }
    ++i;
    if (!ends || bound.is_at_last() || !bound.edge[1].is_level()) {
      bound.x = bound.edge->x_at(top);
      continue;
    }
    climb(bound);
    if (bound.ring != kNone) draw(bound, bound.edge->bottom);
    horizontals_.push_back(&bound);
  }
}

// Bounds between the two that meet are crossed.
void SweepLine::close_peak(Bound& bound) {
  const Point peak = bound.edge->top;
  Bound& partner = *bound.partner;
  if (!partner.is_active() || !partner.is_at_last()) {
    if (bound.ring != kNone) draw(bound, peak);
    remove(bound);
    return;
  }
  for (Bound* next = neighbour(bound, 1); next != nullptr && next != &partner;
       next = neighbour(bound, 1)) {
    cross(bound, *next, peak);
    swap_places(bound, *next);
  }
  if (bound.ring != kNone || partner.ring != kNone) close_ring(bound, partner, peak);
  remove(bound);
  remove(partner);
}

// Bounds go on to their next edge, which may lie on one that a neighbour is at.
void SweepLine::pass_corners(std::int64_t top) {
  for (Bound* const bound : active_) {
    if (bound->edge->top.y != top || bound->is_at_last()) continue;
    const Index vertex = bound->ring != kNone ? draw(*bound, bound->edge->top) : kNone;
    climb(*bound);
    if (vertex == kNone) continue;
    const Point corner = bound->edge->bottom;
    for (const std::ptrdiff_t step : {-1, 1}) {
      Bound* const beside = neighbour(*bound, step);
      if (!runs_along(*bound, beside) ||
          !parallel(corner, bound->edge->top, {beside->x, level_}, beside->edge->top))
        continue;
      join(vertex, draw(*beside, corner), bound->edge->top);
      break;
    }
  }
}

}  // namespace sweep

std::vector<Polygon> union_outlines(std::span<const Polygon> paths, Winding winding) {
  const bool reversed = winding == Winding::kNegative;
  sweep::Terrain terrain;
  for (const Polygon& path : paths) terrain.add(path, reversed ? -1 : 1);
  sweep::StepBudget budget;
  sweep::SweepLine line(terrain, budget);
  if (!line.run()) return {};
  return line.polygons(reversed);
}

}  // namespace hpinfer::postprocess

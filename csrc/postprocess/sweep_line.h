// The moving part of the polygon sweep. One object a run. Private to the sweep*.cc files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "postprocess/outlines.h"
#include "postprocess/sweep_bounds.h"
#include "postprocess/sweep_geometry.h"

namespace hpinfer::postprocess::sweep {

// Two bounds that change places. `left` is on the left until then.
struct Crossing {
  Bound* left = nullptr;
  Bound* right = nullptr;
  Point point;
};

class SweepLine {
 public:
  SweepLine(Terrain& terrain, StepBudget& budget)
      : valleys_(terrain.valleys()),
        levels_(terrain.levels()),
        budget_(budget),
        outlines_(budget) {}

  // From the lowest level to the highest. False if rounding has entangled the bounds.
  bool run();

  std::vector<Polygon> polygons(bool reversed);

 private:
  // sweep.cc: levels, valleys, peaks.
  void pass(std::int64_t top);
  void open_valleys();
  void open_valley(const Valley& valley);
  void join_at_valley(const Valley& valley, Index vertex);
  void insert(Bound& bound, std::size_t from);
  void pass_ends(std::int64_t top);
  void close_peak(Bound& bound);
  void pass_corners(std::int64_t top);

  // sweep_crossings.cc: crossings between two levels.
  void pass_crossings(std::int64_t top);
  void list_crossings(std::int64_t top);
  bool order_crossings();
  Point crossing_point(const Bound& left, const Bound& right, std::int64_t top) const;

  // sweep_horizontals.cc
  void pass_horizontals();
  void pass_horizontal(Bound& bound);
  bool sweep_along(Bound& bound, Index& touched);
  void leave_horizontal(Bound& bound);
  void note_level_joins(const Bound& bound, Index vertex, const Point& ghost_end);

  // sweep_drawing.cc: what the result gets.
  void cross(Bound& left, Bound& right, const Point& point);
  Index draw(Bound& bound, const Point& point);
  Index open_ring(Bound& one, Bound& other, const Point& point);
  void close_ring(Bound& one, Bound& other, const Point& point);
  Index ring_around(const Bound& bound);

  Bound* neighbour(const Bound& bound, std::ptrdiff_t step) const;
  void swap_places(Bound& one, Bound& other);
  void remove(Bound& bound);
  void climb(Bound& bound);
  void join(Index first, Index second, const Point& beyond);
  bool runs_along(const Bound& bound, const Bound* other) const;

  static constexpr std::size_t kMovedAtOnce = 4;  // bounds renumbered in the time of a step

  std::vector<Valley> valleys_;
  std::size_t next_valley_ = 0;
  std::vector<std::int64_t> levels_;
  std::int64_t level_ = 0;
  bool is_entangled_ = false;
  std::vector<Bound*> active_;       // the bounds that pass this level, from the left
  std::vector<Bound*> horizontals_;  // a stack: those of them at a horizontal edge
  std::vector<Bound*> order_;        // at the next level
  std::vector<Crossing> crossings_;  // between this level and the next
  std::vector<Join> joins_;
  std::vector<Join> ghosts_;  // horizontal edges done at this level, for those that begin on it
  StepBudget& budget_;
  Outlines outlines_;
};

}  // namespace hpinfer::postprocess::sweep

#include "postprocess/sweep_bounds.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace hpinfer::postprocess::sweep {
namespace {

struct Neighbours {
  std::size_t previous;
  std::size_t next;
};

// A path of which single points can be dropped.
class Thinning {
 public:
  explicit Thinning(std::span<const Point2i> path) {
    while (path.size() > 1 && path.back() == path.front()) path = path.first(path.size() - 1);
    while (path.size() > 1 && path.back() == path[path.size() - 2])
      path = path.first(path.size() - 1);
    const std::size_t count = path.size();
    points_.reserve(count);
    links_.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      points_.push_back({path[i].x, path[i].y});
      links_.push_back({i == 0 ? count - 1 : i - 1, i + 1 == count ? 0 : i + 1});
    }
  }

  // Goes round until nothing was dropped since the last visit. After a straight corner the one
  // before it is looked at again: it may have become straight.
  std::vector<Point> run() {
    if (points_.size() < 3) return {};
    std::size_t at = 0;
    std::size_t end = 0;
    do {
      const auto [previous, next] = links_[at];
      if (at != next && points_[at] == points_[next]) {
        at = end = drop(at, next);
        continue;
      }
      if (previous == next) return {};
      if (collinear(points_[previous], points_[at], points_[next])) {
        at = end = drop(at, previous);
        continue;
      }
      at = next;
      if (at == end) return rest();
    } while (true);
  }

 private:
  std::size_t drop(std::size_t at, std::size_t go_on) {
    const auto [previous, next] = links_[at];
    if (at == start_) start_ = next;
    links_[previous].next = next;
    links_[next].previous = previous;
    return go_on;
  }

  std::vector<Point> rest() const {
    std::vector<Point> result;
    result.reserve(points_.size());
    std::size_t at = start_;
    do {
      result.push_back(points_[at]);
      at = links_[at].next;
    } while (at != start_);
    return result;
  }

  std::vector<Point> points_;
  std::vector<Neighbours> links_;
  std::size_t start_ = 0;
};

}  // namespace

// One path while it is cut. No two neighbouring edges are horizontal: their corner is straight.
struct Terrain::Outline {
  std::vector<Point> corners;
  std::vector<Edge>& edges;
  std::vector<Bound*> at_peak;  // the bound that ended at a corner

  std::size_t forward(std::size_t i) const { return i + 1 == corners.size() ? 0 : i + 1; }
  std::size_t backward(std::size_t i) const { return (i == 0 ? corners.size() : i) - 1; }
  std::size_t go(std::size_t i, bool is_forward) const {
    return is_forward ? forward(i) : backward(i);
  }
};

// A horizontal edge at the peak belongs to the bound that reaches its left end.
Bound* Terrain::climb(Outline& outline, std::size_t foot, bool is_forward) {
  const std::size_t first = outline.edges.size();
  std::size_t at = foot;
  for (std::size_t to = outline.go(at, is_forward); outline.corners[to].y <= outline.corners[at].y;
       to = outline.go(to, is_forward)) {
    const Point& bottom = outline.corners[at];
    const Point& top = outline.corners[to];
    if (bottom.y == top.y && top.x < bottom.x &&
        outline.corners[outline.go(to, is_forward)].y > top.y)
      break;
    outline.edges.push_back({bottom, top, slope(bottom, top)});
    at = to;
  }
  Bound& bound = bounds_.emplace_back();
  bound.edge = &outline.edges[first];
  bound.last = &outline.edges.back();
  bound.partner = std::exchange(outline.at_peak[at], &bound);
  if (bound.partner != nullptr) bound.partner->partner = &bound;
  return &bound;
}

void Terrain::add_valley(Outline& outline, std::size_t foot, int sense) {
  Bound* forward = climb(outline, foot, true);
  Bound* backward = climb(outline, foot, false);
  forward->turn = sense;
  backward->turn = -sense;
  const std::int64_t y = outline.corners[foot].y;
  if (forward->edge->slope < backward->edge->slope)
    valleys_.push_back({y, backward, forward});
  else
    valleys_.push_back({y, forward, backward});
}

void Terrain::add(std::span<const Point2i> path, int sense) {
  std::vector<Point> corners = Thinning(path).run();
  const std::size_t count = corners.size();
  if (count == 0) return;
  Outline outline{std::move(corners), edges_.emplace_back(), std::vector<Bound*>(count)};
  outline.edges.reserve(count);  // bounds point into it
  for (std::size_t i = 0; i < count; ++i) {
    const Point& here = outline.corners[i];
    const std::size_t next = outline.forward(i);
    const Point& after = outline.corners[next];
    if (outline.corners[outline.backward(i)].y >= here.y || after.y > here.y) continue;
    if (after.y < here.y) {
      add_valley(outline, i, sense);
    } else if (outline.corners[outline.forward(next)].y < here.y) {
      add_valley(outline, after.x < here.x ? next : i, sense);
    }
  }
}

std::vector<Valley> Terrain::valleys() const {
  std::vector<Valley> sorted = valleys_;
  std::sort(sorted.begin(), sorted.end(),
            [](const Valley& a, const Valley& b) { return a.y > b.y; });
  return sorted;
}

std::vector<std::int64_t> Terrain::levels() const {
  std::vector<std::int64_t> result;
  for (const std::vector<Edge>& path : edges_) {
    result.reserve(result.size() + path.size() + valleys_.size());
    for (const Edge& edge : path) {
      if (!edge.is_level()) result.push_back(edge.top.y);
    }
  }
  for (const Valley& valley : valleys_) result.push_back(valley.y);
  std::sort(result.begin(), result.end(), std::greater<>());
  result.erase(std::unique(result.begin(), result.end()), result.end());
  return result;
}

}  // namespace hpinfer::postprocess::sweep

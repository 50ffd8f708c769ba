#include "postprocess/arrangement.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <tuple>

namespace hpinfer::postprocess {
namespace {

__extension__ typedef __int128 Wide;

struct Direction {
  std::int64_t x;
  std::int64_t y;
};

std::int64_t cross(const Direction& a, const Direction& b) { return a.x * b.y - a.y * b.x; }

Direction between(const Point2i& from, const Point2i& to) {
  return {std::int64_t{to.x} - from.x, std::int64_t{to.y} - from.y};
}

struct Segment {
  Point2i a;
  Point2i b;
  Direction along() const { return between(a, b); }
  int top() const { return std::min(a.y, b.y); }
  int bottom() const { return std::max(a.y, b.y); }
  int left() const { return std::min(a.x, b.x); }
  int right() const { return std::max(a.x, b.x); }
};

Node node_at(const Point2i& p) { return {p.x, p.y, 1}; }

// The point that two segments of different directions share.
std::optional<Node> crossing(const Segment& s, const Segment& t) {
  std::int64_t scale = cross(s.along(), t.along());
  std::int64_t on_s = cross(between(s.a, t.a), t.along());
  std::int64_t on_t = cross(between(s.a, t.a), s.along());
  if (scale < 0) {
    scale = -scale;
    on_s = -on_s;
    on_t = -on_t;
  }
  if (on_s < 0 || on_s > scale || on_t < 0 || on_t > scale) return std::nullopt;
  Node node{s.a.x * scale + s.along().x * on_s, s.a.y * scale + s.along().y * on_s, scale};
  const std::int64_t common = std::gcd(std::gcd(node.x, node.y), scale);
  return Node{node.x / common, node.y / common, node.scale / common};
}

bool lies_within(const Point2i& p, const Segment& s) {
  return p.x >= s.left() && p.x <= s.right() && p.y >= s.top() && p.y <= s.bottom();
}

// Calls visit(i, j) for all pairs of segments whose boxes touch, i < j in order of their tops.
template <typename Visit>
void for_each_close_pair(const std::vector<Segment>& segments, Visit visit) {
  std::vector<std::size_t> order(segments.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) {
    return segments[i].top() != segments[j].top() ? segments[i].top() < segments[j].top() : i < j;
  });
  std::vector<std::size_t> open;
  for (const std::size_t j : order) {
    const Segment& s = segments[j];
    std::erase_if(open, [&](std::size_t i) { return segments[i].bottom() < s.top(); });
    for (const std::size_t i : open) {
      if (segments[i].left() <= s.right() && s.left() <= segments[i].right()) visit(i, j);
    }
    open.push_back(j);
  }
}

std::vector<Segment> segments_of(std::span<const Point2i> path) {
  std::vector<Segment> segments;
  for (std::size_t i = 0; i < path.size(); ++i)
    segments.push_back({path[i], path[i + 1 < path.size() ? i + 1 : 0]});
  return segments;
}

// A node on a segment.
struct Incidence {
  std::size_t segment;
  Node node;
  std::optional<std::size_t> other = {};  // the segment that it crosses there
};

// All nodes of all segments: their ends, crossings, and touches.
std::vector<Incidence> incidences_of(const std::vector<Segment>& segments) {
  std::vector<Incidence> found;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    found.push_back({i, node_at(segments[i].a)});
    found.push_back({i, node_at(segments[i].b)});
  }
  for_each_close_pair(segments, [&](std::size_t i, std::size_t j) {
    const Segment& s = segments[i];
    const Segment& t = segments[j];
    if (cross(s.along(), t.along()) != 0) {
      const std::optional<Node> node = crossing(s, t);
      if (!node) return;
      found.push_back({i, *node, j});
      found.push_back({j, *node, i});
    } else if (cross(s.along(), between(s.a, t.a)) == 0) {
      for (const Point2i& p : {s.a, s.b})
        if (lies_within(p, t)) found.push_back({j, node_at(p)});
      for (const Point2i& p : {t.a, t.b})
        if (lies_within(p, s)) found.push_back({i, node_at(p)});
    }
  });
  return found;
}

bool less_by_x(const Node& a, const Node& b) { return Wide{a.x} * b.scale < Wide{b.x} * a.scale; }
bool less_by_y(const Node& a, const Node& b) { return Wide{a.y} * b.scale < Wide{b.y} * a.scale; }

// From left to right, then from top to bottom.
bool less_by_place(const Node& a, const Node& b) {
  if (less_by_x(a, b)) return true;
  return !less_by_x(b, a) && less_by_y(a, b);
}

// Ascending angle from just past -180 degrees to 180 degrees, exact.
bool less_by_angle(const HalfEdge& a, const HalfEdge& b) {
  const auto half = [](const HalfEdge& e) { return e.dy < 0 ? 0 : e.dy > 0 || e.dx < 0 ? 2 : 1; };
  // 0: below the x axis, 1: along +x, 2: above the x axis or along -x.
  if (half(a) != half(b)) return half(a) < half(b);
  return a.dx * b.dy - a.dy * b.dx > 0;
}

// One half-edge for each step of the path between neighbouring nodes.
std::vector<HalfEdge> steps_of(const std::vector<Segment>& segments,
                               std::vector<Incidence>& incidences, const std::vector<Node>& nodes) {
  std::sort(incidences.begin(), incidences.end(), [&](const Incidence& a, const Incidence& b) {
    if (a.segment != b.segment) return a.segment < b.segment;
    const Direction along = segments[a.segment].along();
    if (along.x != 0) return along.x > 0 ? less_by_x(a.node, b.node) : less_by_x(b.node, a.node);
    return along.y > 0 ? less_by_y(a.node, b.node) : less_by_y(b.node, a.node);
  });
  const auto id = [&](const Node& node) {
    return static_cast<std::size_t>(
        std::lower_bound(nodes.begin(), nodes.end(), node, less_by_place) - nodes.begin());
  };
  std::vector<HalfEdge> steps;
  for (std::size_t k = 0; k + 1 < incidences.size(); ++k) {
    if (incidences[k].segment != incidences[k + 1].segment) continue;
    if (incidences[k].node == incidences[k + 1].node) continue;
    const Direction along = segments[incidences[k].segment].along();
    const std::size_t from = id(incidences[k].node);
    const std::size_t to = id(incidences[k + 1].node);
    steps.push_back({.from = from, .to = to, .dx = along.x, .dy = along.y, .net = 1});
    steps.push_back({.from = to, .to = from, .dx = -along.x, .dy = -along.y, .net = -1});
  }
  return steps;
}

// Makes one piece of steps that run along the same piece, and pairs each with its twin.
std::vector<HalfEdge> merge_steps(std::vector<HalfEdge> steps) {
  std::sort(steps.begin(), steps.end(), [](const HalfEdge& a, const HalfEdge& b) {
    return std::tie(a.from, a.to) < std::tie(b.from, b.to);
  });
  std::vector<HalfEdge> edges;
  for (const HalfEdge& step : steps) {
    if (!edges.empty() && edges.back().from == step.from && edges.back().to == step.to)
      edges.back().net += step.net;
    else
      edges.push_back(step);
  }
  std::sort(edges.begin(), edges.end(), [](const HalfEdge& a, const HalfEdge& b) {
    return a.from != b.from ? a.from < b.from : less_by_angle(a, b);
  });
  std::vector<std::size_t> by_ends(edges.size());
  std::iota(by_ends.begin(), by_ends.end(), std::size_t{0});
  std::sort(by_ends.begin(), by_ends.end(), [&](std::size_t a, std::size_t b) {
    return std::tie(edges[a].from, edges[a].to) < std::tie(edges[b].from, edges[b].to);
  });
  for (HalfEdge& edge : edges) {
    const auto twin = std::lower_bound(
        by_ends.begin(), by_ends.end(), edge, [&](std::size_t i, const HalfEdge& e) {
          return std::tie(edges[i].from, edges[i].to) < std::tie(e.to, e.from);
        });
    edge.twin = *twin;
  }
  return edges;
}

// Winding numbers around a node, given the one on the right of its edge `known`.
void wind_around(Arrangement& plane, std::size_t node, std::size_t known, int right) {
  const std::size_t begin = plane.starts[node];
  const std::size_t end = plane.starts[node + 1];
  std::size_t i = known;
  do {
    plane.edges[i].right = right;
    right += plane.edges[i].net;
    plane.edges[i].left = right;
    i = i + 1 == end ? begin : i + 1;
  } while (i != known);
}

// Spreads the winding numbers from the leftmost node, which has the outside on its left.
void wind(Arrangement& plane) {
  std::vector<bool> reached(plane.nodes.size());
  std::vector<std::size_t> pending{0};
  reached[0] = true;
  wind_around(plane, 0, plane.starts[0], 0);
  while (!pending.empty()) {
    const std::size_t node = pending.back();
    pending.pop_back();
    for (std::size_t i = plane.starts[node]; i < plane.starts[node + 1]; ++i) {
      const HalfEdge& edge = plane.edges[i];
      if (reached[edge.to]) continue;
      reached[edge.to] = true;
      wind_around(plane, edge.to, edge.twin, edge.left);
      pending.push_back(edge.to);
    }
  }
}

}  // namespace

bool meets_itself(std::span<const Point2i> path) {
  const std::vector<Segment> segments = segments_of(path);
  const std::size_t count = segments.size();
  bool found = false;
  for_each_close_pair(segments, [&](std::size_t i, std::size_t j) {
    if (found) return;
    const bool neighbours = (i + 1) % count == j || (j + 1) % count == i;
    const Segment& s = segments[i];
    const Segment& t = segments[j];
    if (cross(s.along(), t.along()) == 0)
      found = cross(s.along(), between(s.a, t.a)) == 0;
    else
      found = !neighbours && crossing(s, t).has_value();
  });
  return found;
}

namespace {

// What crosses at each node; nothing where the path has a corner.
void note_meetings(const std::vector<Incidence>& incidences, std::span<const Point2i> path,
                   Arrangement& plane) {
  const auto id = [&](const Node& node) {
    return static_cast<std::size_t>(
        std::lower_bound(plane.nodes.begin(), plane.nodes.end(), node, less_by_place) -
        plane.nodes.begin());
  };
  plane.meetings.resize(plane.nodes.size());
  for (const Incidence& incidence : incidences)
    if (incidence.other) plane.meetings[id(incidence.node)] = {incidence.segment, *incidence.other};
  for (const Point2i& corner : path) plane.meetings[id(node_at(corner))].reset();
}

}  // namespace

Arrangement arrange(std::span<const Point2i> path) {
  const std::vector<Segment> segments = segments_of(path);
  std::vector<Incidence> incidences = incidences_of(segments);
  Arrangement plane;
  for (const Incidence& incidence : incidences) plane.nodes.push_back(incidence.node);
  std::sort(plane.nodes.begin(), plane.nodes.end(), less_by_place);
  plane.nodes.erase(std::unique(plane.nodes.begin(), plane.nodes.end()), plane.nodes.end());
  note_meetings(incidences, path, plane);
  plane.edges = merge_steps(steps_of(segments, incidences, plane.nodes));
  plane.starts.assign(plane.nodes.size() + 1, 0);
  for (const HalfEdge& edge : plane.edges) ++plane.starts[edge.from + 1];
  std::partial_sum(plane.starts.begin(), plane.starts.end(), plane.starts.begin());
  if (!plane.edges.empty()) wind(plane);
  return plane;
}

}  // namespace hpinfer::postprocess

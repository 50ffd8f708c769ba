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
  return Node{s.a.x * scale + s.along().x * on_s, s.a.y * scale + s.along().y * on_s, scale};
}

bool lies_within(const Point2i& p, const Segment& s) {
  return p.x >= s.left() && p.x <= s.right() && p.y >= s.top() && p.y <= s.bottom();
}

// Calls visit(i, j) for all pairs of segments whose boxes touch. A line of text is wide and low: so
// the pairs are looked for along x.
template <typename Visit>
void for_each_close_pair(const std::vector<Segment>& segments, Visit visit) {
  std::vector<std::size_t> order(segments.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) {
    return segments[i].left() != segments[j].left() ? segments[i].left() < segments[j].left()
                                                    : i < j;
  });
  std::vector<std::size_t> open;
  for (const std::size_t j : order) {
    const Segment& s = segments[j];
    std::erase_if(open, [&](std::size_t i) { return segments[i].right() < s.left(); });
    for (const std::size_t i : open) {
      if (segments[i].top() <= s.bottom() && s.top() <= segments[i].bottom()) visit(i, j);
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
  Incidence(std::size_t on, const Node& at, std::optional<std::size_t> crossed = {})
      : segment(on),
        node(at),
        other(crossed),
        near_x(static_cast<double>(at.x) / static_cast<double>(at.scale)),
        near_y(static_cast<double>(at.y) / static_cast<double>(at.scale)) {}

  std::size_t segment;
  Node node;
  std::optional<std::size_t> other;  // the segment that it crosses there
  double near_x;                     // the place, rounded
  double near_y;
  std::size_t id = 0;  // position of the node among all nodes, sorted by place
};

bool are_neighbours(std::size_t i, std::size_t j, std::size_t count) {
  return (i + 1) % count == j || (j + 1) % count == i;
}

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
      if (are_neighbours(i, j, segments.size())) return;  // they share a corner, known already
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

// Sign of a/scale_a - b/scale_b, where doubles close to the two may decide.
int compare(double near_a, double near_b, const Wide& a, const Wide& b) {
  constexpr double kSurelyApart = 1e-6;
  if (near_a - near_b > kSurelyApart) return 1;
  if (near_b - near_a > kSurelyApart) return -1;
  return (a > b) - (a < b);
}

// From left to right, then from top to bottom.
int compare_places(const Incidence& a, const Incidence& b) {
  const Node& p = a.node;
  const Node& q = b.node;
  const int across = compare(a.near_x, b.near_x, Wide{p.x} * q.scale, Wide{q.x} * p.scale);
  if (across != 0) return across;
  return compare(a.near_y, b.near_y, Wide{p.y} * q.scale, Wide{q.y} * p.scale);
}

// Sorts the incidences by place and numbers the places; returns one node for each.
std::vector<Node> number_nodes(std::vector<Incidence>& incidences) {
  std::sort(incidences.begin(), incidences.end(),
            [](const Incidence& a, const Incidence& b) { return compare_places(a, b) < 0; });
  std::vector<Node> nodes;
  for (std::size_t k = 0; k < incidences.size(); ++k) {
    if (k == 0 || compare_places(incidences[k - 1], incidences[k]) != 0)
      nodes.push_back(incidences[k].node);
    incidences[k].id = nodes.size() - 1;
  }
  return nodes;
}

// Ascending angle from just past -180 degrees to 180 degrees, exact.
bool less_by_angle(const HalfEdge& a, const HalfEdge& b) {
  const auto half = [](const HalfEdge& e) { return e.dy < 0 ? 0 : e.dy > 0 || e.dx < 0 ? 2 : 1; };
  // 0: below the x axis, 1: along +x, 2: above the x axis or along -x.
  if (half(a) != half(b)) return half(a) < half(b);
  return a.dx * b.dy - a.dy * b.dx > 0;
}

// Half-edges for each step of the path between neighbouring nodes, both ways.
std::vector<HalfEdge> steps_of(const std::vector<Segment>& segments,
                               std::vector<Incidence>& incidences) {
  // Along a segment the numbers of the nodes rise or fall throughout, since places are sorted.
  std::sort(incidences.begin(), incidences.end(), [](const Incidence& a, const Incidence& b) {
    return std::tie(a.segment, a.id) < std::tie(b.segment, b.id);
  });
  std::vector<HalfEdge> steps;
  for (std::size_t k = 0; k + 1 < incidences.size(); ++k) {
    const std::size_t low = incidences[k].id;
    const std::size_t high = incidences[k + 1].id;
    if (incidences[k].segment != incidences[k + 1].segment || low == high) continue;
    const Direction along = segments[incidences[k].segment].along();
    const bool rising = along.x != 0 ? along.x > 0 : along.y > 0;
    const std::size_t from = rising ? low : high;
    const std::size_t to = rising ? high : low;
    steps.push_back({.from = from, .to = to, .dx = along.x, .dy = along.y, .net = 1});
    steps.push_back({.from = to, .to = from, .dx = -along.x, .dy = -along.y, .net = -1});
  }
  return steps;
}

// Makes one piece of steps along the same piece, in order of their starts.
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
  return edges;
}

// Finds where each node's edges start, sorts them by angle and pairs the two views of each piece.
void index_edges(Arrangement& plane) {
  plane.starts.assign(plane.nodes.size() + 1, 0);
  for (const HalfEdge& edge : plane.edges) ++plane.starts[edge.from + 1];
  std::partial_sum(plane.starts.begin(), plane.starts.end(), plane.starts.begin());
  const auto at = [&](std::size_t i) {
    return plane.edges.begin() + static_cast<std::ptrdiff_t>(plane.starts[i]);
  };
  for (std::size_t node = 0; node < plane.nodes.size(); ++node)
    std::sort(at(node), at(node + 1), less_by_angle);
  for (HalfEdge& edge : plane.edges) {
    const auto twin = std::find_if(at(edge.to), at(edge.to + 1),
                                   [&](const HalfEdge& e) { return e.to == edge.from; });
    edge.twin = static_cast<std::size_t>(twin - plane.edges.begin());
  }
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
    const Segment& s = segments[i];
    const Segment& t = segments[j];
    if (cross(s.along(), t.along()) == 0)
      found = cross(s.along(), between(s.a, t.a)) == 0;
    else
      found = !are_neighbours(i, j, count) && crossing(s, t).has_value();
  });
  return found;
}

namespace {

// What crosses at each node; nothing where the path has a corner.
void note_meetings(const std::vector<Incidence>& incidences, Arrangement& plane) {
  plane.meetings.resize(plane.nodes.size());
  for (const Incidence& incidence : incidences)
    if (incidence.other) plane.meetings[incidence.id] = {incidence.segment, *incidence.other};
  for (const Incidence& incidence : incidences)
    if (!incidence.other) plane.meetings[incidence.id].reset();
}

}  // namespace

Arrangement arrange(std::span<const Point2i> path) {
  const std::vector<Segment> segments = segments_of(path);
  std::vector<Incidence> incidences = incidences_of(segments);
  Arrangement plane;
  plane.nodes = number_nodes(incidences);
  note_meetings(incidences, plane);
  plane.edges = merge_steps(steps_of(segments, incidences));
  index_edges(plane);
  if (!plane.edges.empty()) wind(plane);
  return plane;
}

}  // namespace hpinfer::postprocess

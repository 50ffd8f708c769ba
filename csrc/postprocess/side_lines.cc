#include "postprocess/side_lines.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>

namespace hpinfer::postprocess {
namespace {

constexpr double kPi = std::numbers::pi;
constexpr double kEpsilon = 1e-8;

double length(const Point2d& v) { return std::sqrt(v.x * v.x + v.y * v.y); }

Point2d between(const Point2i& from, const Point2i& to) {
  return {static_cast<double>(to.x - from.x), static_cast<double>(to.y - from.y)};
}

double distance(const Point2i& a, const Point2i& b) { return length(between(a, b)); }

Point2d unit(const Point2d& v) {
  const double size = length(v) + kEpsilon;
  return {v.x / size, v.y / size};
}

double angle(const Point2d& a, const Point2d& b) {
  const Point2d u = unit(a);
  const Point2d v = unit(b);
  return std::acos(std::clamp(u.x * v.x + u.y * v.y, -1.0, 1.0));
}

std::vector<double> edge_distances(std::span<const Point2i> points) {
  const auto count = static_cast<double>(points.size());
  Point2d center;
  for (const Point2i& p : points) {
    center.x += p.x;
    center.y += p.y;
  }
  center = {center.x / count, center.y / count};
  const auto from_center = [&](const Point2i& p) {
    return length({p.x - center.x, p.y - center.y});
  };
  std::vector<double> distances(points.size());
  for (std::size_t i = 0; i < points.size(); ++i)
    distances[i] = std::max(from_center(points[(i + 1) % points.size()]), from_center(points[i]));
  return distances;
}

// How much each edge looks like a head or a tail.
std::vector<double> edge_scores(std::span<const Point2i> points) {
  const std::size_t count = points.size();
  std::vector<Point2d> edges(count);
  for (std::size_t i = 0; i < count; ++i) edges[i] = between(points[i], points[(i + 1) % count]);
  const std::vector<double> distances = edge_distances(points);
  const double farthest = *std::max_element(distances.begin(), distances.end());
  std::vector<double> scores(count);
  for (std::size_t i = 0; i < count; ++i) {
    const Point2d& before = edges[(i + count - 1) % count];
    const Point2d& after = edges[(i + 1) % count];
    const double corners = (angle(edges[i], before) + angle(edges[i], after)) / kPi;
    const double turn = angle(before, after) / kPi;
    scores[i] = 0.5 * corners + 0.15 * turn;
    scores[i] += 0.35 * (distances[i] / farthest);
    const bool favoured = count % 2 == 0 && (i == count / 2 - 1 || i == count - 1);
    scores[i] += 0.1 * (favoured ? 1.0 : 0.0);
  }
  return scores;
}

// A bell that prefers tails opposite to the head; 1 at its greatest value.
std::vector<double> tail_weights(std::size_t count) {
  std::vector<double> weights(count - 3);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const double x = (static_cast<double>(i) / static_cast<double>(count - 4) - 0.5) / 0.5;
    weights[i] = 1.0 / (std::sqrt(2.0 * kPi) * 0.5) * std::exp(-(x * x) / 2);
  }
  const double most = *std::max_element(weights.begin(), weights.end());
  for (double& weight : weights) weight /= most;
  return weights;
}

struct Ends {
  std::array<std::size_t, 2> head{};
  std::array<std::size_t, 2> tail{};
};

Ends ends_of_many(std::span<const Point2i> points) {
  const std::size_t count = points.size();
  const std::vector<double> scores = edge_scores(points);
  const std::vector<double> weights = tail_weights(count);
  double best = -1;
  std::size_t head = 0;
  std::size_t increment = 0;
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t k = 0; k < weights.size(); ++k) {
      const double score = scores[i] + scores[(i + 2 + k) % count] * weights[k] * 0.3;
      if (!(score > best)) continue;
      best = score;
      head = i;
      increment = k;
    }
  }
  const std::size_t tail = (head + increment + 2) % count;
  Ends ends{{head, (head + 1) % count}, {tail, (tail + 1) % count}};
  if (ends.head[1] > ends.tail[1]) std::swap(ends.head, ends.tail);
  return ends;
}

Ends ends_of_four(std::span<const Point2i> p) {
  constexpr double kOrientation = 2.0;
  const auto slope = [](const Point2i& from, const Point2i& to) {
    const Point2d v = between(from, to);
    return std::abs(v.y / (v.x + kEpsilon));
  };
  Ends along{{0, 1}, {2, 3}};
  Ends across{{3, 0}, {1, 2}};
  if (!(slope(p[0], p[1]) + slope(p[2], p[3]) < slope(p[1], p[2]) + slope(p[3], p[0])))
    std::swap(along, across);
  const auto size = [&](const Ends& ends) {
    return distance(p[ends.head[0]], p[ends.head[1]]) + distance(p[ends.tail[0]], p[ends.tail[1]]);
  };
  return size(across) > size(along) * kOrientation ? along : across;
}

}  // namespace

SideLines find_side_lines(std::span<const Point2i> polygon) {
  const std::size_t count = polygon.size();
  Ends ends = count > 4 ? ends_of_many(polygon) : ends_of_four(polygon);
  if (ends.tail[1] < 1) ends.tail[1] = count;
  SideLines lines;
  for (std::size_t i = ends.head[1]; i < ends.tail[1]; ++i)
    lines.first.push_back(polygon[i % count]);
  for (std::size_t i = ends.tail[1]; i < ends.head[1] + count; ++i)
    lines.second.push_back(polygon[i % count]);
  return lines;
}

std::vector<Point2i> merge_short_edges(std::span<const Point2i> polygon) {
  std::vector<double> lengths;
  double total = 0;
  for (std::size_t i = 0; i + 1 < polygon.size(); ++i) {
    lengths.push_back(distance(polygon[i], polygon[i + 1]));
    total += lengths.back();
  }
  const double limit = 0.9 * (total / (static_cast<double>(lengths.size()) + kEpsilon));
  std::vector<std::vector<std::size_t>> groups{{0}};
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    if (!(lengths[i] < limit)) groups.emplace_back();
    groups.back().push_back(i + 1);
  }
  if (distance(polygon.front(), polygon.back()) < limit) {
    if (groups.size() == 1) return {};
    groups.front().insert(groups.front().end(), groups.back().begin(), groups.back().end());
    groups.pop_back();
  }
  std::vector<Point2i> merged;
  for (const std::vector<std::size_t>& group : groups) {
    std::int64_t x = 0;
    std::int64_t y = 0;
    for (const std::size_t i : group) {
      x += polygon[i].x;
      y += polygon[i].y;
    }
    const auto members = static_cast<double>(group.size());
    merged.push_back({static_cast<int>(static_cast<double>(x) / members),
                      static_cast<int>(static_cast<double>(y) / members)});
  }
  return merged;
}

std::vector<Point2d> resample_line(std::span<const Point2i> line) {
  constexpr int kPieces = 15;
  std::vector<double> lengths;
  std::vector<double> upto{0.0};
  for (std::size_t i = 0; i + 1 < line.size(); ++i) {
    lengths.push_back(distance(line[i], line[i + 1]));
    upto.push_back(upto.back() + lengths.back());
  }
  const double step = upto.back() / (static_cast<double>(kPieces) + kEpsilon);
  const auto exact = [](const Point2i& p) {
    return Point2d{static_cast<double>(p.x), static_cast<double>(p.y)};
  };
  std::vector<Point2d> points{exact(line.front())};
  std::size_t edge = 0;
  for (int i = 1; i < kPieces; ++i) {
    const double at = i * step;
    while (edge + 1 < upto.size() && at >= upto[edge + 1]) ++edge;
    if (edge >= lengths.size()) break;
    const double part = (at - upto[edge]) / lengths[edge];
    const Point2d along = between(line[edge], line[edge + 1]);
    points.push_back({line[edge].x + along.x * part, line[edge].y + along.y * part});
  }
  points.push_back(exact(line.back()));
  return points;
}

}  // namespace hpinfer::postprocess

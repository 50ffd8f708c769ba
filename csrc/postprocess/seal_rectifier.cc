#include "postprocess/seal_rectifier.h"

#include <algorithm>
#include <cmath>

#include "postprocess/side_lines.h"
#include "postprocess/simple_polygon.h"
#include "postprocess/text_order.h"

namespace hpinfer::postprocess {
namespace {

constexpr double kFillsRectangle = 0.7;
constexpr double kTall = 1.5;
constexpr std::size_t kLeastPoints = 10;

Point2d mean_of(const std::vector<Point2d>& points) {
  Point2d sum;
  for (const Point2d& p : points) sum = {sum.x + p.x, sum.y + p.y};
  const auto count = static_cast<double>(points.size());
  return {sum.x / count, sum.y / count};
}

// Upper side forwards, then lower side backwards; empty where the polygon is better cut as a
// rectangle.
std::vector<Point2f> outline(std::span<const Point2i> polygon) {
  const std::vector<Point2i> merged = merge_short_edges(polygon);
  if (merged.size() < 4) return {};
  const SideLines lines = find_side_lines(merged);
  std::vector<Point2d> upper = resample_line(lines.first);
  std::vector<Point2d> lower = resample_line(lines.second);
  if (mean_of(upper).y > mean_of(lower).y) std::swap(upper, lower);
  std::vector<Point2f> points;
  for (const auto* side : {&upper, &lower})
    for (const Point2d& p : *side)
      points.push_back({static_cast<float>(p.x), static_cast<float>(p.y)});
  return points;
}

// numpy.mean: below 8 values one sum, then eight interleaved ones; enough for 128 values.
template <typename Number>
Number mean_of(const std::vector<Number>& values) {
  constexpr std::size_t kLanes = 8;
  const std::size_t count = values.size();
  Number sum{};
  std::size_t i = 0;
  if (count >= kLanes) {
    Number lanes[kLanes];
    std::copy_n(values.begin(), kLanes, lanes);
    for (i = kLanes; i + kLanes <= count; i += kLanes)
      for (std::size_t k = 0; k < kLanes; ++k) lanes[k] += values[i + k];
    sum = ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) +
          ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
  }
  for (; i < count; ++i) sum += values[i];
  return sum / static_cast<Number>(count);
}

// Where the pieces of a text lie when it is straight. The reference computes horizontal text in
// float64 and vertical text in float32.
template <typename Number>
struct Straight {
  std::vector<Number> ends;  // x of each pair of points
  Number height = 0;
};

template <typename Number>
Straight<Number> straighten(std::span<const Number> x, std::span<const Number> y) {
  const std::size_t count = x.size();
  const auto distance = [&](std::size_t a, std::size_t b) {
    const Number dx = x[a] - x[b];
    const Number dy = y[a] - y[b];
    return std::sqrt(dx * dx + dy * dy);
  };
  std::vector<Number> steps;
  for (std::size_t i = 1; i < count; ++i) steps.push_back(distance(i, i - 1));
  std::vector<Number> heights;
  for (std::size_t i = 0; i < count / 2; ++i) heights.push_back(distance(i, count - 1 - i));
  Straight<Number> straight;
  straight.height = std::nearbyint(mean_of(heights));
  Number end = 0;
  straight.ends.push_back(end);
  for (std::size_t i = 0; i + 1 < count / 2; ++i) {
    end += (steps[i] + steps[steps.size() - 1 - i]) / 2;
    straight.ends.push_back(end);
  }
  return straight;
}

// The pieces between pairs of opposite points, the first with the last and so on.
template <typename Number>
std::vector<TextStrip> make_strips(const std::vector<Point2f>& points,
                                   const Straight<Number>& straight) {
  // The reference centres the straight text before it rounds to float32.
  const double middle = static_cast<double>(straight.ends.back()) / 2;
  const double half_height = static_cast<double>(straight.height) / 2;
  const auto centred = [&](Number end) {
    return static_cast<float>(static_cast<double>(end) - middle);
  };
  const float height =
      std::abs(static_cast<float>(half_height) - static_cast<float>(0.0 - half_height));
  std::vector<TextStrip> strips;
  for (std::size_t i = 0; i + 1 < straight.ends.size(); ++i) {
    const std::size_t opposite = points.size() - 1 - i;
    const float width = std::abs(centred(straight.ends[i + 1]) - centred(straight.ends[i]));
    strips.push_back(
        {{points[i], points[i + 1], points[opposite - 1], points[opposite]}, width, height});
  }
  return strips;
}

std::vector<TextStrip> horizontal_strips(const std::vector<Point2f>& points) {
  std::vector<double> x;
  std::vector<double> y;
  for (const Point2f& p : points) {
    x.push_back(static_cast<double>(p.x));
    y.push_back(static_cast<double>(p.y));
  }
  return make_strips(points, straighten<double>(x, y));
}

// As for a picture turned by 90 degrees counter-clockwise, in which the text is horizontal.
std::vector<TextStrip> vertical_strips(std::vector<Point2f> points, int image_height) {
  std::rotate(points.begin(), points.begin() + 1, points.end());
  std::vector<float> x;
  std::vector<float> y;
  for (const Point2f& p : points) {
    x.push_back(p.y);
    y.push_back(static_cast<float>(image_height - static_cast<double>(p.x) - 1));
  }
  return make_strips(points, straighten<float>(x, y));
}

struct Bounds {
  int left, top, right, bottom;
};

Bounds bounds_of(const std::vector<Point2f>& points) {
  const auto [left, right] = std::minmax_element(
      points.begin(), points.end(), [](const auto& a, const auto& b) { return a.x < b.x; });
  const auto [top, bottom] = std::minmax_element(
      points.begin(), points.end(), [](const auto& a, const auto& b) { return a.y < b.y; });
  return {static_cast<int>(left->x), static_cast<int>(top->y), static_cast<int>(right->x),
          static_cast<int>(bottom->y)};
}

}  // namespace

SealCut plan_seal_cut(std::span<const Point2i> polygon, int image_height, int image_width) {
  SealCut plan;
  if (polygon.size() < 4 || !is_simple(polygon) ||
      intersection_over_union(polygon, crop_corners(polygon)) >= kFillsRectangle)
    return plan;
  const std::vector<Point2f> points = outline(polygon);
  if (points.empty()) return plan;
  const auto [left, top, right, bottom] = bounds_of(points);
  plan.kind = SealCut::Kind::kBounds;
  plan.left = std::clamp(left, 0, image_width - 1);
  plan.top = std::clamp(top, 0, image_height - 1);
  plan.right = std::clamp(right, 0, image_width - 1);
  plan.bottom = std::clamp(bottom, 0, image_height - 1);
  if (points.size() < kLeastPoints || points.size() % 2 != 0 || left == right) return plan;
  plan.vertical = static_cast<double>(bottom - top) / (right - left) > kTall;
  plan.strips = plan.vertical ? vertical_strips(points, image_height) : horizontal_strips(points);
  const bool drawable = std::all_of(plan.strips.begin(), plan.strips.end(), [](const auto& strip) {
    return strip.width >= 1.0F && strip.height >= 1.0F;
  });
  if (drawable) plan.kind = SealCut::Kind::kStrips;
  return plan;
}

}  // namespace hpinfer::postprocess

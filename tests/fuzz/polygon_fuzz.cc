// Polygons of any shape: hull, least rectangle, simplification, filling, growing, union.
#include "input.h"
#include "pictures.h"
#include "postprocess/min_area_rect.h"
#include "postprocess/offset.h"
#include "postprocess/polygon.h"
#include "postprocess/simple_polygon.h"
#include "postprocess/sweep.h"

namespace {

using hpinfer::fuzz::Input;
using namespace hpinfer::postprocess;

Polygon polygon(Input& input, int reach) {
  Polygon points;
  // What is left of the input, in coordinates of one byte where they fit.
  constexpr std::size_t kMost = 120;
  while (points.size() < kMost && input.left() > 0)
    points.push_back({input.range(-reach, reach), input.range(-reach, reach)});
  return points;
}

void measure(Input& input, const Polygon& points, double epsilon) {
  const std::vector<int> hull = convex_hull(points);
  for (const int i : hull)
    hpinfer::fuzz::require(i >= 0 && static_cast<std::size_t>(i) < points.size(),
                           "a hull is made of the points");
  const RotatedRect rect = min_area_rect(points);
  static_cast<void>(order_corners(box_points(rect)));
  static_cast<void>(simplify(points, epsilon));
  static_cast<void>(is_simple(points));
  if (!points.empty())
    static_cast<void>(intersection_over_union(points, order_corners(box_points(rect))));
  // Filling costs a step a row above the mask, so it is for polygons near it.
  constexpr int kNear = 300;
  for (const auto& [x, y] : points)
    if (std::abs(x) > kNear || std::abs(y) > kNear) return;
  const int width = input.range(1, 40);
  const int height = input.range(1, 40);
  std::vector<std::uint8_t> mask(static_cast<std::size_t>(width * height));
  fill_polygon(mask.data(), height, width, points);
  const std::vector<float> map(mask.size(), 0.5F);
  static_cast<void>(PolygonMean({map.data(), height, width}).over(std::span(points)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t count) {
  Input input(data, count);
  const int reach = input.pick({3, 20, 127, 127, 4000, 1 << 24});
  const double distance =
      input.flag() ? static_cast<double>(input.number()) : input.range(0, 2000) / 16.0;
  const double epsilon = input.range(0, 255) / 16.0;
  const bool two = input.flag();
  const Winding winding = input.pick({Winding::kPositive, Winding::kNegative});
  const std::size_t first = std::min<std::size_t>(input.left() / 2, 64);
  Input head(input.rest().data(), first);
  Input rest(input.rest().data() + first, input.left() - first);
  std::vector<Polygon> paths;
  if (two) paths.push_back(polygon(head, reach));
  paths.push_back(polygon(rest, reach));
  const Polygon& points = paths.back();
  hpinfer::fuzz::result_or_error([&] { measure(head, points, epsilon); });
  hpinfer::fuzz::result_or_error([&] {
    for (const Polygon& part : offset_polygon(points, distance))
      hpinfer::fuzz::require(part.size() >= 3, "a grown part has an area");
  });
  hpinfer::fuzz::result_or_error([&] { static_cast<void>(union_outlines(paths, winding)); });
  return 0;
}

#include "postprocess/text_order.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <utility>

namespace hpinfer::postprocess {
namespace {

constexpr int kSameLine = 10;

std::vector<std::size_t> positions(std::size_t count) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  return order;
}

Point2i first_corner(const Polygon& quad) { return quad.empty() ? Point2i{} : quad.front(); }

// Least y, least x.
std::pair<int, int> top_left(const Polygon& polygon) {
  Point2i least = first_corner(polygon);
  for (const Point2i& p : polygon) least = {std::min(least.x, p.x), std::min(least.y, p.y)};
  return {least.y, least.x};
}

float distance(const Point2f& a, const Point2f& b) {
  const float dx = a.x - b.x;
  const float dy = a.y - b.y;
  return std::sqrt(dx * dx + dy * dy);
}

}  // namespace

std::vector<std::size_t> reading_order_of_quads(std::span<const Polygon> quads) {
  std::vector<std::size_t> order = positions(quads.size());
  const auto corner = [&](std::size_t i) { return first_corner(quads[i]); };
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::make_pair(corner(a).y, corner(a).x) < std::make_pair(corner(b).y, corner(b).x);
  });
  for (std::size_t i = 1; i < order.size(); ++i) {
    for (std::size_t j = i; j > 0; --j) {
      const Point2i here = corner(order[j]);
      const Point2i before = corner(order[j - 1]);
      if (std::abs(here.y - before.y) >= kSameLine || here.x >= before.x) break;
      std::swap(order[j], order[j - 1]);
    }
  }
  return order;
}

std::vector<std::size_t> reading_order_of_polygons(std::span<const Polygon> polygons) {
  std::vector<std::size_t> order = positions(polygons.size());
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return top_left(polygons[a]) < top_left(polygons[b]);
  });
  return order;
}

Quad crop_corners(std::span<const Point2i> region) {
  return order_corners(box_points(min_area_rect(region)));
}

CropSize crop_size(const Quad& corners) {
  return {static_cast<int>(
              std::max(distance(corners[0], corners[1]), distance(corners[2], corners[3]))),
          static_cast<int>(
              std::max(distance(corners[0], corners[3]), distance(corners[1], corners[2])))};
}

}  // namespace hpinfer::postprocess

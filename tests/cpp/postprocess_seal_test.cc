#include <cmath>

#include "postprocess/seal_rectifier.h"
#include "postprocess/side_lines.h"
#include "postprocess/simple_polygon.h"
#include "testing.h"

namespace hpinfer::postprocess {
namespace {

Polygon ring_of_text(double inner, double outer, int points) {
  Polygon polygon;
  for (int side = 0; side < 2; ++side)
    for (int i = 0; i < points; ++i) {
      const int at = side == 0 ? i : points - 1 - i;
      const double angle = -2.6 + 2.1 * at / (points - 1);
      const double radius = side == 0 ? outer : inner;
      polygon.push_back({static_cast<int>(200 + radius * std::cos(angle)),
                         static_cast<int>(200 + radius * std::sin(angle))});
    }
  return polygon;
}

TEST(simple_polygons_neither_cross_nor_touch_themselves) {
  EXPECT(is_simple(Polygon{{0, 0}, {10, 0}, {10, 10}, {0, 10}}));
  EXPECT(is_simple(Polygon{{0, 0}, {5, 0}, {10, 0}, {10, 0}, {10, 10}, {0, 10}, {0, 0}}));
  EXPECT(!is_simple(Polygon{{0, 0}, {10, 10}, {10, 0}, {0, 10}}));
  EXPECT(!is_simple(Polygon{{0, 0}, {10, 0}, {5, 0}, {5, 9}}));
  EXPECT(!is_simple(Polygon{{0, 0}, {10, 0}, {20, 0}}));
  EXPECT(!is_simple(Polygon{{0, 0}, {10, 0}, {10, 10}, {5, 0}, {0, 10}}));
  EXPECT(!is_simple(Polygon{}));
  EXPECT(!is_simple(Polygon{{3, 3}, {3, 3}, {3, 3}, {3, 3}}));
}

TEST(overlap_of_a_polygon_and_its_rectangle) {
  const Quad square{Point2f{0, 0}, {10, 0}, {10, 10}, {0, 10}};
  const Quad turned{Point2f{0, 0}, {0, 10}, {10, 10}, {10, 0}};
  const auto near = [](double a, double b) { return std::abs(a - b) < 1e-9; };
  for (const Quad& quad : {square, turned}) {
    EXPECT(near(intersection_over_union(Polygon{{0, 0}, {10, 0}, {10, 10}, {0, 10}}, quad), 1.0));
    EXPECT(near(intersection_over_union(Polygon{{0, 0}, {10, 0}, {0, 10}}, quad), 0.5));
    EXPECT(
        near(intersection_over_union(Polygon{{5, 0}, {15, 0}, {15, 10}, {5, 10}}, quad), 1.0 / 3));
    EXPECT(near(intersection_over_union(Polygon{{20, 0}, {30, 0}, {30, 10}, {20, 10}}, quad), 0.0));
    // An L of three quarters: not convex.
    EXPECT(near(
        intersection_over_union(Polygon{{0, 0}, {10, 0}, {10, 5}, {5, 5}, {5, 10}, {0, 10}}, quad),
        0.75));
  }
}

TEST(lines_are_resampled_at_equal_distances) {
  const Polygon line{{0, 0}, {10, 0}, {10, 5}};
  const auto points = resample_line(line);
  EXPECT_EQ(points.size(), 16U);
  for (std::size_t i = 0; i < points.size(); ++i) {
    const double way = points[i].x + points[i].y;
    EXPECT(std::abs(way - static_cast<double>(i)) < 1e-6);
  }
  EXPECT_EQ(resample_line(Polygon{{4, 4}, {4, 4}}).size(), 2U);
}

TEST(short_edges_are_merged) {
  const Polygon square{{0, 0}, {100, 0}, {101, 1}, {100, 100}, {0, 100}};
  EXPECT_EQ(merge_short_edges(square).size(), 4U);
  EXPECT(merge_short_edges(Polygon{{0, 0}, {1, 0}, {1, 1}, {1, 1}}).size() <= 4U);
  EXPECT(merge_short_edges(Polygon{{5, 5}, {5, 5}, {5, 5}, {5, 5}}).size() <= 4U);
}

TEST(curved_text_becomes_strips_and_straight_text_a_rectangle) {
  const SealCut curved = plan_seal_cut(ring_of_text(100, 118, 14), 400, 400);
  EXPECT(curved.kind == SealCut::Kind::kStrips);
  EXPECT_EQ(curved.strips.size(), 15U);
  EXPECT(!curved.vertical);
  float length = 0;
  for (const TextStrip& strip : curved.strips) length += strip.width;
  EXPECT(std::abs(length - 2.1F * 109) < 8);
  const SealCut straight =
      plan_seal_cut(Polygon{{10, 10}, {200, 12}, {199, 40}, {11, 39}}, 400, 400);
  EXPECT(straight.kind == SealCut::Kind::kRectangle);
  EXPECT(plan_seal_cut({}, 400, 400).kind == SealCut::Kind::kRectangle);
  const SealCut tiny = plan_seal_cut(ring_of_text(3, 6, 8), 400, 400);
  EXPECT(tiny.kind != SealCut::Kind::kStrips);
}

TEST(any_polygon_has_a_plan) {
  unsigned state = 1;
  const auto next = [&](int most) {
    state = state * 1664525U + 1013904223U;
    return static_cast<int>(state >> 16U) % most;
  };
  for (int round = 0; round < 3000; ++round) {
    const int reach = round % 3 == 0 ? 12 : 400;
    Polygon polygon;
    for (int i = next(14); i >= 0; --i) polygon.push_back({next(reach) - 5, next(reach) - 5});
    const SealCut cut = plan_seal_cut(polygon, 300, 300);
    for (const TextStrip& strip : cut.strips)
      EXPECT(std::isfinite(strip.width) && std::isfinite(strip.height));
    EXPECT(cut.left >= 0 && cut.top >= 0 && cut.right < 300 && cut.bottom < 300);
  }
}

}  // namespace
}  // namespace hpinfer::postprocess

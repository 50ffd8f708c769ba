#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>

#include "postprocess/offset.h"
#include "postprocess/sweep.h"
#include "testing.h"

namespace hpinfer::postprocess {
namespace {

using Polygons = std::vector<Polygon>;

// Twice the area: positive when the corners turn from the x axis to the y axis.
std::int64_t doubled_area(const Polygon& polygon) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < polygon.size(); ++i) {
    const Point2i& a = polygon[i];
    const Point2i& b = polygon[(i + 1) % polygon.size()];
    sum += std::int64_t{a.x} * b.y - std::int64_t{b.x} * a.y;
  }
  return sum;
}

std::int64_t doubled_area(const Polygons& polygons) {
  std::int64_t sum = 0;
  for (const Polygon& polygon : polygons) sum += doubled_area(polygon);
  return sum;
}

bool has_straight_corner(const Polygon& polygon) {
  const std::size_t count = polygon.size();
  for (std::size_t i = 0; i < count; ++i) {
    const Point2i& a = polygon[i];
    const Point2i& b = polygon[(i + 1) % count];
    const Point2i& c = polygon[(i + 2) % count];
    if (std::int64_t{a.y - b.y} * (b.x - c.x) == std::int64_t{a.x - b.x} * (b.y - c.y)) return true;
  }
  return false;
}

Polygon random_polygon(std::mt19937& generator, int corners, int side) {
  std::uniform_int_distribution<int> coordinate(0, side - 1);
  Polygon polygon;
  for (int i = 0; i < corners; ++i) {
    const int x = coordinate(generator);
    polygon.push_back({x, coordinate(generator)});
  }
  return polygon;
}

// The expected rings of these tests are those of pyclipper 1.4.0.
TEST(union_keeps_the_loop_that_winds_positively) {
  const Polygons bow{{{0, 0}, {20, 20}, {20, 0}, {0, 20}}};
  EXPECT(union_outlines(bow, Winding::kPositive) == (Polygons{{{10, 10}, {0, 20}, {0, 0}}}));
}

TEST(union_of_nested_rings_has_a_hole) {
  const Polygons frame{{{0, 0}, {30, 0}, {30, 30}, {0, 30}},
                       {{10, 10}, {10, 20}, {20, 20}, {20, 10}}};
  const Polygons expected{{{30, 30}, {0, 30}, {0, 0}, {30, 0}},
                          {{10, 10}, {10, 20}, {20, 20}, {20, 10}}};
  EXPECT(union_outlines(frame, Winding::kPositive) == expected);
}

TEST(union_joins_rings_along_a_slope_and_along_a_level) {
  const Polygon square{{0, 0}, {10, 0}, {10, 10}, {0, 10}};
  const Polygons beside{square, {{10, 2}, {20, 2}, {20, 8}, {10, 8}}};
  EXPECT(union_outlines(beside, Winding::kPositive) ==
         (Polygons{{{0, 10}, {0, 0}, {10, 0}, {10, 2}, {20, 2}, {20, 8}, {10, 8}, {10, 10}}}));
  const Polygons below{square, {{2, 10}, {8, 10}, {8, 20}, {2, 20}}};
  EXPECT(union_outlines(below, Winding::kPositive) ==
         (Polygons{{{0, 0}, {10, 0}, {10, 10}, {8, 10}, {8, 20}, {2, 20}, {2, 10}, {0, 10}}}));
}

TEST(crossings_are_rounded_as_the_sweep_meets_them) {
  const Polygons paths{{{0, 0}, {7, 3}, {0, 5}}, {{3, -1}, {5, 6}, {1, 6}}};
  const Polygons expected{
      {{4, 2}, {7, 3}, {4, 4}, {5, 6}, {1, 6}, {1, 5}, {0, 5}, {0, 0}, {2, 1}, {3, -1}}};
  EXPECT(union_outlines(paths, Winding::kPositive) == expected);
}

TEST(grown_bow_tie_falls_into_parts) {
  const Polygon bow{{0, 0}, {20, 20}, {20, 0}, {0, 20}};
  const Polygons expected{{{1, -1}, {12, 10}, {0, 22}, {-2, 20}, {-2, 0}, {-1, -2}},
                          {{21, 19}, {20, 20}, {18, 20}, {18, 16}},
                          {{21, 1}, {18, 4}, {18, 0}, {20, 0}}};
  EXPECT(offset_polygon(bow, 2) == expected);
}

TEST(grown_bracket_closes_around_a_hole) {
  // A C whose gap of 4 pixels is bridged by growing it by 3 on each side.
  const Polygon bracket{{0, 0},  {40, 0},  {40, 18}, {34, 18}, {34, 6},  {6, 6},
                        {6, 34}, {34, 34}, {34, 22}, {40, 22}, {40, 40}, {0, 40}};
  const Polygons expected{{{42, -2},
                           {43, 0},
                           {43, 18},
                           {42, 20},
                           {43, 22},
                           {43, 40},
                           {42, 42},
                           {40, 43},
                           {0, 43},
                           {-2, 42},
                           {-3, 40},
                           {-3, 0},
                           {-2, -2},
                           {0, -3},
                           {40, -3}},
                          {{9, 9}, {9, 31}, {31, 31}, {31, 22}, {32, 20}, {31, 18}, {31, 9}}};
  EXPECT(offset_polygon(bracket, 3) == expected);
}

TEST(rings_have_corners_only_and_cover_the_positive_part) {
  std::mt19937 generator(7);
  std::uniform_real_distribution<double> distance(0.5, 40);
  for (int i = 0; i < 400; ++i) {
    const Polygon polygon = random_polygon(generator, 3 + i % 60, i % 2 == 0 ? 40 : 1000);
    const Polygons rings = offset_polygon(polygon, distance(generator));
    EXPECT(doubled_area(rings) > 0);
    for (const Polygon& ring : rings) EXPECT(ring.size() >= 3 && !has_straight_corner(ring));
  }
}

TEST(negative_winding_is_positive_winding_of_the_reversed_path) {
  std::mt19937 generator(8);
  for (int i = 0; i < 100; ++i) {
    Polygon path = random_polygon(generator, 12, 200);
    const std::int64_t area = doubled_area(union_outlines({&path, 1}, Winding::kPositive));
    std::reverse(path.begin(), path.end());
    const std::int64_t reversed = -doubled_area(union_outlines({&path, 1}, Winding::kNegative));
    // Where the path starts decides between neighbouring roundings.
    EXPECT(std::abs(area - reversed) <= 2 * 200 + area / 50);
  }
}

TEST(union_of_nothing_and_of_lines_is_empty) {
  EXPECT(union_outlines({}, Winding::kPositive).empty());
  const Polygons lines{{}, {{1, 1}}, {{0, 0}, {5, 5}, {9, 9}}, {{0, 0}, {5, 0}, {2, 0}, {0, 0}}};
  EXPECT(union_outlines(lines, Winding::kPositive).empty());
}

TEST(polygons_as_large_as_the_range_are_grown) {
  constexpr int kFar = (1 << 30) - 8;
  const Polygon square{{-kFar, -kFar}, {kFar, -kFar}, {kFar, kFar}, {-kFar, kFar}};
  const Polygons rings = offset_polygon(square, 4);
  EXPECT_EQ(rings.size(), 1U);
  const auto [least, most] = std::ranges::minmax(rings[0], {}, &Point2i::x);
  EXPECT_EQ(least.x, -kFar - 4);
  EXPECT_EQ(most.x, kFar + 4);
}

TEST(polygons_beyond_the_range_are_refused) {
  const Polygon far{{0, 0}, {(1 << 30) - 2, 0}, {0, 9}};
  EXPECT_ERROR(offset_polygon(far, 1), ErrorCode::kInvalidInput, "stay within");
  const Polygon least{{0, 0}, {std::numeric_limits<int>::min(), 0}, {0, 9}};
  EXPECT_ERROR(offset_polygon(least, 1), ErrorCode::kInvalidInput, "stay within");
  const Polygon near{{0, 0}, {9, 0}, {0, 9}};
  EXPECT_ERROR(offset_polygon(near, std::numeric_limits<double>::infinity()),
               ErrorCode::kInvalidInput, "stay within");
}

TEST(polygons_only_grow) {
  const Polygon triangle{{0, 0}, {9, 0}, {0, 9}};
  EXPECT_ERROR(offset_polygon(triangle, -1), ErrorCode::kInvalidInput, "only grow");
  EXPECT_ERROR(offset_polygon(triangle, std::numeric_limits<double>::quiet_NaN()),
               ErrorCode::kInvalidInput, "only grow");
}

TEST(work_on_hostile_polygons_is_limited) {
  std::mt19937 generator(9);
  const Polygon tangle = random_polygon(generator, 20000, 50);
  EXPECT_ERROR(offset_polygon(tangle, 5), ErrorCode::kInvalidInput, "too often");
  const Polygon spikes = random_polygon(generator, 3000, 1 << 28);
  EXPECT_ERROR(offset_polygon(spikes, 1 << 29), ErrorCode::kInvalidInput, "corners");
}

}  // namespace
}  // namespace hpinfer::postprocess

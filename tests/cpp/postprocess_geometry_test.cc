#include <algorithm>
#include <cmath>

#include "postprocess/contour.h"
#include "postprocess/db.h"
#include "postprocess/min_area_rect.h"
#include "postprocess/offset.h"
#include "postprocess/polygon.h"
#include "postprocess/text_order.h"
#include "testing.h"

namespace hpinfer::postprocess {
namespace {

Contours contours_of(const std::vector<float>& values, int height, int width) {
  return find_contours(binarize(values.data(), height, width, 0.5F));
}

bool equal(std::span<const Point2i> points, const Polygon& expected) {
  return std::equal(points.begin(), points.end(), expected.begin(), expected.end());
}

TEST(contour_of_a_square_starts_at_its_top_left_and_runs_counter_clockwise) {
  const std::vector<float> map{0, 0, 0, 0,  //
                               0, 1, 1, 0,  //
                               0, 1, 1, 0};
  const Contours contours = contours_of(map, 3, 4);
  EXPECT_EQ(contours.size(), 1U);
  EXPECT(equal(contours[0], Polygon{{1, 1}, {1, 2}, {2, 2}, {2, 1}}));
}

TEST(contours_of_a_ring_hold_its_hole_first) {
  const std::vector<float> map{1, 1, 1, 1, 0, 1, 1, 1, 1};
  const Contours contours = contours_of(map, 3, 3);
  EXPECT_EQ(contours.size(), 2U);
  EXPECT(equal(contours[0], Polygon{{0, 1}, {1, 0}, {2, 1}, {1, 2}}));
  EXPECT(equal(contours[1], Polygon{{0, 0}, {0, 2}, {2, 2}, {2, 0}}));
}

TEST(isolated_cell_is_a_contour_of_one_point) {
  const Contours contours = contours_of({1}, 1, 1);
  EXPECT_EQ(contours.size(), 1U);
  EXPECT(equal(contours[0], Polygon{{0, 0}}));
}

TEST(dilation_grows_to_the_right_and_down) {
  const Bitmap map =
      dilate_2x2(binarize(std::vector<float>{1, 0, 0, 0, 0, 0, 0, 0, 1}.data(), 3, 3, 0));
  const std::vector<int> expected{1, 1, 0, 1, 1, 0, 0, 0, 1};
  for (int i = 0; i < 9; ++i)
    EXPECT_EQ(static_cast<int>(map.row(i / 3)[i % 3]), expected[static_cast<std::size_t>(i)]);
}

TEST(empty_map_is_refused) { EXPECT_ERROR(Bitmap(0, 3), ErrorCode::kInvalidInput, "0x3"); }

TEST(least_rectangle_of_a_tilted_square) {
  const Polygon square{{0, 2}, {2, 0}, {4, 2}, {2, 4}};
  const RotatedRect rect = min_area_rect(square);
  EXPECT(std::fabs(rect.center.x - 2.F) < 1e-5F);
  EXPECT(std::fabs(rect.center.y - 2.F) < 1e-5F);
  EXPECT_EQ(rect.angle, 45.F);
  EXPECT(std::fabs(rect.width - std::sqrt(8.F)) < 1e-5F);
  EXPECT(std::fabs(rect.height - rect.width) < 1e-5F);
}

TEST(corners_are_ordered_from_the_top_left) {
  const Quad ordered = order_corners({{{9, 8}, {1, 7}, {2, 1}, {8, 2}}});
  EXPECT(ordered == (Quad{{{2, 1}, {8, 2}, {9, 8}, {1, 7}}}));
}

TEST(area_and_perimeter_of_a_triangle) {
  const Polygon triangle{{0, 0}, {3, 0}, {0, 4}};
  EXPECT_EQ(area(std::span<const Point2i>(triangle)), 6.);
  EXPECT_EQ(perimeter(std::span<const Point2i>(triangle)), 12.);
}

TEST(simplification_keeps_the_corners_of_a_square) {
  const Polygon square{{0, 0}, {0, 5}, {0, 10}, {10, 10}, {10, 0}};
  EXPECT_EQ(simplify(square, 1).size(), 4U);
}

TEST(grown_square_has_round_corners) {
  const Polygon square{{0, 0}, {0, 20}, {20, 20}, {20, 0}};
  const std::vector<Polygon> grown = offset_polygon(square, 5);
  EXPECT_EQ(grown.size(), 1U);
  EXPECT(grown[0].size() > 8);
  EXPECT(area(std::span<const Point2i>(grown[0])) > 30 * 30 - 40);
  EXPECT(area(std::span<const Point2i>(grown[0])) < 30 * 30);
}

TEST(nothing_grows_from_a_line) {
  EXPECT(offset_polygon(Polygon{{0, 0}, {5, 5}}, 3).empty());
  EXPECT(offset_polygon({}, 3).empty());
}

TEST(polygon_grown_by_nothing_stays) {
  const Polygon triangle{{0, 0}, {0, 9}, {9, 9}};
  const std::vector<Polygon> grown = offset_polygon(triangle, 0);
  EXPECT_EQ(grown.size(), 1U);
  EXPECT(std::is_permutation(grown[0].begin(), grown[0].end(), triangle.begin(), triangle.end()));
}

TEST(regions_are_scaled_to_the_source) {
  std::vector<float> map(64 * 64);
  for (int y = 20; y < 40; ++y)
    for (int x = 10; x < 50; ++x) map[static_cast<std::size_t>(y * 64 + x)] = 0.9F;
  const std::vector<TextRegion> regions = decode_db(map.data(), {64, 64, 128, 640}, {});
  EXPECT_EQ(regions.size(), 1U);
  const Polygon& quad = regions[0].polygon;
  EXPECT_EQ(quad.size(), 4U);
  EXPECT_EQ(quad[2].x - quad[0].x, 590);
  EXPECT_EQ(quad[2].y - quad[0].y, 78);
  EXPECT(regions[0].score > 0.899 && regions[0].score < 0.901);
}

TEST(single_cell_is_no_region_whatever_the_least_size) {
  std::vector<float> map(9);
  map[4] = 1;
  DbOptions options;
  options.min_size = 0;
  EXPECT(decode_db(map.data(), {3, 3, 30, 30}, options).empty());
}

TEST(lines_less_than_ten_pixels_apart_read_from_left_to_right) {
  const auto quad = [](int x, int y) {
    return Polygon{{x, y}, {x + 9, y}, {x + 9, y + 9}, {x, y + 9}};
  };
  const std::vector<Polygon> quads{quad(100, 50), quad(10, 59), quad(5, 80)};
  EXPECT(reading_order_of_quads(quads) == (std::vector<std::size_t>{1, 0, 2}));
  EXPECT(reading_order_of_polygons(quads) == (std::vector<std::size_t>{0, 1, 2}));
}

TEST(polygons_of_one_height_read_from_left_to_right) {
  const Polygon left{{20, 9}, {5, 7}, {30, 40}};
  const Polygon right{{60, 7}, {70, 20}, {50, 30}};
  const Polygon above{{90, 1}, {99, 20}, {80, 20}};
  const std::vector<Polygon> polygons{right, left, above};
  EXPECT(reading_order_of_polygons(polygons) == (std::vector<std::size_t>{2, 1, 0}));
}

}  // namespace
}  // namespace hpinfer::postprocess

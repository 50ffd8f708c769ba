#include <cmath>
#include <limits>
#include <numeric>

#include "testing.h"
#include "vision/bicubic_table.h"
#include "vision/rotate.h"
#include "vision/warp.h"
#include "vision_pictures.h"

namespace hpinfer::vision {
namespace {

using testing::random_between;
using testing::random_picture;

Quad rectangle(float x0, float y0, float x1, float y1) {
  return {Point2f{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}};
}

TEST(bicubic_weights_sum_to_one) {
  for (const BicubicWeights& weights : bicubic_table())
    EXPECT_EQ(std::accumulate(weights.begin(), weights.end(), 0), 1 << kWeightBits);
}

TEST(perspective_transform_maps_its_corners) {
  const Quad from{Point2f{3.0F, 4.0F}, {60.0F, 9.0F}, {55.0F, 40.0F}, {1.0F, 35.0F}};
  const Quad to = rectangle(0.0F, 0.0F, 57.0F, 31.0F);
  const auto m = perspective_transform(from, to);
  EXPECT(m.has_value());
  for (std::size_t i = 0; m && i < 4; ++i) {
    const double x = from[i].x;
    const double y = from[i].y;
    const double w = (*m)[6] * x + (*m)[7] * y + (*m)[8];
    EXPECT(std::abs(((*m)[0] * x + (*m)[1] * y + (*m)[2]) / w - static_cast<double>(to[i].x)) <
           1e-9);
    EXPECT(std::abs(((*m)[3] * x + (*m)[4] * y + (*m)[5]) / w - static_cast<double>(to[i].y)) <
           1e-9);
  }
  const Point2f same{1.0F, 1.0F};
  EXPECT(!perspective_transform({same, same, same, same}, to));
}

TEST(upright_crop_copies_the_pixels) {
  std::mt19937 random(1);
  const Image image = random_picture(random, 30, 60);
  const Image crop = crop_quad(image.view(), rectangle(10.0F, 5.0F, 50.0F, 25.0F));
  EXPECT_EQ(crop.width, 40);
  EXPECT_EQ(crop.height, 20);
  bool equal = true;
  for (int y = 0; y < crop.height; ++y)
    equal = equal &&
            std::equal(crop.view().row<std::uint8_t>(y), crop.view().row<std::uint8_t>(y) + 120,
                       image.view().row<std::uint8_t>(y + 5) + 30);
  EXPECT(equal);
}

TEST(crop_variants_agree_bit_for_bit) {
  std::mt19937 random(2);
  for (int i = 0; i < 200; ++i) {
    const Image image =
        random_picture(random, random_between(random, 1, 120), random_between(random, 1, 120));
    Quad quad;
    for (Point2f& corner : quad) {
      corner.x = static_cast<float>(random_between(random, -40, 8 * image.width)) / 8.0F;
      corner.y = static_cast<float>(random_between(random, -40, 8 * image.height)) / 8.0F;
    }
    const Image expected = crop_quad(image.view(), quad, Isa::kScalar);
    for (const Isa isa : supported_isas())
      EXPECT(crop_quad(image.view(), quad, isa).pixels == expected.pixels);
  }
}

TEST(tall_crops_are_turned) {
  std::mt19937 random(3);
  const Image image = random_picture(random, 60, 60);
  const Image tall = crop_quad(image.view(), rectangle(10.0F, 10.0F, 30.0F, 40.0F));
  EXPECT_EQ(tall.width, 30);
  EXPECT_EQ(tall.height, 20);
  const Image upright = crop_quad(image.view(), rectangle(10.0F, 10.0F, 30.0F, 39.0F));
  EXPECT_EQ(upright.width, 20);
}

TEST(crop_of_nothing_is_empty_and_bad_corners_are_refused) {
  const Image image(20, 20, 3, ColorOrder::kBgr);
  EXPECT(crop_quad(image.view(), rectangle(1.0F, 1.0F, 1.5F, 9.0F)).view().empty());
  const float infinite = std::numeric_limits<float>::infinity();
  EXPECT_ERROR(crop_quad(image.view(), rectangle(0.0F, 0.0F, infinite, 5.0F)),
               ErrorCode::kInvalidInput, "finite");
  EXPECT_ERROR(crop_quad(image.view(), rectangle(0.0F, 0.0F, 1e6F, 1e6F)), ErrorCode::kInvalidInput,
               "too large");
}

TEST(four_quarter_turns_give_the_picture_back) {
  std::mt19937 random(4);
  for (int i = 0; i < 30; ++i) {
    const Image image =
        random_picture(random, random_between(random, 1, 150), random_between(random, 1, 150));
    Image turned = rot90(image.view(), 0);
    for (int k = 0; k < 4; ++k) turned = rot90(turned.view(), 1);
    EXPECT(turned.pixels == image.pixels);
    EXPECT(rot90(image.view(), 3).pixels == rot90(image.view(), -1).pixels);
    EXPECT(rot90(rot90(image.view(), 1).view(), 1).pixels == rot90(image.view(), 2).pixels);
  }
}

TEST(rotation_variants_agree_on_every_size_and_on_views) {
  std::mt19937 random(6);
  for (int i = 0; i < 200; ++i) {
    const int height = random_between(random, 1, 140);
    const int width = random_between(random, 1, 140);
    const Image image = random_picture(random, height + 1, width + 3);
    const ImageView view = i % 2 == 0 ? image.view() : image.view().crop(2, 1, width, height);
    for (const Isa isa : supported_isas())
      for (const int quarters : {0, 1, 2, 3}) {
        EXPECT(rot90(view, quarters, isa).pixels == rot90(view, quarters, Isa::kScalar).pixels);
        EXPECT(rotate_image(view, 90 * quarters, isa).pixels ==
               rotate_image(view, 90 * quarters, Isa::kScalar).pixels);
      }
  }
}

TEST(rotation_moves_each_pixel_where_it_belongs) {
  std::mt19937 random(8);
  const Image image = random_picture(random, 75, 101);
  const Image turned = rot90(image.view(), 1);
  const Image back = rot90(image.view(), 3);
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x) {
      const std::uint8_t* pixel = image.view().row<std::uint8_t>(y) + 3 * x;
      EXPECT(std::equal(pixel, pixel + 3,
                        turned.view().row<std::uint8_t>(image.width - 1 - x) + 3 * y));
      EXPECT(std::equal(pixel, pixel + 3,
                        back.view().row<std::uint8_t>(x) + 3 * (image.height - 1 - y)));
    }
}

TEST(official_rotation_is_moved_by_a_black_pixel) {
  std::mt19937 random(5);
  const Image image = random_picture(random, 7, 9);
  const Image plain = rot90(image.view(), 2);
  const Image official = rotate_image(image.view(), 180);
  EXPECT_EQ(static_cast<int>(official.pixels.front()), 0);
  EXPECT(std::equal(official.view().row<std::uint8_t>(1) + 3,
                    official.view().row<std::uint8_t>(1) + 27, plain.view().row<std::uint8_t>(0)));
  EXPECT(rotate_image(image.view(), 0).pixels == image.pixels);
  EXPECT_ERROR(rotate_image(image.view(), 45), ErrorCode::kInvalidInput, "got 45");
}

}  // namespace
}  // namespace hpinfer::vision

#include "testing.h"
#include "vision/formula_picture.h"
#include "vision/pillow_picture.h"
#include "vision/planes_to_image.h"
#include "vision/warp_linear.h"

namespace hpinfer::vision {
namespace {

Image flat(int height, int width, std::uint8_t value) {
  Image image(height, width, 3, ColorOrder::kBgr);
  std::fill(image.pixels.begin(), image.pixels.end(), value);
  return image;
}

Image with_ink(int height, int width) {
  Image image = flat(height, width, 240);
  for (int y = height / 4; y < height / 2 + 1; ++y)
    for (int x = width / 4; x < width / 2 + 1; ++x)
      std::fill_n(image.row(y) + 3 * static_cast<std::ptrdiff_t>(x), 3, std::uint8_t{20});
  return image;
}

TEST(every_size_of_formula_fits_its_network) {
  const FormulaPlan latex{LatexOcrPicture{}, 16};
  const FormulaPlan unimernet{UniMerNetPicture{{384, 384}}, 16};
  for (const int height : {1, 2, 31, 32, 193, 700})
    for (const int width : {1, 3, 40, 673, 1900}) {
      const Image picture = with_ink(height, width);
      const Image small = formula_picture(picture.view(), latex);
      EXPECT(small.width >= 32 && small.width <= 672 && small.height >= 32 && small.height <= 192);
      const Image square = formula_picture(picture.view(), unimernet);
      EXPECT(square.width == 384 && square.height == 384);
      const PixelSize size = formula_tensor_size(small, latex);
      EXPECT(size.width % 16 == 0 && size.height % 16 == 0);
      std::vector<float> tensor(static_cast<std::size_t>(size.width) *
                                static_cast<std::size_t>(size.height));
      write_formula_tensor(small, latex, tensor.data());
    }
}

TEST(formulas_without_ink_or_pixels) {
  const FormulaPlan latex{LatexOcrPicture{}, 16};
  const Image paper = formula_picture(flat(20, 70, 9).view(), latex);
  EXPECT_EQ(paper.width, 96);
  EXPECT_EQ(static_cast<int>(paper.pixels.front()), 255);
  EXPECT_ERROR(formula_picture(flat(0, 5, 0).view(), latex), ErrorCode::kInvalidInput, "not empty");
}

TEST(thumbnails_keep_the_ratio) {
  const Image small = pillow_thumbnail(flat(100, 1000, 77), {64, 64});
  EXPECT_EQ(small.width, 64);
  EXPECT_EQ(small.height, 6);
  for (const std::uint8_t value : small.pixels) EXPECT_EQ(static_cast<int>(value), 77);
  EXPECT_EQ(pillow_thumbnail(flat(10, 20, 1), {64, 64}).width, 20);
  EXPECT_EQ(pillow_thumbnail(flat(1, 5000, 1), {64, 64}).height, 1);
  EXPECT_ERROR(pillow_resize(flat(4, 4, 1).view(), {0, 5}, PillowFilter::kBicubic),
               ErrorCode::kInvalidInput, "cannot resize");
}

TEST(a_warp_sees_black_outside) {
  const Image image = flat(4, 4, 200);
  Image out(6, 6, 3, ColorOrder::kBgr);
  const Matrix3 moved{1, 0, -2.5, 0, 1, -1, 0, 0, 1};
  warp_linear(image.view(), moved, {out.row(0), out.row_stride(), 6, 6});
  EXPECT_EQ(static_cast<int>(out.row(0)[15]), 0);
  EXPECT_EQ(static_cast<int>(out.row(1)[6]), 100);  // half a pixel in
  EXPECT_EQ(static_cast<int>(out.row(1)[9]), 200);
  const Matrix3 far{1e9, 0, 1e12, 0, 1e9, -1e12, 0, 0, 1};
  warp_linear(image.view(), far, {out.row(0), out.row_stride(), 6, 6});
  for (const std::uint8_t value : out.pixels) EXPECT_EQ(static_cast<int>(value), 0);
}

TEST(planes_become_pixels_by_truncation) {
  const float planes[] = {0.0F, 0.999F, 1.5F, -1.0F, 1.0F, 0.5F};
  const Image image = planes_to_image(planes, 1, 2, ColorOrder::kBgr);
  EXPECT(image.pixels == (std::vector<std::uint8_t>{0, 255, 255, 254, 0, 127}));
}

}  // namespace
}  // namespace hpinfer::vision

#include <algorithm>
#include <bit>
#include <vector>

#include "testing.h"
#include "vision/resize.h"
#include "vision/resize_sampled.h"
#include "vision_pictures.h"

namespace hpinfer::vision {
namespace {

using testing::random_between;
using testing::random_picture;

struct Sizes {
  int source_height, source_width, height, width;
};

// Mostly arbitrary, with the special cases over-represented: halves, equal, one pixel.
Sizes random_sizes(std::mt19937& random) {
  const auto side = [&] {
    return random_between(random, 0, 9) == 0 ? 1 : random_between(random, 1, 150);
  };
  Sizes s{side(), side(), side(), side()};
  const int kind = random_between(random, 0, 9);
  if (kind == 0) s = {2 * s.height, 2 * s.width, s.height, s.width};
  if (kind == 1) s = {s.height, s.width, s.height, s.width};
  if (kind == 2) s.source_width = random_between(random, 1, 4);
  return s;
}

Region random_region(std::mt19937& random, const Sizes& s) {
  Region region;
  region.width = random_between(random, 1, s.width);
  region.height = random_between(random, 1, s.height);
  region.x = random_between(random, 0, s.width - region.width);
  region.y = random_between(random, 0, s.height - region.height);
  return region;
}

std::vector<std::uint8_t> resized(const Image& source, const Sizes& s, const Region& region,
                                  Isa isa) {
  const BilinearResize plan(s.source_height, s.source_width, s.height, s.width, region, isa);
  std::vector<std::int16_t> scratch(plan.scratch_size());
  std::vector<std::uint8_t> out(static_cast<std::size_t>(region.height * region.width * 3));
  plan.run(source.view(), 0, region.height, out.data(), region.width * 3, scratch);
  return out;
}

constexpr float kUntouched = -12345.0F;

// Planes one column and one row larger than the region, to see writes outside it.
std::vector<float> planar(const Image& source, const Sizes& s, const Region& region, Isa isa,
                          const Normalizer& normalizer, bool reverse) {
  const BilinearResize plan(s.source_height, s.source_width, s.height, s.width, region, isa);
  std::vector<std::int16_t> scratch(plan.scratch_size());
  const std::ptrdiff_t row = region.width + 1;
  const std::ptrdiff_t plane = row * (region.height + 1);
  std::vector<float> out(static_cast<std::size_t>(3 * plane), kUntouched);
  const PlanarOutput target{out.data(), plane, row, reverse};
  const int middle = region.height / 2;
  plan.run(source.view(), 0, middle, target, normalizer, scratch);
  plan.run(source.view(), middle, region.height, target, normalizer, scratch);
  return out;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](float x, float y) {
    return std::bit_cast<std::uint32_t>(x) == std::bit_cast<std::uint32_t>(y);
  });
}

std::vector<Normalizer> all_forms() {
  Normalize imagenet{1.0 / 255.0, {0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}};
  Normalize half{1.0 / 255.0, {0.5, 0.5, 0.5}, {0.5, 0.5, 0.5}, NormalizeFormula::kDivideBy255};
  Normalize odd{1.0, {0.1, 0.2, 0.3}, {0.3, 0.7, 0.9}, NormalizeFormula::kDivideBy255Double};
  return {build_normalizer(imagenet), build_normalizer(half), build_normalizer(odd)};
}

TEST(normalizer_forms_are_all_reached) {
  const auto forms = all_forms();
  EXPECT(forms[0].form == NormalizeForm::kMultiplyAdd);
  EXPECT(forms[1].form == NormalizeForm::kQuotient);
  EXPECT(forms[2].form == NormalizeForm::kTable);
}

TEST(resize_variants_agree_bit_for_bit) {
  std::mt19937 random(20261120);
  const auto isas = supported_isas();
  for (int i = 0; i < 400; ++i) {
    const Sizes s = random_sizes(random);
    const Region region = random_region(random, s);
    const Image source = random_picture(random, s.source_height, s.source_width);
    const auto expected = resized(source, s, region, Isa::kScalar);
    for (const Isa isa : isas)
      if (resized(source, s, region, isa) != expected)
        testing::report(__FILE__, __LINE__, std::string(isa_name(isa)) + " differs");
  }
}

TEST(fused_variants_agree_bit_for_bit_and_stay_inside) {
  std::mt19937 random(42);
  const auto forms = all_forms();
  for (int i = 0; i < 300; ++i) {
    const Sizes s = random_sizes(random);
    const Region region = random_region(random, s);
    const Image source = random_picture(random, s.source_height, s.source_width);
    const Normalizer& form = forms[static_cast<std::size_t>(i) % forms.size()];
    const bool reverse = i % 2 == 1;
    const auto expected = planar(source, s, region, Isa::kScalar, form, reverse);
    for (const Isa isa : supported_isas())
      if (!same_bits(planar(source, s, region, isa, form, reverse), expected))
        testing::report(__FILE__, __LINE__, std::string(isa_name(isa)) + " differs");
    const auto untouched = std::count(expected.begin(), expected.end(), kUntouched);
    EXPECT_EQ(untouched, 3 * (region.width + region.height + 1));
  }
}

TEST(fused_equals_resize_then_table) {
  std::mt19937 random(7);
  const Normalizer form = all_forms()[0];
  for (int i = 0; i < 100; ++i) {
    const Sizes s = random_sizes(random);
    const Region all{0, 0, s.width, s.height};
    const Image source = random_picture(random, s.source_height, s.source_width);
    const auto pixels = resized(source, s, all, active_isa());
    const auto planes = planar(source, s, all, active_isa(), form, true);
    const std::size_t row = static_cast<std::size_t>(s.width) + 1;
    const std::size_t plane = row * (static_cast<std::size_t>(s.height) + 1);
    bool equal = true;
    for (std::size_t y = 0; y < static_cast<std::size_t>(s.height); ++y)
      for (std::size_t x = 0; x < static_cast<std::size_t>(s.width); ++x)
        for (std::size_t c = 0; c < 3; ++c) {
          const auto value = pixels[(y * static_cast<std::size_t>(s.width) + x) * 3 + 2 - c];
          equal = equal && planes[c * plane + y * row + x] == form.channels[c].table[value];
        }
    EXPECT(equal);
  }
}

TEST(resize_reads_a_strided_and_a_flipped_view) {
  std::mt19937 random(3);
  const Image large = random_picture(random, 40, 50);
  const ImageView part = large.view().crop(7, 5, 20, 30);
  Image packed(30, 20, 3, ColorOrder::kBgr);
  for (int y = 0; y < 30; ++y) std::copy_n(part.row<std::uint8_t>(y), 60, packed.row(y));
  EXPECT(resize(part, 17, 33).pixels == resize(packed.view(), 17, 33).pixels);
  ImageView flipped = packed.view();
  flipped.data = packed.row(29);
  flipped.row_stride = -flipped.row_stride;
  Image upside_down(30, 20, 3, ColorOrder::kBgr);
  for (int y = 0; y < 30; ++y) std::copy_n(packed.row(29 - y), 60, upside_down.row(y));
  EXPECT(resize(flipped, 17, 33).pixels == resize(upside_down.view(), 17, 33).pixels);
}

TEST(resize_of_gray_equals_a_channel_of_colour) {
  std::mt19937 random(11);
  for (int i = 0; i < 100; ++i) {
    const Sizes s = random_sizes(random);
    Image gray(s.source_height, s.source_width, 1, ColorOrder::kGray);
    Image color(s.source_height, s.source_width, 3, ColorOrder::kBgr);
    for (std::size_t p = 0; p < gray.pixels.size(); ++p) {
      gray.pixels[p] = static_cast<std::uint8_t>(random());
      std::fill_n(color.pixels.begin() + static_cast<std::ptrdiff_t>(3 * p), 3, gray.pixels[p]);
    }
    const Image one = resize(gray.view(), s.height, s.width);
    const Image three = resize(color.view(), s.height, s.width);
    bool equal = true;
    for (std::size_t p = 0; p < one.pixels.size(); ++p)
      equal = equal && one.pixels[p] == three.pixels[3 * p + 1];
    EXPECT(equal);
  }
}

TEST(resize_on_a_pool_gives_the_same_picture) {
  std::mt19937 random(5);
  ThreadPool pool(3);
  const Image source = random_picture(random, 500, 700);
  EXPECT(resize(source.view(), 431, 517, &pool).pixels == resize(source.view(), 431, 517).pixels);
}

TEST(resize_refuses_what_it_cannot_do) {
  const Image picture(4, 4, 3, ColorOrder::kBgr);
  EXPECT_ERROR(resize(picture.view(), 0, 3), ErrorCode::kInvalidInput, "asked for 3x0");
  EXPECT_ERROR(resize(Image(0, 4, 3, ColorOrder::kBgr).view(), 2, 3), ErrorCode::kInvalidInput,
               "got 4x0");
  ImageView floats = picture.view();
  floats.dtype = DType::kFloat32;
  EXPECT_ERROR(resize(floats, 2, 3), ErrorCode::kInvalidType, "float32");
}

TEST(sampled_resizes_are_the_same_in_bands_regions_and_instruction_sets) {
  std::mt19937 random(31);
  const Interpolation kinds[] = {Interpolation::kNearest,     Interpolation::kCubic,
                                 Interpolation::kArea,        Interpolation::kLanczos4,
                                 Interpolation::kPilBilinear, Interpolation::kPilBicubic};
  for (int i = 0; i < 40; ++i) {
    const auto side = [&] { return testing::random_between(random, 1, 90); };
    const Image source = testing::random_picture(random, side(), side());
    const int height = side();
    const int width = side();
    const Region region{width / 4, height / 3, width - width / 4, height - height / 3};
    for (const Interpolation kind : kinds) {
      const SampledResize whole(kind, source.height, source.width, height, width,
                                {0, 0, width, height}, Isa::kScalar);
      Image expected(height, width, 3, ColorOrder::kBgr);
      const auto copy_to = [](Image& image) {
        return [&image](int y, const std::uint8_t* row) {
          std::copy_n(row, image.width * 3, image.row(y));
        };
      };
      whole.run(source.view(), 0, height, copy_to(expected));
      for (const Isa isa : supported_isas()) {
        const SampledResize part(kind, source.height, source.width, height, width, region, isa);
        Image cut(region.height, region.width, 3, ColorOrder::kBgr);
        part.run(source.view(), region.height / 2, region.height, copy_to(cut));
        part.run(source.view(), 0, region.height / 2, copy_to(cut));
        bool equal = true;
        for (int y = 0; y < region.height; ++y)
          equal = equal && std::equal(cut.row(y), cut.row(y) + region.width * 3,
                                      expected.row(region.y + y) + region.x * 3);
        EXPECT(equal);
      }
    }
  }
}

TEST(area_of_millions_of_pixels_to_one_is_their_mean) {
  Image white(3000, 3000, 3, ColorOrder::kBgr);  // their sum is beyond the range of int
  std::fill(white.pixels.begin(), white.pixels.end(), std::uint8_t{255});
  const Image one = resize(white.view(), 1, 1, nullptr, Interpolation::kArea);
  for (const std::uint8_t value : one.pixels) EXPECT_EQ(static_cast<int>(value), 255);
}

}  // namespace
}  // namespace hpinfer::vision

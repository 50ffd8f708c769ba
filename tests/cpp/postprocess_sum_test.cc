#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "core/cpu.h"
#include "postprocess/masked_sum.h"
#include "testing.h"

namespace hpinfer::postprocess {
namespace {

struct Picture {
  std::vector<float> values;
  std::vector<std::uint8_t> mask;
  MaskedCells cells;
};

template <typename Draw>
Picture picture(std::mt19937& random, const Draw& draw) {
  const int height = 1 + static_cast<int>(random() % 20);
  const int width = 1 + static_cast<int>(random() % 40);
  const int stride = width + static_cast<int>(random() % 5);
  Picture result;
  result.values.resize(static_cast<std::size_t>(height * stride));
  for (float& value : result.values) value = draw();
  result.mask.assign(static_cast<std::size_t>(height * width) + 8, 0);
  for (std::size_t i = 0; i + 8 < result.mask.size(); ++i)
    result.mask[i] = random() % 3 == 0 ? std::uint8_t{0} : std::uint8_t{1};
  result.cells = {result.values.data(), stride, result.mask.data(), height, width};
  return result;
}

bool same(const MaskedSum& a, const MaskedSum& b) {
  return std::bit_cast<std::uint64_t>(a.sum) == std::bit_cast<std::uint64_t>(b.sum) &&
         a.count == b.count;
}

template <typename Draw>
void expect_variants_agree(unsigned seed, const Draw& draw) {
  std::mt19937 random(seed);
  for (int i = 0; i < 300; ++i) {
    const Picture p = picture(random, [&] { return draw(random); });
    const MaskedSum expected = sum_masked_scalar(p.cells);
    for (const Isa isa : supported_isas()) EXPECT(same(sum_masked_for(isa)(p.cells), expected));
  }
}

TEST(masked_sums_of_probabilities_agree) {
  expect_variants_agree(
      1, [](std::mt19937& random) { return static_cast<float>(random() % 1000000) * 1e-6F; });
}

// Sums that depend on the order of additions.
TEST(masked_sums_of_values_of_any_size_agree) {
  expect_variants_agree(2, [](std::mt19937& random) {
    const float sign = random() % 2 == 0 ? 1.0F : -1.0F;
    return sign * std::ldexp(static_cast<float>(random() % 16777216),
                             static_cast<int>(random() % 120) - 100);
  });
}

TEST(masked_sums_with_denormal_and_infinite_values_agree) {
  expect_variants_agree(3, [](std::mt19937& random) {
    switch (random() % 200) {
      case 0:
        return std::numeric_limits<float>::infinity();
      case 1:
        return std::numeric_limits<float>::denorm_min();
      case 2:
        return -0.0F;
      default:
        return 0.5F;
    }
  });
}

TEST(masked_sum_of_nan_is_nan) {
  const std::vector<float> values{1, std::numeric_limits<float>::quiet_NaN(), 1};
  const std::vector<std::uint8_t> mask(3 + 8, 1);
  for (const Isa isa : supported_isas()) {
    const MaskedSum all = sum_masked_for(isa)({values.data(), 3, mask.data(), 1, 3});
    EXPECT(std::isnan(all.sum) && all.count == 3);
  }
}

TEST(masked_sum_counts_only_covered_cells) {
  const std::vector<float> values{1, 2, 4, 8, 16, 32};
  std::vector<std::uint8_t> mask{1, 0, 1, 0, 1, 0};
  mask.resize(6 + 8, 1);
  for (const Isa isa : supported_isas()) {
    const MaskedSum some = sum_masked_for(isa)({values.data(), 3, mask.data(), 2, 3});
    EXPECT_EQ(some.sum, 1.0 + 4.0 + 16.0);
    EXPECT_EQ(some.count, std::int64_t{3});
  }
}

}  // namespace
}  // namespace hpinfer::postprocess

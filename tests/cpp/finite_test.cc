#include "core/finite.h"

#include <limits>
#include <vector>

#include "testing.h"

namespace hpinfer {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
const float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(numbers_are_finite) {
  EXPECT(all_finite({}));
  EXPECT(!any_nan({}));
  const std::vector<float> values{0.0F, -0.0F, 1e-45F, std::numeric_limits<float>::max(),
                                  std::numeric_limits<float>::lowest()};
  EXPECT(all_finite(values));
  EXPECT(!any_nan(values));
}

TEST(one_that_is_none_is_found_wherever_it_is) {
  for (const std::size_t size : {1, 7, 4095, 4096, 4097, 9000})
    for (const std::size_t at : {std::size_t{0}, size / 2, size - 1})
      for (const float value : {kNan, -kNan, kInfinity, -kInfinity}) {
        std::vector<float> values(size, 0.5F);
        values[at] = value;
        EXPECT(!all_finite(values));
        EXPECT_EQ(any_nan(values), value != value);
      }
}

}  // namespace
}  // namespace hpinfer

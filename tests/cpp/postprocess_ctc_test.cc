#include <cmath>
#include <limits>
#include <random>

#include "postprocess/ctc.h"
#include "postprocess/ctc_max.h"
#include "testing.h"

namespace hpinfer::postprocess {
namespace {

bool same(const Maximum& a, const Maximum& b) {
  return a.index == b.index && (a.value == b.value || (std::isnan(a.value) && std::isnan(b.value)));
}

TEST(every_instruction_set_finds_the_same_maximum) {
  std::mt19937 random(3);
  std::uniform_int_distribution<int> small(-3, 3);
  for (std::size_t count = 1; count < 300; ++count) {
    std::vector<float> values(count);
    for (float& value : values) value = static_cast<float>(small(random));
    if (count % 5 == 0) values[count / 2] = std::numeric_limits<float>::quiet_NaN();
    const Maximum expected = find_maximum_scalar(values.data(), count);
    for (const Isa isa : supported_isas())
      EXPECT(same(find_maximum_for(isa)(values.data(), count), expected));
  }
}

TEST(repeats_and_blanks_are_dropped) {
  const std::vector<float> steps{0, 1, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1};
  const CtcLine line = decode_ctc(steps.data(), 5, 3);
  EXPECT(line.indices == (std::vector<int>{1, 1, 2}));
  EXPECT(line.columns == (std::vector<int>{0, 3, 4}));
  EXPECT_EQ(line.score, 1.F);
}

TEST(line_without_steps_has_no_text) {
  const CtcLine line = decode_ctc(nullptr, 0, 3);
  EXPECT(line.indices.empty());
  EXPECT_EQ(line.score, 0.F);
}

TEST(output_without_classes_is_refused) {
  EXPECT_ERROR(decode_ctc(nullptr, 1, 0), ErrorCode::kInvalidInput, "at least one class");
}

TEST(dictionary_has_the_blank_first_and_the_space_last) {
  const CtcDictionary dictionary({"a", "b"}, true);
  EXPECT_EQ(dictionary.classes(), 4);
  EXPECT_EQ(dictionary.text({{1, 3, 2}, {}, {}, 0}), std::string("a b"));
  EXPECT_ERROR(dictionary.character(4), ErrorCode::kInvalidInput, "beyond");
}

}  // namespace
}  // namespace hpinfer::postprocess

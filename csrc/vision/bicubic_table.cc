#include "vision/bicubic_table.h"

namespace hpinfer::vision {
namespace {

constexpr float kA = -0.75F;  // of the cubic convolution kernel

// The four weights of one axis, in the reference's order of float32 operations.
constexpr std::array<float, 4> cubic_weights(float x) {
  const float far = x + 1.0F;
  const float back = 1.0F - x;
  const float w0 = ((kA * far - 5.0F * kA) * far + 8.0F * kA) * far - 4.0F * kA;
  const float w1 = ((kA + 2.0F) * x - (kA + 3.0F)) * x * x + 1.0F;
  const float w2 = ((kA + 2.0F) * back - (kA + 3.0F)) * back * back + 1.0F;
  return {w0, w1, w2, 1.0F - w0 - w1 - w2};
}

constexpr int round_half_even(float value) {
  int floor = static_cast<int>(value);
  if (static_cast<float>(floor) > value) --floor;
  const float rest = value - static_cast<float>(floor);
  const bool up = rest > 0.5F || (rest == 0.5F && floor % 2 != 0);
  return floor + (up ? 1 : 0);
}

// Rounding leaves a small difference to 2^15; the reference takes it off the largest (or, if the
// sum is too large, the smallest) of the four weights at rows and columns 2 and 3.
constexpr void balance(BicubicWeights& weights, int sum) {
  const int excess = sum - (1 << kWeightBits);
  if (excess == 0) return;
  std::size_t smallest = 10;
  std::size_t largest = 10;
  for (const std::size_t i : {10U, 11U, 14U, 15U}) {
    if (weights[i] < weights[smallest])
      smallest = i;
    else if (weights[i] > weights[largest])
      largest = i;
  }
  std::int16_t& changed = weights[excess < 0 ? largest : smallest];
  changed = static_cast<std::int16_t>(changed - excess);
}

constexpr BicubicTable make_table() {
  std::array<std::array<float, 4>, kFractions> axis{};
  for (std::size_t i = 0; i < axis.size(); ++i)
    axis[i] = cubic_weights(static_cast<float>(i) * (1.0F / kFractions));
  BicubicTable table{};
  for (std::size_t entry = 0; entry < table.size(); ++entry) {
    const auto& vertical = axis[entry / kFractions];
    const auto& horizontal = axis[entry % kFractions];
    int sum = 0;
    for (std::size_t i = 0; i < 16; ++i) {
      const float product = vertical[i / 4] * horizontal[i % 4];
      const int weight = round_half_even(product * static_cast<float>(1 << kWeightBits));
      table[entry][i] = static_cast<std::int16_t>(weight > INT16_MAX ? INT16_MAX : weight);
      sum += table[entry][i];
    }
    balance(table[entry], sum);
  }
  return table;
}

constexpr BicubicTable kTable = make_table();

}  // namespace

const BicubicTable& bicubic_table() noexcept { return kTable; }

}  // namespace hpinfer::vision

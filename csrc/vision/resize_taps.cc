#include "vision/resize_taps.h"

#include <algorithm>
#include <cmath>

#include "vision/row_layout.h"

namespace hpinfer::vision {
namespace {

struct Position {
  int index;
  float fraction;
};

Position position(double scale, int target) {
  const auto exact = static_cast<float>((target + 0.5) * scale - 0.5);
  int index = static_cast<int>(exact);
  index -= static_cast<float>(index) > exact ? 1 : 0;
  return {index, exact - static_cast<float>(index)};
}

// Round half to even, like cvRound; the argument lies in [0, 2048].
std::int16_t fixed_weight(float weight) {
  constexpr float kRound = 12582912.0F;  // 1.5 * 2^23: adding it rounds to an integer
  const float shifted = weight * static_cast<float>(kWeightOne) + kRound;
  return static_cast<std::int16_t>(shifted - kRound);
}

}  // namespace

double resize_scale(int source, int target) {
  return 1.0 / (static_cast<double>(target) / static_cast<double>(source));
}

ColumnTap column_tap(int source, double scale, int column) {
  auto [left, fraction] = position(scale, column);
  // Outside the picture the nearest pixel has all the weight.
  if (left < 0) return {0, kWeightOne, 0};
  if (left >= source - 1) return {source - 1, kWeightOne, 0};
  return {left, fixed_weight(1.0F - fraction), fixed_weight(fraction)};
}

void row_taps(int source, int target, int first, std::span<RowTap> taps) {
  const double scale = resize_scale(source, target);
  for (std::size_t i = 0; i < taps.size(); ++i) {
    const auto [upper, fraction] = position(scale, first + static_cast<int>(i));
    // Unlike columns, rows outside are replicated and keep their weights (each product is
    // truncated on its own, so this shows in the result).
    taps[i] = {std::clamp(upper, 0, source - 1), std::clamp(upper + 1, 0, source - 1),
               fixed_weight(1.0F - fraction), fixed_weight(fraction)};
  }
}

void column_taps(int source, int target, int first, ColumnTaps& taps) {
  const double scale = resize_scale(source, target);
  taps.row_bytes = source * kChannels;
  const int last_load = std::max(taps.row_bytes - kLoadBytes, 0);
  int unshifted = 0;
  const int padded = block_count(taps.count) * kBlockPixels;
  for (int i = 0; i < padded; ++i) {
    const ColumnTap tap = column_tap(source, scale, first + std::min(i, taps.count - 1));
    const int start = tap.left * kChannels;
    const bool shifts = taps.row_bytes >= kLoadBytes && start > last_load;
    taps.offset[i] = shifts ? last_load : start;
    taps.shift[i] = static_cast<std::uint8_t>(shifts ? 8 * (start - last_load) : 0);
    taps.weights[i] = i < taps.count ? static_cast<std::uint32_t>(tap.left_weight) |
                                           static_cast<std::uint32_t>(tap.right_weight) << 16
                                     : 0;
    if (!shifts && unshifted == i) ++unshifted;
  }
  taps.unshifted_blocks = unshifted / kBlockPixels;
}

}  // namespace hpinfer::vision

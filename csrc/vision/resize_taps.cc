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

Position centre_position(double scale, int target) {
  const auto exact = static_cast<float>((target + 0.5) * scale - 0.5);
  int index = static_cast<int>(exact);
  index -= static_cast<float>(index) > exact ? 1 : 0;
  return {index, exact - static_cast<float>(index)};
}

Position area_position(const TapAxis& axis, int target) {
  const int index = static_cast<int>(std::floor(target * axis.scale));
  const auto fraction = static_cast<float>((target + 1) - (index + 1) * axis.inverse);
  return {index, fraction <= 0.0F ? 0.0F : fraction - std::floor(fraction)};
}

Position position(const TapAxis& axis, int target) {
  return axis.rule == TapRule::kArea ? area_position(axis, target)
                                     : centre_position(axis.scale, target);
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

TapAxis::TapAxis(int source_side, int target_side, TapRule tap_rule)
    : source(source_side),
      inverse(static_cast<double>(target_side) / static_cast<double>(source_side)),
      scale(1.0 / inverse),
      rule(tap_rule) {}

ColumnTap column_tap(const TapAxis& axis, int column) {
  auto [left, fraction] = position(axis, column);
  // Outside the picture the nearest pixel has all the weight.
  if (left < 0) return {0, kWeightOne, 0};
  if (left >= axis.source - 1) return {axis.source - 1, kWeightOne, 0};
  return {left, fixed_weight(1.0F - fraction), fixed_weight(fraction)};
}

void row_taps(int source, int target, int first, std::span<RowTap> taps, TapRule rule) {
  const TapAxis axis(source, target, rule);
  for (std::size_t i = 0; i < taps.size(); ++i) {
    const auto [upper, fraction] = position(axis, first + static_cast<int>(i));
    // Unlike columns, rows outside are replicated and keep their weights (each product is
    // truncated on its own, so this shows in the result).
    taps[i] = {std::clamp(upper, 0, source - 1), std::clamp(upper + 1, 0, source - 1),
               fixed_weight(1.0F - fraction), fixed_weight(fraction)};
  }
}

void column_taps(int source, int target, int first, ColumnTaps& taps, TapRule rule) {
  const TapAxis axis(source, target, rule);
  taps.row_bytes = source * kChannels;
  const int last_load = std::max(taps.row_bytes - kLoadBytes, 0);
  int unshifted = 0;
  const int padded = block_count(taps.count) * kBlockPixels;
  for (int i = 0; i < padded; ++i) {
    const ColumnTap tap = column_tap(axis, first + std::min(i, taps.count - 1));
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

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

template <TapRule rule>
inline Position position(const TapAxis& axis, int target) {
  if constexpr (rule == TapRule::kArea) {
    const int index = static_cast<int>(std::floor(target * axis.scale));
    const auto fraction = static_cast<float>((target + 1) - (index + 1) * axis.inverse);
    return {index, fraction <= 0.0F ? 0.0F : fraction - std::floor(fraction)};
  }
  const auto exact = static_cast<float>((target + 0.5) * axis.scale - 0.5);
  int index = static_cast<int>(exact);
  index -= static_cast<float>(index) > exact ? 1 : 0;
  return {index, exact - static_cast<float>(index)};
}

// Round half to even, like cvRound; the argument lies in [0, 2048].
inline int fixed_weight(float weight) {
  constexpr float kRound = 12582912.0F;  // 1.5 * 2^23: adding it rounds to an integer
  const float shifted = weight * static_cast<float>(kWeightOne) + kRound;
  return static_cast<int>(shifted - kRound);
}

template <TapRule rule>
inline ColumnTap tap_at(const TapAxis& axis, int column) {
  const auto [left, fraction] = position<rule>(axis, column);
  // Outside the picture the nearest pixel has all the weight.
  const bool between = left >= 0 && left < axis.source - 1;
  return {std::clamp(left, 0, axis.source - 1),
          between ? fixed_weight(1.0F - fraction) : kWeightOne,
          between ? fixed_weight(fraction) : 0};
}

template <TapRule rule>
RowTap row_tap(const TapAxis& axis, int row) {
  const auto [upper, fraction] = position<rule>(axis, row);
  // Unlike columns, rows outside are replicated and keep their weights (each product is truncated
  // on its own, so this shows in the result).
  return {std::clamp(upper, 0, axis.source - 1), std::clamp(upper + 1, 0, axis.source - 1),
          static_cast<std::int16_t>(fixed_weight(1.0F - fraction)),
          static_cast<std::int16_t>(fixed_weight(fraction))};
}

// No branches, and copies that stores cannot change: compilers vectorise this.
template <TapRule rule>
void fill_columns(const TapAxis axis, int first, const ColumnTaps out) {
  const int last_load = out.row_bytes >= kLoadBytes ? out.row_bytes - kLoadBytes : out.row_bytes;
  for (int i = 0; i < out.count; ++i) {
    const ColumnTap tap = tap_at<rule>(axis, first + i);
    const int start = tap.left * kChannels;
    const int beyond = start > last_load ? start - last_load : 0;
    out.offset[i] = start - beyond;
    out.shift[i] = static_cast<std::uint8_t>(8 * beyond);
    out.weights[i] = static_cast<std::uint32_t>(tap.left_weight | tap.right_weight << 16);
  }
}

// The left pixels of a block's columns as positions in its window; false if that is too small.
bool place_in_window(ColumnTaps& taps, int block) {
  const int first = block * kBlockPixels;
  const int last = first + kBlockPixels - 1;
  const auto left_byte = [&](int i) { return taps.offset[i] + taps.shift[i] / 8; };
  const int start = left_byte(first);
  taps.window[block] = start;
  for (int i = first; i <= last; ++i)
    taps.place[i] = static_cast<std::uint8_t>(left_byte(i) - start);
  return left_byte(last) + 2 * kChannels - start <= kWindowBytes;
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
  return axis.rule == TapRule::kArea ? tap_at<TapRule::kArea>(axis, column)
                                     : tap_at<TapRule::kCentre>(axis, column);
}

void row_taps(int source, int target, int first, std::span<RowTap> taps, TapRule rule) {
  const TapAxis axis(source, target, rule);
  for (std::size_t i = 0; i < taps.size(); ++i) {
    const int row = first + static_cast<int>(i);
    taps[i] = rule == TapRule::kArea ? row_tap<TapRule::kArea>(axis, row)
                                     : row_tap<TapRule::kCentre>(axis, row);
  }
}

void column_taps(int source, int target, int first, ColumnTaps& taps, TapRule rule) {
  const TapAxis axis(source, target, rule);
  taps.row_bytes = source * kChannels;
  const ColumnTaps out = taps;
  if (rule == TapRule::kArea)
    fill_columns<TapRule::kArea>(axis, first, out);
  else
    fill_columns<TapRule::kCentre>(axis, first, out);
  const int last = out.count - 1;
  for (int i = out.count; i < block_count(out.count) * kBlockPixels; ++i) {
    out.offset[i] = out.offset[last];
    out.shift[i] = out.shift[last];
    out.weights[i] = 0;
  }
  const std::uint8_t* const shifted =
      std::find_if(out.shift, out.shift + out.count, [](std::uint8_t bits) { return bits != 0; });
  taps.unshifted_blocks = static_cast<int>(shifted - out.shift) / kBlockPixels;
  taps.has_windows = true;
  for (int block = 0; block < block_count(taps.count) && taps.has_windows; ++block)
    taps.has_windows = place_in_window(taps, block);
}

}  // namespace hpinfer::vision

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

inline Position position(double scale, int target) {
  const auto exact = static_cast<float>((target + 0.5) * scale - 0.5);
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

inline ColumnTap tap_at(int source, double scale, int column) {
  const auto [left, fraction] = position(scale, column);
  // Outside the picture the nearest pixel has all the weight.
  const bool between = left >= 0 && left < source - 1;
  return {std::clamp(left, 0, source - 1), between ? fixed_weight(1.0F - fraction) : kWeightOne,
          between ? fixed_weight(fraction) : 0};
}

}  // namespace

double resize_scale(int source, int target) {
  return 1.0 / (static_cast<double>(target) / static_cast<double>(source));
}

ColumnTap column_tap(int source, double scale, int column) { return tap_at(source, scale, column); }

void row_taps(int source, int target, int first, std::span<RowTap> taps) {
  const double scale = resize_scale(source, target);
  for (std::size_t i = 0; i < taps.size(); ++i) {
    const auto [upper, fraction] = position(scale, first + static_cast<int>(i));
    // Unlike columns, rows outside are replicated and keep their weights (each product is
    // truncated on its own, so this shows in the result).
    taps[i] = {std::clamp(upper, 0, source - 1), std::clamp(upper + 1, 0, source - 1),
               static_cast<std::int16_t>(fixed_weight(1.0F - fraction)),
               static_cast<std::int16_t>(fixed_weight(fraction))};
  }
}

namespace {

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

void column_taps(int source, int target, int first, ColumnTaps& taps) {
  const double scale = resize_scale(source, target);
  taps.row_bytes = source * kChannels;
  const int last_load = taps.row_bytes >= kLoadBytes ? taps.row_bytes - kLoadBytes : taps.row_bytes;
  const ColumnTaps out = taps;  // a copy, so that stores cannot change it
  // No branches: compilers vectorise this.
  for (int i = 0; i < out.count; ++i) {
    const ColumnTap tap = tap_at(source, scale, first + i);
    const int start = tap.left * kChannels;
    const int beyond = start > last_load ? start - last_load : 0;
    out.offset[i] = start - beyond;
    out.shift[i] = static_cast<std::uint8_t>(8 * beyond);
    out.weights[i] = static_cast<std::uint32_t>(tap.left_weight | tap.right_weight << 16);
  }
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

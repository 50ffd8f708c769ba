// Sampling positions and weights of a bilinear resize, in the fixed-point form of OpenCV's x86
// uint8 path: positions from float64 scale and float32 fraction, weights of 11 bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace hpinfer::vision {

inline constexpr int kWeightOne = 2048;   // 11-bit weights
inline constexpr int kWindowBytes = 128;  // two vector registers

// Where a pixel samples: at its centre, or for INTER_AREA so that a growing picture keeps whole
// pixels whole.
enum class TapRule { kCentre, kArea };

// Two neighbouring source rows (clamped to the picture) and their weights.
struct RowTap {
  int upper;
  int lower;
  std::int16_t upper_weight;
  std::int16_t lower_weight;
};

// Columns of one destination row of a three-channel picture, as the row kernels want them.
// Arrays are padded to whole blocks by repeating the last column with weight zero.
struct ColumnTaps {
  // Where 8 bytes that hold both source pixels start; never beyond row_bytes - 8 when the row has
  // 8 bytes. The left pixel is at byte `shift / 8` of those.
  std::int32_t* offset = nullptr;
  std::uint8_t* shift = nullptr;     // bits
  std::uint32_t* weights = nullptr;  // left weight | right weight << 16
  // Per block of 16 columns, the first source byte that it needs; per column, how far behind that
  // its left pixel is. Only if no block needs more than kWindowBytes.
  std::int32_t* window = nullptr;
  std::uint8_t* place = nullptr;
  bool has_windows = false;
  int count = 0;             // columns
  int row_bytes = 0;         // of the source row
  int unshifted_blocks = 0;  // leading blocks whose shifts are all zero
};

// Columns or rows [first, first + count) of a side resized from `source` to `target` pixels. The
// spans hold at least `count` elements.
void row_taps(int source, int target, int first, std::span<RowTap> taps,
              TapRule rule = TapRule::kCentre);

// Fills the arrays of `taps` (sized to whole blocks of 16) for columns [first, first + taps.count).
void column_taps(int source, int target, int first, ColumnTaps& taps,
                 TapRule rule = TapRule::kCentre);

// A side resized from `source` to `target` pixels.
struct TapAxis {
  TapAxis(int source_side, int target_side, TapRule tap_rule = TapRule::kCentre);
  int source;
  double inverse;  // target / source
  double scale;    // its reciprocal
  TapRule rule;
};

// One column: left source pixel and right weight; the left weight goes to `left_weight`.
struct ColumnTap {
  int left;
  int left_weight;
  int right_weight;
};
ColumnTap column_tap(const TapAxis& axis, int column);

// The ratio source/target as the reference computes it: the reciprocal of target/source.
double resize_scale(int source, int target);

}  // namespace hpinfer::vision

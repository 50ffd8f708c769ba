// uint8 pixels to planar float32, exactly as a reference order of float operations gives them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hpinfer::vision {

// How vector code may compute a channel's 256 results.
enum class NormalizeForm {
  kMultiplyAdd,  // x * a + b, two roundings
  kQuotient,     // (x / 255 - b) * c, three roundings; x / 255 from a two-part reciprocal
  kTable,        // look each value up
};

// Plain arrays, here and in resize_taps.h: see the note on inline functions in CMakeLists.txt.
// One channel: all 256 results, and the operands of the form.
struct ChannelNormalizer {
  alignas(64) float table[256];
  float a = 1.0F;
  float b = 0.0F;
  float c = 1.0F;
};

// Where a row goes, indexed by *source* channel.
struct RowTarget {
  float* plane[3];
  const ChannelNormalizer* channel[3];
  NormalizeForm form = NormalizeForm::kTable;
};

// Interleaved pixels [begin, end) of a packed three-channel row; plane pointers stand for pixel 0.
using NormalizeRow = void (*)(const std::uint8_t* row, int begin, int end, const RowTarget& target);

void normalize_row_scalar(const std::uint8_t* row, int begin, int end, const RowTarget& target);
void normalize_row_avx2(const std::uint8_t* row, int begin, int end, const RowTarget& target);
void normalize_row_avx512(const std::uint8_t* row, int begin, int end, const RowTarget& target);

// Reciprocal of 255 in two parts: q = fma(x, kHigh, x * kLow) is x / 255 correctly rounded for the
// 256 values (checked when a normaliser is built).
inline constexpr float kInverse255High = static_cast<float>(1.0 / 255.0);
inline constexpr float kInverse255Low =
    static_cast<float>(1.0 / 255.0 - static_cast<double>(kInverse255High));

}  // namespace hpinfer::vision

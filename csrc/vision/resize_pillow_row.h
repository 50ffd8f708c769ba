// The two passes of Pillow's resampling; all variants give the same bits.
#pragma once

#include <cstdint>

#include "core/cpu.h"

namespace hpinfer::vision {

inline constexpr int kPillowBits = 32 - 8 - 2;  // of a weight

// Source values [first, first + count) make one result.
struct PillowSpan {
  int first;
  int count;
};

// Weights of one axis, `most` (even) for each span, zero beyond its count.
struct PillowWeights {
  const PillowSpan* spans;
  const std::int32_t* weights;
  int most;
};

struct PillowRowKernels {
  // Horizontal: `count` three-channel pixels from a packed row of `row_bytes`.
  void (*resize_row)(const std::uint8_t* row, int row_bytes, const PillowWeights& taps, int count,
                     std::uint8_t* out);
  // Vertical: out[i] = sum of rows[k][i] * weights[k], k < taps, i < bytes.
  void (*blend_rows)(const std::uint8_t* const* rows, const std::int32_t* weights, int taps,
                     int bytes, std::uint8_t* out);
};

// The horizontal pass of a one-channel row: documents in grey, too few to need variants.
void pillow_resize_gray_row(const std::uint8_t* row, const PillowWeights& taps, int count,
                            std::uint8_t* out);

const PillowRowKernels& pillow_row_kernels(Isa isa) noexcept;

void pillow_resize_row_scalar(const std::uint8_t* row, int row_bytes, const PillowWeights& taps,
                              int count, std::uint8_t* out);
void pillow_blend_rows_scalar(const std::uint8_t* const* rows, const std::int32_t* weights,
                              int taps, int bytes, std::uint8_t* out);
void pillow_resize_row_avx2(const std::uint8_t* row, int row_bytes, const PillowWeights& taps,
                            int count, std::uint8_t* out);
void pillow_blend_rows_avx2(const std::uint8_t* const* rows, const std::int32_t* weights, int taps,
                            int bytes, std::uint8_t* out);

}  // namespace hpinfer::vision

// The two passes of the bicubic resize of three-channel rows; all variants give the same bits.
#pragma once

#include <cstdint>

#include "core/cpu.h"

namespace hpinfer::vision {

// Four neighbours and their weights. `first` is the first neighbour's index: of a row (not clamped
// to the picture), or of a float in a row with margins.
struct CubicTap {
  int first;
  float weights[4];
};

struct CubicRowKernels {
  // Vertical: out[i] = sum of rows[k][i] * weights[k], i < count.
  void (*blend_rows)(const std::uint8_t* const rows[4], const float weights[4], int count,
                     float* out);
  // Horizontal: `count` pixels, rounded half to even and clamped. One float after the last pixel
  // that a tap touches must be readable.
  void (*sample_columns)(const float* row, const CubicTap* taps, int count, std::uint8_t* out);
};

const CubicRowKernels& cubic_row_kernels(Isa isa) noexcept;

extern const CubicRowKernels kCubicRowScalar;
extern const CubicRowKernels kCubicRowAvx2;

}  // namespace hpinfer::vision

// The code of the bicubic row kernels, for the instruction set that the including file is compiled
// for. Internal linkage throughout: see the note in CMakeLists.txt.
#pragma once

#include "vision/resize_cubic_row.h"

namespace hpinfer::vision {
namespace {

void blend_rows(const std::uint8_t* const rows[4], const float weights[4], int count, float* out) {
  const std::uint8_t* r0 = rows[0];
  const std::uint8_t* r1 = rows[1];
  const std::uint8_t* r2 = rows[2];
  const std::uint8_t* r3 = rows[3];
  const float w0 = weights[0];
  const float w1 = weights[1];
  const float w2 = weights[2];
  const float w3 = weights[3];
  for (int i = 0; i < count; ++i) {
    const float outer = static_cast<float>(r0[i]) * w0 + static_cast<float>(r3[i]) * w3;
    const float inner = static_cast<float>(r1[i]) * w1 + static_cast<float>(r2[i]) * w2;
    out[i] = outer + inner;
  }
}

void sample_columns(const float* row, const CubicTap* taps, int count, std::uint8_t* out) {
  typedef float Float4 __attribute__((vector_size(16)));
  typedef int Int4 __attribute__((vector_size(16)));
  constexpr float kRound = 12582912.0F;  // 1.5 * 2^23: adding it rounds to an integer
  const Float4 zero = {0.0F, 0.0F, 0.0F, 0.0F};
  const Float4 white = zero + 255.0F;
  for (int x = 0; x < count; ++x) {
    const float* from = row + taps[x].first;
    Float4 pixels[4];
    for (int k = 0; k < 4; ++k) __builtin_memcpy(&pixels[k], from + 3 * k, sizeof(Float4));
    const float* w = taps[x].weights;
    Float4 sum = (pixels[0] * w[0] + pixels[3] * w[3]) + (pixels[1] * w[1] + pixels[2] * w[2]);
    sum = sum > zero ? sum : zero;
    sum = sum < white ? sum : white;
    sum += kRound;
    Int4 bits;
    __builtin_memcpy(&bits, &sum, sizeof(bits));
    out[3 * x] = static_cast<std::uint8_t>(bits[0]);
    out[3 * x + 1] = static_cast<std::uint8_t>(bits[1]);
    out[3 * x + 2] = static_cast<std::uint8_t>(bits[2]);
  }
}

}  // namespace
}  // namespace hpinfer::vision

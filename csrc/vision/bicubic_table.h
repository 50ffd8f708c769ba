// Weights of OpenCV 4's fixed-point bicubic warp: positions in 1/32 pixel, weights of 15 bits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace hpinfer::vision {

inline constexpr int kFractionBits = 5;
inline constexpr int kFractions = 1 << kFractionBits;
inline constexpr int kWeightBits = 15;

// 4x4 weights, row by row, that sum to 2^15.
using BicubicWeights = std::array<std::int16_t, 16>;
using BicubicTable = std::array<BicubicWeights, static_cast<std::size_t>(kFractions* kFractions)>;

// Weights at fraction (x, y) are at index y * kFractions + x. Constant.
const BicubicTable& bicubic_table() noexcept;

}  // namespace hpinfer::vision

// The two passes of the bilinear uint8 resize of three-channel rows; see row_layout.h.
#pragma once

#include <cstdint>

#include "vision/normalize_row.h"
#include "vision/resize_taps.h"

namespace hpinfer::vision {

// Horizontal pass: a packed source row to block_count(taps.count) blocks.
using ResizeColumns = void (*)(const std::uint8_t* row, const ColumnTaps& taps,
                               std::int16_t* blocks);

// Two horizontally resized rows and their weights.
struct RowPair {
  const std::int16_t* upper;
  const std::int16_t* lower;
  std::int16_t upper_weight;
  std::int16_t lower_weight;
};

// Vertical pass of pixels [begin, end), to interleaved uint8 or through the normaliser to planes.
// `begin` is a multiple of kBlockPixels for the vector variants.
using BlendRow = void (*)(const RowPair& rows, int begin, int end, std::uint8_t* out);
using BlendRowPlanar = void (*)(const RowPair& rows, int begin, int end, const RowTarget& target);

// Exact halving in both axes: the mean of 2x2 pixels, rounded half up. Pixels [begin, end).
using HalveRow = void (*)(const std::uint8_t* upper, const std::uint8_t* lower, int begin, int end,
                          std::uint8_t* out);

// Every row kernel of one instruction set.
struct RowKernels {
  ResizeColumns resize_columns;
  BlendRow blend_row;
  BlendRowPlanar blend_row_planar;
  HalveRow halve_row;
  NormalizeRow normalize_row;
};

void resize_columns_scalar(const std::uint8_t* row, const ColumnTaps& taps, std::int16_t* blocks);
void blend_row_scalar(const RowPair& rows, int begin, int end, std::uint8_t* out);
void blend_row_planar_scalar(const RowPair& rows, int begin, int end, const RowTarget& target);
void halve_row_scalar(const std::uint8_t* upper, const std::uint8_t* lower, int begin, int end,
                      std::uint8_t* out);

void resize_columns_avx2(const std::uint8_t* row, const ColumnTaps& taps, std::int16_t* blocks);
void blend_row_avx2(const RowPair& rows, int begin, int end, std::uint8_t* out);
void blend_row_planar_avx2(const RowPair& rows, int begin, int end, const RowTarget& target);
void halve_row_avx2(const std::uint8_t* upper, const std::uint8_t* lower, int begin, int end,
                    std::uint8_t* out);

void resize_columns_avx512(const std::uint8_t* row, const ColumnTaps& taps, std::int16_t* blocks);
void resize_columns_avx512_vbmi(const std::uint8_t* row, const ColumnTaps& taps,
                                std::int16_t* blocks);
void blend_row_planar_avx512(const RowPair& rows, int begin, int end, const RowTarget& target);

}  // namespace hpinfer::vision

// Sums over the cells of a map that a mask covers: one kernel for each instruction set, all equal.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/cpu.h"

namespace hpinfer::postprocess {

// `values` rows are `stride` floats apart; `mask` is packed, cells that count are not 0. Eight
// bytes after the mask must be readable.
struct MaskedCells {
  const float* values;
  std::ptrdiff_t stride;
  const std::uint8_t* mask;
  int height;
  int width;
};

struct MaskedSum {
  double sum = 0;
  std::int64_t count = 0;
};

// The float64 sum, cell by cell and row by row.
using SumMasked = MaskedSum (*)(const MaskedCells& cells);

MaskedSum sum_masked_scalar(const MaskedCells& cells);
MaskedSum sum_masked_avx2(const MaskedCells& cells);

SumMasked sum_masked_for(Isa isa);

}  // namespace hpinfer::postprocess

#include "postprocess/masked_sum.h"

namespace hpinfer::postprocess {

MaskedSum sum_masked_scalar(const MaskedCells& cells) {
  MaskedSum result;
  for (int y = 0; y < cells.height; ++y) {
    const float* const values = cells.values + y * cells.stride;
    const std::uint8_t* const mask = cells.mask + static_cast<std::ptrdiff_t>(y) * cells.width;
    for (int x = 0; x < cells.width; ++x) {
      if (mask[x] == 0) continue;
      result.sum += static_cast<double>(values[x]);
      ++result.count;
    }
  }
  return result;
}

SumMasked sum_masked_for([[maybe_unused]] Isa isa) {
#if defined(__x86_64__)
  if (isa != Isa::kScalar) return &sum_masked_avx2;
#endif
  return &sum_masked_scalar;
}

}  // namespace hpinfer::postprocess

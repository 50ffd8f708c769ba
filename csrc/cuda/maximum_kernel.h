// The greatest element of a row, found by many threads: numpy.argmax's answer whatever the order in
// which partial results meet.
#pragma once

#include <cstdint>

#include "cuda/portable.h"

namespace hpinfer::cuda {

struct RowMaximum {
  std::int32_t index;
  float value;
};

// The one that comes first in a row: a NaN before any number, the greater before the lesser, the
// lower index among equals.
HPINFER_DEVICE inline RowMaximum greater_of(RowMaximum a, RowMaximum b) {
  const bool a_is_nan = a.value != a.value;
  const bool b_is_nan = b.value != b.value;
  if (a_is_nan != b_is_nan) return a_is_nan ? a : b;
  if (!a_is_nan && a.value != b.value) return a.value > b.value ? a : b;
  return a.index <= b.index ? a : b;
}

// Of elements first, first + step, ... below count; first < count.
HPINFER_DEVICE inline RowMaximum strided_maximum(const float* row, std::int32_t first,
                                                 std::int32_t step, std::int32_t count) {
  RowMaximum best{first, row[first]};
  for (std::int32_t i = first + step; i < count; i += step) best = greater_of(best, {i, row[i]});
  return best;
}

}  // namespace hpinfer::cuda

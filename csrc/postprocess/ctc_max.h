// The greatest element of a row of floats: one kernel for each instruction set, all equal.
#pragma once

#include <cstddef>

#include "core/cpu.h"

namespace hpinfer::postprocess {

struct Maximum {
  std::size_t index = 0;
  float value = 0;
};

// First of the greatest elements; the first NaN if there is one, as numpy.argmax. count > 0.
using FindMaximum = Maximum (*)(const float* values, std::size_t count);

Maximum find_maximum_scalar(const float* values, std::size_t count);
#if defined(__x86_64__)
Maximum find_maximum_avx2(const float* values, std::size_t count);
Maximum find_maximum_avx512(const float* values, std::size_t count);
#endif

// The kernel for an instruction set.
FindMaximum find_maximum_for(Isa isa);

}  // namespace hpinfer::postprocess

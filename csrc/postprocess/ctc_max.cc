#include "postprocess/ctc_max.h"

#include <cmath>

namespace hpinfer::postprocess {

Maximum find_maximum_scalar(const float* values, std::size_t count) {
  Maximum best{0, values[0]};
  for (std::size_t i = 0; i < count; ++i) {
    if (values[i] > best.value) best = {i, values[i]};
    if (std::isnan(values[i])) return {i, values[i]};
  }
  return best;
}

FindMaximum find_maximum_for(Isa isa) {
#if defined(__x86_64__)
  switch (isa) {
    case Isa::kAvx512Vbmi:
    case Isa::kAvx512:
      return &find_maximum_avx512;
    case Isa::kAvx2:
      return &find_maximum_avx2;
    case Isa::kScalar:
      break;
  }
#else
  static_cast<void>(isa);
#endif
  return &find_maximum_scalar;
}

}  // namespace hpinfer::postprocess

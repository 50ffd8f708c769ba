#include "vision/resize_cubic_row_body.h"

namespace hpinfer::vision {

const CubicRowKernels kCubicRowScalar{&blend_rows, &sample_columns};

const CubicRowKernels& cubic_row_kernels([[maybe_unused]] Isa isa) noexcept {
#if defined(__x86_64__)
  if (isa != Isa::kScalar) return kCubicRowAvx2;
#endif
  return kCubicRowScalar;
}

}  // namespace hpinfer::vision

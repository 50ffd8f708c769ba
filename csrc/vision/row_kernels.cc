#include "vision/row_kernels.h"

namespace hpinfer::vision {
namespace {

constexpr RowKernels kScalarKernels{&resize_columns_scalar, &blend_row_scalar,
                                    &blend_row_planar_scalar, &halve_row_scalar,
                                    &normalize_row_scalar};
#if defined(__x86_64__)
constexpr RowKernels kAvx2Kernels{&resize_columns_avx2, &blend_row_avx2, &blend_row_planar_avx2,
                                  &halve_row_avx2, &normalize_row_avx2};
constexpr RowKernels kAvx512Kernels{&resize_columns_avx512, &blend_row_avx2,
                                    &blend_row_planar_avx512, &halve_row_avx2,
                                    &normalize_row_avx512};
constexpr RowKernels kAvx512VbmiKernels{&resize_columns_avx512_vbmi, &blend_row_avx2,
                                        &blend_row_planar_avx512, &halve_row_avx2,
                                        &normalize_row_avx512};
#endif

}  // namespace

const RowKernels& row_kernels([[maybe_unused]] Isa isa) noexcept {
#if defined(__x86_64__)
  if (isa == Isa::kAvx512Vbmi) return kAvx512VbmiKernels;
  if (isa == Isa::kAvx512) return kAvx512Kernels;
  if (isa == Isa::kAvx2) return kAvx2Kernels;
#endif
  return kScalarKernels;
}

}  // namespace hpinfer::vision

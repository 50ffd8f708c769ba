// Bicubic resize (a = -0.75, no antialiasing) as cv2.resize(INTER_CUBIC) of the x86 OpenCV wheels,
// which leave it to IPP: weights and sums in floating point, rounded half to even at the end. IPP's
// order of additions is not known, so a value next to a tie may differ by one level: some 1 in
// 10^5. Sides of fewer than 4 pixels are beneath IPP; there OpenCV's own 11-bit weights give one
// level more or less in some 1 of 25 values.
#pragma once

#include <vector>

#include "core/cpu.h"
#include "vision/resize_cubic_row.h"
#include "vision/resize_nearest.h"

namespace hpinfer::vision {

class CubicResize {
 public:
  CubicResize(const SampledSize& size, Isa isa);
  void run(const ImageView& source, int begin, int end, const EmitRow& emit) const;

 private:
  const CubicRowKernels* kernels_;
  int source_width_;
  std::vector<CubicTap> columns_;
  std::vector<CubicTap> rows_;
};

}  // namespace hpinfer::vision

// The place of one picture in a batch tensor [N, C, H, W].
#pragma once

#include "vision/plan.h"

namespace hpinfer::models {

// Planes of out_height x out_width, tightly packed, from `base` on.
inline vision::TensorTarget planar_target(float* base, const vision::Placement& placement) {
  const std::ptrdiff_t row = placement.out_width;
  return {base, row * placement.out_height, row};
}

}  // namespace hpinfer::models

// Straightened crops of quadrilaterals.
#pragma once

#include "core/cpu.h"
#include "core/image.h"
#include "vision/perspective.h"

namespace hpinfer::vision {

// The quadrilateral as an upright picture of int(longer of top and bottom) x int(longer of left and
// right): bicubic, border replicated. One at least 1.5 times as high as wide is turned 90 degrees
// counter-clockwise. Equal bit for bit to getPerspectiveTransform + warpPerspective(INTER_CUBIC) of
// OpenCV 4.x.
// Returns an empty picture when a side is shorter than a pixel or the corners lie on a line. Throws
// Error(kInvalidInput) for corners that are not finite or a result above kMaxCropPixels,
// Error(kInvalidType) for float pixels.
Image crop_quad(const ImageView& image, const Quad& corners, Isa isa = active_isa());

inline constexpr std::int64_t kMaxCropPixels = std::int64_t{1} << 28;

}  // namespace hpinfer::vision

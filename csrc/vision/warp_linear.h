// Bilinear perspective warps of uint8 pictures with black outside.
#pragma once

#include "core/image.h"
#include "vision/perspective.h"

namespace hpinfer::vision {

// Where a warp writes: rows `row_stride` bytes apart, three channels.
struct WarpTarget {
  std::uint8_t* data = nullptr;
  std::ptrdiff_t row_stride = 0;
  int height = 0;
  int width = 0;
};

// The pixel at position (x, y) in 1/32 pixel, three channels.
void sample_linear(const ImageView& image, int x, int y, std::uint8_t* out);

// Fills the target with the picture seen through `backward` (target to source positions). Equal bit
// for bit to cv2.warpPerspective(INTER_LINEAR, BORDER_CONSTANT 0) of OpenCV up to 4.10, for
// pictures of sides below 2^15. Throws Error(kInvalidInput) for an empty picture or one without
// three channels, Error(kInvalidType) for float pixels.
void warp_linear(const ImageView& image, const Matrix3& backward, const WarpTarget& target);

}  // namespace hpinfer::vision

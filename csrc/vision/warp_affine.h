// Pictures scaled about their centre into a frame, black around: cv2.warpAffine(INTER_LINEAR).
#pragma once

#include <array>
#include <vector>

#include "core/image.h"
#include "vision/operators.h"
#include "vision/resize_nearest.h"

namespace hpinfer::vision {

// The size of the frame for a picture.
PixelSize frame_size(const CenterFrame& op, int height, int width);

// One warp of three-channel uint8 pictures of one size. Equal bit for bit to OpenCV up to 4.10, for
// sides below 2^15; later releases sample between 1/32 pixels and differ by some levels at edges.
// Immutable: any number of threads may run bands of rows.
class FrameWarp {
 public:
  FrameWarp(const CenterFrame& op, int source_height, int source_width);
  void run(const ImageView& source, int begin, int end, const EmitRow& emit) const;

 private:
  std::vector<int> columns_;  // 1/1024 pixel
  double scale_;              // frame to picture
  double top_;
};

}  // namespace hpinfer::vision

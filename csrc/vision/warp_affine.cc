#include "vision/warp_affine.h"

#include <algorithm>
#include <cmath>

#include "vision/row_layout.h"
#include "vision/warp_linear.h"

namespace hpinfer::vision {
namespace {

// The reference computes positions in 1/1024 pixel, rounds each term, and samples at 1/32.
constexpr int kSteps = 1024;
constexpr int kToFractions = 5;
constexpr int kHalfFraction = 1 << (kToFractions - 1);
// Frames grow to the next multiple of 32, or by 32.
constexpr int kFrameMask = 31;

int to_steps(double pixels) { return static_cast<int>(std::nearbyint(pixels * kSteps)); }

}  // namespace

PixelSize frame_size(const CenterFrame& op, int height, int width) {
  if (!op.keep_size) return op.size;
  return {(width | kFrameMask) + 1, (height | kFrameMask) + 1};
}

FrameWarp::FrameWarp(const CenterFrame& op, int source_height, int source_width) {
  const PixelSize frame = frame_size(op, source_height, source_width);
  // The picture's centre goes to the frame's; a picture that keeps its size has a whole centre.
  const double centre_x = op.keep_size ? source_width / 2 : source_width / 2.0;
  const double centre_y = op.keep_size ? source_height / 2 : source_height / 2.0;
  scale_ =
      op.keep_size ? 1.0 : static_cast<double>(std::max(source_height, source_width)) / frame.width;
  const double left = centre_x - scale_ * (frame.width * 0.5);
  top_ = centre_y - scale_ * (frame.height * 0.5);
  columns_.reserve(static_cast<std::size_t>(frame.width));
  for (int x = 0; x < frame.width; ++x)
    columns_.push_back(to_steps(scale_ * x) + to_steps(left) + kHalfFraction);
}

void FrameWarp::run(const ImageView& source, int begin, int end, const EmitRow& emit) const {
  std::vector<std::uint8_t> out(columns_.size() * kChannels);
  for (int y = begin; y < end; ++y) {
    const int row = (to_steps(scale_ * y + top_) + kHalfFraction) >> kToFractions;
    std::uint8_t* pixel = out.data();
    for (const int column : columns_) {
      sample_linear(source, column >> kToFractions, row, pixel);
      pixel += kChannels;
    }
    emit(y, out.data());
  }
}

}  // namespace hpinfer::vision

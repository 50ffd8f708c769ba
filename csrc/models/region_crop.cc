#include "models/region_crop.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "postprocess/seal_rectifier.h"
#include "postprocess/text_order.h"
#include "vision/rotate.h"
#include "vision/warp.h"
#include "vision/warp_linear.h"

namespace hpinfer::models {
namespace {

using postprocess::SealCut;
using postprocess::TextStrip;

Image copy_of(const ImageView& image) {
  Image copy(std::max(image.height, 0), std::max(image.width, 0), image.channels, image.order);
  for (int y = 0; y < copy.height; ++y)
    std::copy_n(image.row<std::uint8_t>(y), copy.row_stride(), copy.row(y));  // may have no columns
  return copy;
}

Image bounds(const ImageView& image, const SealCut& cut) {
  return copy_of(image.crop(cut.left, cut.top, std::max(cut.right - cut.left, 0),
                            std::max(cut.bottom - cut.top, 0)));
}

// A piece whose corners allow no homography gets the colour of the picture's first pixel, as in the
// reference.
void draw_strip(const ImageView& image, const TextStrip& strip, const vision::WarpTarget& target) {
  vision::Quad corners;
  for (std::size_t i = 0; i < corners.size(); ++i)
    corners[i] = {strip.corners[i].x, strip.corners[i].y};
  const vision::Quad upright{vision::Point2f{0.0F, 0.0F},
                             {strip.width, 0.0F},
                             {strip.width, strip.height},
                             {0.0F, strip.height}};
  const auto forward = vision::perspective_transform(corners, upright);
  const auto backward = forward ? vision::inverse(*forward) : std::nullopt;
  vision::warp_linear(image, backward.value_or(vision::Matrix3{}), target);
}

Image strips(const ImageView& image, const SealCut& cut) {
  int width = 0;
  for (const TextStrip& strip : cut.strips) width += static_cast<int>(strip.width);
  const auto height = static_cast<int>(cut.strips.front().height);
  check(static_cast<std::int64_t>(width) * height <= vision::kMaxCropPixels,
        ErrorCode::kInvalidInput, "a straightened text of ", width, "x", height,
        " pixels is too large; at most ", vision::kMaxCropPixels, " pixels are supported");
  Image straight(height, width, 3, image.order);
  std::uint8_t* at = straight.row(0);
  for (const TextStrip& strip : cut.strips) {
    const auto own_width = static_cast<int>(strip.width);
    draw_strip(image, strip, {at, straight.row_stride(), height, own_width});
    at += 3 * static_cast<std::ptrdiff_t>(own_width);
  }
  constexpr int kClockwise = 3;
  return cut.vertical ? vision::rot90(straight.view(), kClockwise) : std::move(straight);
}

}  // namespace

Image crop_rectangle(const ImageView& image, const postprocess::Polygon& region) {
  const postprocess::Quad corners = postprocess::crop_corners(region);
  vision::Quad quad;
  for (std::size_t i = 0; i < quad.size(); ++i) quad[i] = {corners[i].x, corners[i].y};
  return vision::crop_quad(image, quad);
}

Image crop_polygon(const ImageView& image, const postprocess::Polygon& region) {
  constexpr int kFarthest = 1 << 24;
  for (const auto& [x, y] : region)
    check(std::abs(static_cast<std::int64_t>(x)) < kFarthest &&
              std::abs(static_cast<std::int64_t>(y)) < kFarthest,
          ErrorCode::kInvalidInput, "the corners of a region must be below 2^24; got (", x, ", ", y,
          ")");
  check(image.dtype == DType::kUInt8, ErrorCode::kInvalidType, "a crop takes uint8 pixels; got ",
        dtype_name(image.dtype));
  check(image.channels == 3 && !image.empty(), ErrorCode::kInvalidInput,
        "a crop takes a picture of three channels that is not empty; got ", image.width, "x",
        image.height, "x", image.channels);
  const SealCut cut = postprocess::plan_seal_cut(region, image.height, image.width);
  switch (cut.kind) {
    case SealCut::Kind::kStrips:
      return strips(image, cut);
    case SealCut::Kind::kBounds:
      return bounds(image, cut);
    case SealCut::Kind::kRectangle:
      break;
  }
  return crop_rectangle(image, region);
}

}  // namespace hpinfer::models

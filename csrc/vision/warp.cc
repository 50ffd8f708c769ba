#include "vision/warp.h"

#include <algorithm>
#include <cmath>

#include "vision/bicubic_table.h"
#include "vision/rotate.h"
#include "vision/warp_row.h"

namespace hpinfer::vision {
namespace {

// Squares in float32, their sum in float64, the root in float32: what NumPy's norm gives.
float distance(const Point2f& a, const Point2f& b) {
  const float dx = a.x - b.x;
  const float dy = a.y - b.y;
  const double sum = static_cast<double>(dx * dx) + static_cast<double>(dy * dy);
  return std::sqrt(static_cast<float>(sum));
}

void check_input(const ImageView& image, const Quad& corners) {
  check(image.dtype == DType::kUInt8, ErrorCode::kInvalidType, "a crop takes uint8 pixels; got ",
        dtype_name(image.dtype));
  check(image.channels == 3 && !image.empty(), ErrorCode::kInvalidInput,
        "a crop takes a picture of three channels that is not empty; got ", image.width, "x",
        image.height, "x", image.channels);
  for (const Point2f& corner : corners)
    check(std::isfinite(corner.x) && std::isfinite(corner.y), ErrorCode::kInvalidInput,
          "the corners of a crop must be finite; got (", corner.x, ", ", corner.y, ")");
}

WarpRow warp_row([[maybe_unused]] Isa isa) {
#if defined(__x86_64__)
  if (isa >= Isa::kAvx512) return &warp_row_avx512;
  if (isa == Isa::kAvx2) return &warp_row_avx2;
#endif
  return &warp_row_scalar;
}

Image warp(const ImageView& image, const Matrix3& matrix, int height, int width, Isa isa) {
  Image result(height, width, 3, image.order);
  const WarpSource source{static_cast<const std::uint8_t*>(image.data), image.row_stride,
                          image.height, image.width, bicubic_table().front().data()};
  WarpRowMap map{};
  std::copy(matrix.begin(), matrix.end(), map.m);
  map.width = width;
  map.block = warp_block_width(height, width);
  const WarpRow row = warp_row(isa);
  for (map.y = 0; map.y < height; ++map.y) row(source, map, result.row(map.y));
  return result;
}

}  // namespace

Image crop_quad(const ImageView& image, const Quad& corners, Isa isa) {
  check_input(image, corners);
  const auto [top_left, top_right, bottom_right, bottom_left] = corners;
  const float across = std::max(distance(top_left, top_right), distance(bottom_right, bottom_left));
  const float down = std::max(distance(top_left, bottom_left), distance(top_right, bottom_right));
  check(static_cast<double>(across) * static_cast<double>(down) <=
            static_cast<double>(kMaxCropPixels),
        ErrorCode::kInvalidInput, "a crop of ", across, "x", down, " pixels is too large; at most ",
        kMaxCropPixels, " pixels are supported");
  const Image nothing(0, 0, 3, image.order);
  if (across < 1.0F || down < 1.0F) return nothing;
  const auto width = static_cast<int>(across);
  const auto height = static_cast<int>(down);
  const auto right = static_cast<float>(width);
  const auto bottom = static_cast<float>(height);
  const Quad upright{Point2f{0.0F, 0.0F}, {right, 0.0F}, {right, bottom}, {0.0F, bottom}};
  const auto forward = perspective_transform(corners, upright);
  const auto backward = forward ? inverse(*forward) : std::nullopt;
  if (!backward) return nothing;
  Image result = warp(image, *backward, height, width, isa);
  constexpr double kTall = 1.5;
  return static_cast<double>(height) / width >= kTall ? rot90(result.view(), 1) : result;
}

}  // namespace hpinfer::vision

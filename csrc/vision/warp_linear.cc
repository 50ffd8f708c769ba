#include "vision/warp_linear.h"

#include <algorithm>

#include "vision/bicubic_table.h"
#include "vision/warp_row.h"

namespace hpinfer::vision {
namespace {

constexpr int kMask = kFractions - 1;
constexpr int kSquare = kFractions * kFractions;

// The pixel at (x, y), black outside.
const std::uint8_t* pixel_or_black(const ImageView& image, int x, int y) {
  static constexpr std::uint8_t kBlack[3] = {0, 0, 0};
  if (x < 0 || y < 0 || x >= image.width || y >= image.height) return kBlack;
  return image.row<std::uint8_t>(y) + 3 * static_cast<std::ptrdiff_t>(x);
}

}  // namespace

void sample_linear(const ImageView& image, int x, int y, std::uint8_t* out) {
  const int left = x >> kFractionBits;
  const int top = y >> kFractionBits;
  const int right_part = x & kMask;
  const int lower_part = y & kMask;
  if (left < -1 || top < -1 || left >= image.width || top >= image.height) {
    std::fill_n(out, 3, std::uint8_t{0});
    return;
  }
  const std::uint8_t* top_left = pixel_or_black(image, left, top);
  const std::uint8_t* top_right = pixel_or_black(image, left + 1, top);
  const std::uint8_t* bottom_left = pixel_or_black(image, left, top + 1);
  const std::uint8_t* bottom_right = pixel_or_black(image, left + 1, top + 1);
  const int weights[4] = {(kFractions - lower_part) * (kFractions - right_part),
                          (kFractions - lower_part) * right_part,
                          lower_part * (kFractions - right_part), lower_part * right_part};
  for (int c = 0; c < 3; ++c) {
    const int sum = top_left[c] * weights[0] + top_right[c] * weights[1] +
                    bottom_left[c] * weights[2] + bottom_right[c] * weights[3];
    out[c] = static_cast<std::uint8_t>((sum + kSquare / 2) / kSquare);
  }
}

void warp_linear(const ImageView& image, const Matrix3& backward, const WarpTarget& target) {
  check(image.dtype == DType::kUInt8, ErrorCode::kInvalidType, "a warp takes uint8 pixels; got ",
        dtype_name(image.dtype));
  check(image.channels == 3 && !image.empty(), ErrorCode::kInvalidInput,
        "a warp takes a picture of three channels that is not empty; got ", image.width, "x",
        image.height, "x", image.channels);
  if (target.height <= 0 || target.width <= 0) return;
  WarpRowMap map{};
  std::copy(backward.begin(), backward.end(), map.m);
  map.width = target.width;
  map.block = warp_block_width(target.height, target.width);
  std::int32_t x[kWarpChunk];
  std::int32_t y[kWarpChunk];
  for (map.y = 0; map.y < target.height; ++map.y) {
    std::uint8_t* row = target.data + map.y * target.row_stride;
    for (int start = 0; start < map.width; start += map.block) {
      const int end = std::min(start + map.block, map.width);
      for (int from = start; from < end; from += kWarpChunk) {
        const int count = std::min(kWarpChunk, end - from);
        warp_positions(map, start, from - start, count, x, y);
        for (int i = 0; i < count; ++i)
          sample_linear(image, x[i], y[i], row + 3 * static_cast<std::ptrdiff_t>(from + i));
      }
    }
  }
}

}  // namespace hpinfer::vision

#include "vision/warp_row.h"

#include <algorithm>
#include <climits>
#include <cmath>

#include "vision/bicubic_table.h"

namespace hpinfer::vision {

int warp_block_width(int height, int width) {
  constexpr int kBlockPixels = 1024;
  constexpr int kBlockRows = 16;
  return std::min(kBlockPixels / std::min(kBlockRows, height), width);
}

void warp_pixel(const WarpSource& source, int x, int y, std::uint8_t* out) {
  constexpr int kMask = kFractions - 1;
  const std::int16_t* weights = source.weights + ((y & kMask) * kFractions + (x & kMask)) * 16;
  const int left = (x >> kFractionBits) - 1;
  const int top = (y >> kFractionBits) - 1;
  int sum[3] = {};
  for (int i = 0; i < 4; ++i) {
    const std::uint8_t* row =
        source.data + std::clamp(top + i, 0, source.height - 1) * source.row_stride;
    for (int k = 0; k < 4; ++k) {
      const std::uint8_t* pixel =
          row + 3 * static_cast<std::ptrdiff_t>(std::clamp(left + k, 0, source.width - 1));
      for (int c = 0; c < 3; ++c) sum[c] += pixel[c] * weights[4 * i + k];
    }
  }
  constexpr int kHalf = 1 << (kWeightBits - 1);
  for (int c = 0; c < 3; ++c)
    out[c] = static_cast<std::uint8_t>(std::clamp((sum[c] + kHalf) >> kWeightBits, 0, 255));
}

void warp_positions(const WarpRowMap& map, int start, int first, int count, std::int32_t* x,
                    std::int32_t* y) {
  const double* m = map.m;
  const double x0 = m[0] * start + m[1] * map.y + m[2];
  const double y0 = m[3] * start + m[4] * map.y + m[5];
  const double w0 = m[6] * start + m[7] * map.y + m[8];
  const auto to_int = [](double value) {
    return static_cast<std::int32_t>(
        std::lrint(std::clamp(value, static_cast<double>(INT_MIN), static_cast<double>(INT_MAX))));
  };
  for (int i = 0; i < count; ++i) {
    const double at = first + i;
    const double divisor = w0 + m[6] * at;
    const double factor = divisor != 0.0 ? kFractions / divisor : 0.0;
    x[i] = to_int((x0 + m[0] * at) * factor);
    y[i] = to_int((y0 + m[3] * at) * factor);
  }
}

void warp_row_scalar(const WarpSource& source, const WarpRowMap& map, std::uint8_t* out) {
  std::int32_t x[kWarpChunk];
  std::int32_t y[kWarpChunk];
  for (int start = 0; start < map.width; start += map.block) {
    const int end = std::min(start + map.block, map.width);
    for (int from = start; from < end; from += kWarpChunk) {
      const int count = std::min(kWarpChunk, end - from);
      warp_positions(map, start, from - start, count, x, y);
      for (int i = 0; i < count; ++i)
        warp_pixel(source, x[i], y[i], out + 3 * static_cast<std::ptrdiff_t>(from + i));
    }
  }
}

}  // namespace hpinfer::vision

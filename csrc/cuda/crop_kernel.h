// One pixel of a perspective crop: bicubic, replicated border, in the arithmetic of
// vision/warp_row.h. Compiled for the device without contraction of products and sums: the float64
// positions must round as on the CPU.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "cuda/portable.h"

namespace hpinfer::cuda {

// One crop. Every pointer is to memory of the side that runs it.
struct CropTask {
  const std::uint8_t* pixels;  // interleaved, three channels
  std::ptrdiff_t row_stride;   // bytes
  std::int32_t height;
  std::int32_t width;
  const std::int16_t* weights;  // vision::bicubic_table(): 16 for each of 32 x 32 positions
  double matrix[9];             // target to source, row by row
  std::int32_t block;           // vision::warp_block_width of the crop
  std::int32_t crop_height;     // before the turn
  std::int32_t crop_width;
  bool turned;        // write it turned 90 degrees counter-clockwise
  std::uint8_t* out;  // packed rows
};

// A position in 1/32 source pixel.
struct CropPosition {
  std::int32_t x;
  std::int32_t y;
};

HPINFER_DEVICE inline std::int32_t rounded_position(double value) {
  const double low = -2147483648.0;
  const double high = 2147483647.0;
  const double clamped = value < low ? low : (high < value ? high : value);
  return static_cast<std::int32_t>(rint(clamped));  // half to even, like lrint
}

HPINFER_DEVICE inline CropPosition crop_position(const CropTask& task, int x, int y) {
  const double* m = task.matrix;
  const int start = x / task.block * task.block;
  const double x0 = m[0] * start + m[1] * y + m[2];
  const double y0 = m[3] * start + m[4] * y + m[5];
  const double w0 = m[6] * start + m[7] * y + m[8];
  const double at = x - start;
  const double divisor = w0 + m[6] * at;
  const double factor = divisor != 0.0 ? 32.0 / divisor : 0.0;
  return {rounded_position((x0 + m[0] * at) * factor), rounded_position((y0 + m[3] * at) * factor)};
}

HPINFER_DEVICE inline int within(int value, int count) {
  return value < 0 ? 0 : (value < count ? value : count - 1);
}

HPINFER_DEVICE inline void sample_bicubic(const CropTask& task, CropPosition at,
                                          std::uint8_t* out) {
  const std::int16_t* weights = task.weights + ((at.y & 31) * 32 + (at.x & 31)) * 16;
  const int left = (at.x >> 5) - 1;
  const int top = (at.y >> 5) - 1;
  int sum[3] = {0, 0, 0};
  for (int i = 0; i < 4; ++i) {
    const std::uint8_t* row = task.pixels + within(top + i, task.height) * task.row_stride;
    for (int k = 0; k < 4; ++k) {
      const std::uint8_t* pixel =
          row + 3 * static_cast<std::ptrdiff_t>(within(left + k, task.width));
      for (int c = 0; c < 3; ++c) sum[c] += pixel[c] * weights[4 * i + k];
    }
  }
  for (int c = 0; c < 3; ++c) {
    const int value = (sum[c] + (1 << 14)) >> 15;
    out[c] = static_cast<std::uint8_t>(value < 0 ? 0 : (value > 255 ? 255 : value));
  }
}

// Pixel (x, y) of the crop, written where the turn puts it.
HPINFER_DEVICE inline void crop_pixel(const CropTask& task, int x, int y) {
  const std::ptrdiff_t row = task.turned ? task.crop_width - 1 - x : y;
  const std::ptrdiff_t column = task.turned ? y : x;
  const std::ptrdiff_t width = task.turned ? task.crop_height : task.crop_width;
  sample_bicubic(task, crop_position(task, x, y), task.out + 3 * (row * width + column));
}

}  // namespace hpinfer::cuda

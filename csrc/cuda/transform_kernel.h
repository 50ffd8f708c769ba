// One element of a fused transform: uint8 picture to planar float32, in the arithmetic of
// vision/resize_row.h (11-bit weights, each product truncated on its own), so that the device gives
// the CPU's bits.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cuda/portable.h"

namespace hpinfer::cuda {

inline constexpr int kChannels = 3;

// How the resized pixels are made; as vision::BilinearResize::Path.
enum class Sampling : std::int32_t {
  kCopy,   // same size
  kHalve,  // the mean of 2x2 pixels
  kBlend,  // two neighbours in each axis
};

// Two neighbouring source columns or rows, clamped to the picture, and their 11-bit weights.
struct AxisSample {
  std::int32_t first;
  std::int32_t second;
  std::int16_t first_weight;
  std::int16_t second_weight;
};

// One picture's way into a network's input. Every pointer is to memory of the side that runs it.
struct TransformTask {
  const std::uint8_t* pixels;  // interleaved, three channels
  std::ptrdiff_t row_stride;   // bytes
  const AxisSample* columns;   // kBlend: resized_width samples
  const AxisSample* rows;      // kBlend: resized_height samples
  const float* tables;         // [3][256], by plane: what each uint8 value becomes
  float* out;                  // element (c, y, x) at out[c * plane_stride + y * row_elements + x]
  std::ptrdiff_t plane_stride;
  std::ptrdiff_t row_elements;
  float fill[kChannels];  // by plane: right of and below the picture
  Sampling sampling;
  bool reverse;         // plane c takes source channel 2 - c
  std::int32_t crop_x;  // kCopy, kHalve: where the used part of the resized picture starts
  std::int32_t crop_y;
  std::int32_t resized_width;
  std::int32_t resized_height;
  std::int32_t out_width;
  std::int32_t out_height;
};

HPINFER_DEVICE inline const std::uint8_t* source_pixel(const TransformTask& task, int x, int y) {
  return task.pixels + y * task.row_stride + static_cast<std::ptrdiff_t>(x) * kChannels;
}

HPINFER_DEVICE inline int blended_columns(const TransformTask& task, const AxisSample& column,
                                          int row, int channel) {
  const int left = source_pixel(task, column.first, row)[channel];
  const int right = source_pixel(task, column.second, row)[channel];
  return (left * column.first_weight + right * column.second_weight) >> 4;
}

HPINFER_DEVICE inline int resized_value(const TransformTask& task, int x, int y, int channel) {
  if (task.sampling == Sampling::kCopy)
    return source_pixel(task, x + task.crop_x, y + task.crop_y)[channel];
  if (task.sampling == Sampling::kHalve) {
    const int left = 2 * (x + task.crop_x);
    const int top = 2 * (y + task.crop_y);
    const std::uint8_t* upper = source_pixel(task, left, top) + channel;
    const std::uint8_t* lower = source_pixel(task, left, top + 1) + channel;
    return (upper[0] + upper[kChannels] + lower[0] + lower[kChannels] + 2) >> 2;
  }
  const AxisSample column = task.columns[x];
  const AxisSample row = task.rows[y];
  const int above = row.first_weight * blended_columns(task, column, row.first, channel) >> 16;
  const int below = row.second_weight * blended_columns(task, column, row.second, channel) >> 16;
  return (above + below + 2) >> 2;
}

// Writes the three planes of output pixel (x, y), the padding too.
HPINFER_DEVICE inline void transform_pixel(const TransformTask& task, int x, int y) {
  const bool inside = x < task.resized_width && y < task.resized_height;
  for (int plane = 0; plane < kChannels; ++plane) {
    const int channel = task.reverse ? kChannels - 1 - plane : plane;
    task.out[plane * task.plane_stride + y * task.row_elements + x] =
        inside ? task.tables[plane * 256 + resized_value(task, x, y, channel)] : task.fill[plane];
  }
}

}  // namespace hpinfer::cuda

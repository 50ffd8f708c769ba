// Tasks of the CUDA kernels made from the CPU kernels' own tables, in host memory.
#pragma once

#include <vector>

#include "cuda/crop_kernel.h"
#include "cuda/transform_kernel.h"
#include "vision/bicubic_table.h"
#include "vision/normalizer.h"
#include "vision/perspective.h"
#include "vision/placement.h"
#include "vision/resize.h"
#include "vision/warp_row.h"

namespace hpinfer::testing {

struct HostTransform {
  std::vector<cuda::AxisSample> columns;
  std::vector<cuda::AxisSample> rows;
  std::vector<float> tables;
  std::vector<float> out;
  cuda::TransformTask task{};
};

inline std::vector<cuda::AxisSample> column_samples(int source, int target, int first, int count) {
  const vision::TapAxis axis(source, target);
  std::vector<cuda::AxisSample> samples;
  for (int x = first; x < first + count; ++x) {
    const vision::ColumnTap tap = vision::column_tap(axis, x);
    samples.push_back({tap.left, std::min(tap.left + 1, source - 1),
                       static_cast<std::int16_t>(tap.left_weight),
                       static_cast<std::int16_t>(tap.right_weight)});
  }
  return samples;
}

inline std::vector<cuda::AxisSample> row_samples(int source, int target, int first, int count) {
  std::vector<vision::RowTap> taps(static_cast<std::size_t>(count));
  vision::row_taps(source, target, first, taps);
  std::vector<cuda::AxisSample> samples;
  for (const vision::RowTap& tap : taps)
    samples.push_back({tap.upper, tap.lower, tap.upper_weight, tap.lower_weight});
  return samples;
}

inline cuda::Sampling sampling(const vision::Placement& p) {
  if (p.scaled_height == p.source_height && p.scaled_width == p.source_width)
    return cuda::Sampling::kCopy;
  if (p.source_height == 2 * p.scaled_height && p.source_width == 2 * p.scaled_width)
    return cuda::Sampling::kHalve;
  return cuda::Sampling::kBlend;
}

// Padding is zero in the tensor.
inline HostTransform make_transform(const ImageView& image, const vision::Placement& p,
                                    const vision::Normalize& normalize, bool reverse) {
  HostTransform made;
  made.columns = column_samples(p.source_width, p.scaled_width, p.crop_x, p.resized_width);
  made.rows = row_samples(p.source_height, p.scaled_height, p.crop_y, p.resized_height);
  for (const auto& channel : vision::build_normalizer(normalize).channels)
    made.tables.insert(made.tables.end(), std::begin(channel.table), std::end(channel.table));
  const std::ptrdiff_t plane = static_cast<std::ptrdiff_t>(p.out_width) * p.out_height;
  made.out.assign(static_cast<std::size_t>(3 * plane), -7.0F);
  made.task = {.pixels = image.row<std::uint8_t>(0),
               .row_stride = image.row_stride,
               .columns = made.columns.data(),
               .rows = made.rows.data(),
               .tables = made.tables.data(),
               .out = made.out.data(),
               .plane_stride = plane,
               .row_elements = p.out_width,
               .fill = {},
               .sampling = sampling(p),
               .reverse = reverse,
               .crop_x = p.crop_x,
               .crop_y = p.crop_y,
               .resized_width = p.resized_width,
               .resized_height = p.resized_height,
               .out_width = p.out_width,
               .out_height = p.out_height};
  return made;
}

struct HostCrop {
  std::vector<std::uint8_t> out;
  cuda::CropTask task{};
};

// The crop of width x height pixels that `backward` takes back into the picture.
inline HostCrop make_crop(const ImageView& image, const vision::Matrix3& backward, int height,
                          int width, bool turned) {
  HostCrop made;
  made.out.assign(static_cast<std::size_t>(height) * static_cast<std::size_t>(width) * 3, 7);
  made.task = {.pixels = image.row<std::uint8_t>(0),
               .row_stride = image.row_stride,
               .height = image.height,
               .width = image.width,
               .weights = vision::bicubic_table().front().data(),
               .matrix = {},
               .block = vision::warp_block_width(height, width),
               .crop_height = height,
               .crop_width = width,
               .turned = turned,
               .out = made.out.data()};
  std::copy(backward.begin(), backward.end(), made.task.matrix);
  return made;
}

}  // namespace hpinfer::testing

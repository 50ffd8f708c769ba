#include "models/transform_batch.h"

#include <algorithm>
#include <cstring>

#include "cuda/transform_kernel.h"
#include "vision/resize.h"

namespace hpinfer::models {
namespace {

constexpr std::size_t kAlignment = 16;
constexpr std::size_t kTableBytes = std::size_t{cuda::kChannels} * 256 * sizeof(float);

cuda::Sampling sampling_of(const vision::Placement& p) {
  if (p.scaled_height == p.source_height && p.scaled_width == p.source_width)
    return cuda::Sampling::kCopy;
  if (p.source_height == 2 * p.scaled_height && p.source_width == 2 * p.scaled_width)
    return cuda::Sampling::kHalve;
  return cuda::Sampling::kBlend;
}

void write_columns(const vision::Placement& p, std::byte* target) {
  auto* sample = reinterpret_cast<cuda::AxisSample*>(target);
  const vision::TapAxis axis(p.source_width, p.scaled_width);
  for (int x = p.crop_x; x < p.crop_x + p.resized_width; ++x) {
    const vision::ColumnTap tap = vision::column_tap(axis, x);
    *sample++ = {tap.left, std::min(tap.left + 1, p.source_width - 1),
                 static_cast<std::int16_t>(tap.left_weight),
                 static_cast<std::int16_t>(tap.right_weight)};
  }
}

void write_rows(const vision::Placement& p, std::byte* target) {
  auto* sample = reinterpret_cast<cuda::AxisSample*>(target);
  std::vector<vision::RowTap> taps(static_cast<std::size_t>(p.resized_height));
  vision::row_taps(p.source_height, p.scaled_height, p.crop_y, taps);
  for (const vision::RowTap& tap : taps)
    *sample++ = {tap.upper, tap.lower, tap.upper_weight, tap.lower_weight};
}

std::size_t row_bytes(const ImageView& image) {
  return static_cast<std::size_t>(image.width) * cuda::kChannels;
}

void write_pixels(const ImageView& image, std::byte* target) {
  for (int y = 0; y < image.height; ++y, target += row_bytes(image))
    std::memcpy(target, image.row<std::uint8_t>(y), row_bytes(image));
}

}  // namespace

std::optional<TransformBatch> TransformBatch::of(const vision::TransformPlan& plan,
                                                 std::span<const PlacedPicture> pictures) {
  TransformBatch batch;
  const vision::Placement& first = pictures[0].placement;
  batch.shape_ = {static_cast<std::int64_t>(pictures.size()), cuda::kChannels, first.out_height,
                  first.out_width};
  batch.reserve(pictures.size() * sizeof(cuda::TransformTask));
  batch.tables_ = batch.reserve(kTableBytes);
  for (const PlacedPicture& picture : pictures) {
    const vision::Placement& p = picture.placement;
    const auto fused = plan.fused(picture.image, p);
    if (!fused) return std::nullopt;
    Item item{picture, *fused};
    if (sampling_of(p) == cuda::Sampling::kBlend) {
      const auto samples = [](int count) {
        return static_cast<std::size_t>(count) * sizeof(cuda::AxisSample);
      };
      item.columns = batch.reserve(samples(p.resized_width));
      item.rows = batch.reserve(samples(p.resized_height));
    }
    item.pixels =
        batch.reserve(row_bytes(picture.image) * static_cast<std::size_t>(picture.image.height));
    batch.items_.push_back(item);
  }
  return batch;
}

// The offset of that many bytes more.
std::size_t TransformBatch::reserve(std::size_t bytes) {
  const std::size_t offset = bytes_;
  bytes_ += (bytes + kAlignment - 1) / kAlignment * kAlignment;
  return offset;
}

void TransformBatch::write(std::byte* staging, const std::byte* device, float* out) const {
  std::byte* table = staging + tables_;
  for (const auto& channel : items_[0].fused.normalizer->channels) {
    std::memcpy(table, std::begin(channel.table), 256 * sizeof(float));
    table += 256 * sizeof(float);
  }
  for (std::size_t i = 0; i < items_.size(); ++i) write_item(i, staging, device, out);
}

void TransformBatch::write_item(std::size_t index, std::byte* staging, const std::byte* device,
                                float* out) const {
  const Item& item = items_[index];
  const vision::Placement& p = item.picture.placement;
  const std::ptrdiff_t plane = static_cast<std::ptrdiff_t>(p.out_width) * p.out_height;
  const auto at = [&](std::size_t offset) { return device + offset; };
  const cuda::Sampling sampling = sampling_of(p);
  cuda::TransformTask task{
      .pixels = reinterpret_cast<const std::uint8_t*>(at(item.pixels)),
      .row_stride = static_cast<std::ptrdiff_t>(row_bytes(item.picture.image)),
      .columns = reinterpret_cast<const cuda::AxisSample*>(at(item.columns)),
      .rows = reinterpret_cast<const cuda::AxisSample*>(at(item.rows)),
      .tables = reinterpret_cast<const float*>(at(tables_)),
      .out = out + static_cast<std::ptrdiff_t>(index) * cuda::kChannels * plane,
      .plane_stride = plane,
      .row_elements = p.out_width,
      .fill = {},
      .sampling = sampling,
      .reverse = item.fused.reverse,
      .crop_x = p.crop_x,
      .crop_y = p.crop_y,
      .resized_width = p.resized_width,
      .resized_height = p.resized_height,
      .out_width = p.out_width,
      .out_height = p.out_height};
  std::copy(item.fused.fill.begin(), item.fused.fill.end(), task.fill);
  std::memcpy(staging + index * sizeof(task), &task, sizeof(task));
  if (sampling == cuda::Sampling::kBlend) {
    write_columns(p, staging + item.columns);
    write_rows(p, staging + item.rows);
  }
  write_pixels(item.picture.image, staging + item.pixels);
}

}  // namespace hpinfer::models

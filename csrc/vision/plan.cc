#include "vision/plan.h"

#include <algorithm>
#include <cstring>

#include "vision/resize_sampled.h"
#include "vision/row_layout.h"
#include "vision/warp_affine.h"

namespace hpinfer::vision {
namespace {

// The picture with zeros at the right and bottom; only tiny pictures come here.
Image zero_padded(const ImageView& image, int height, int width) {
  Image padded(height, width, image.channels, image.order);
  for (int y = 0; y < image.height; ++y)
    std::memcpy(padded.row(y), image.row<std::uint8_t>(y),
                static_cast<std::size_t>(image.width) * kChannels);
  return padded;
}

void apply_crop(const CenterCrop& crop, Placement& p) {
  check(p.scaled_width >= crop.size.width && p.scaled_height >= crop.size.height,
        ErrorCode::kInvalidInput, "the resized picture ", p.scaled_width, "x", p.scaled_height,
        " is smaller than the crop ", crop.size.width, "x", crop.size.height);
  p.crop_x = (p.scaled_width - crop.size.width) / 2;
  p.crop_y = (p.scaled_height - crop.size.height) / 2;
  p.resized_width = crop.size.width;
  p.resized_height = crop.size.height;
}

void apply_pad(const Pad& pad, Placement& p) {
  if (pad.multiple > 0) {
    const auto up = [&](int value) {
      return (value + pad.multiple - 1) / pad.multiple * pad.multiple;
    };
    p.out_width = up(p.out_width);
    p.out_height = up(p.out_height);
    return;
  }
  check(p.out_width <= pad.size.width && p.out_height <= pad.size.height, ErrorCode::kInvalidInput,
        "the resized picture ", p.out_width, "x", p.out_height, " is larger than the padding ",
        pad.size.width, "x", pad.size.height);
  p.out_width = pad.size.width;
  p.out_height = pad.size.height;
}

void check_run(const ImageView& image, const Placement& p) {
  check(image.dtype == DType::kUInt8, ErrorCode::kInvalidType,
        "a transform plan takes uint8 pixels; got ", dtype_name(image.dtype));
  check(image.channels == kChannels, ErrorCode::kInvalidInput,
        "a transform plan takes pictures of three channels; got ", image.channels);
  check(image.height == p.source_height && image.width == p.source_width, ErrorCode::kInvalidInput,
        "the placement is for a picture of ", p.source_width, "x", p.source_height, "; got ",
        image.width, "x", image.height);
  check(p.out_height >= p.resized_height && p.out_width >= p.resized_width,
        ErrorCode::kInvalidInput, "the output ", p.out_width, "x", p.out_height,
        " is smaller than the resized picture ", p.resized_width, "x", p.resized_height);
}

}  // namespace

Placement TransformPlan::place(int height, int width) const {
  check(height > 0 && width > 0 && height <= kMaxSide && width <= kMaxSide,
        ErrorCode::kInvalidInput, "a picture has sides of 1 to ", kMaxSide, " pixels; got ", width,
        "x", height);
  Placement p;
  p.source_height = p.padded_height = p.scaled_height = height;
  p.source_width = p.padded_width = p.scaled_width = width;
  std::visit(
      [&](const auto& op) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(op)>, std::monostate>)
          vision::place(op, p);
      },
      resize_);
  check(p.scaled_height > 0 && p.scaled_width > 0, ErrorCode::kInvalidInput, "a picture of ", width,
        "x", height, " would be resized to ", p.scaled_width, "x", p.scaled_height);
  p.resized_height = p.scaled_height;
  p.resized_width = p.scaled_width;
  if (crop_) apply_crop(*crop_, p);
  if (p.told_height == 0) {
    p.told_height = p.resized_height;
    p.told_width = p.resized_width;
  }
  p.out_height = p.resized_height;
  p.out_width = std::max(p.out_width, p.resized_width);
  if (pad_) apply_pad(*pad_, p);
  check(static_cast<std::int64_t>(p.out_height) * p.out_width <= kMaxPlanPixels,
        ErrorCode::kInvalidInput, "a picture of ", width, "x", height,
        " pixels would need a tensor of ", p.out_width, "x", p.out_height, ", above the limit of ",
        kMaxPlanPixels,
        " pixels: cut or pad it to a less extreme ratio, or ask for a smaller size");
  return p;
}

Interpolation TransformPlan::interpolation() const {
  return std::visit(
      [](const auto& op) {
        if constexpr (requires { op.interpolation; })
          return op.interpolation;
        else
          return Interpolation::kLinear;
      },
      resize_);
}

bool TransformPlan::reverses(const ImageView& image) const {
  return color_ && *color_ != image.order;
}

void TransformPlan::fill(const Placement& p, int begin, int end, const TensorTarget& target) const {
  for (int y = begin; y < end; ++y) {
    const int from = y < p.resized_height ? p.resized_width : 0;
    for (int c = 0; c < kChannels; ++c)
      std::fill_n(target.base + c * target.plane_stride + y * target.row_stride + from,
                  p.out_width - from, fill_[static_cast<std::size_t>(c)]);
  }
}

std::optional<TransformPlan::Fused> TransformPlan::fused(const ImageView& image,
                                                         const Placement& p) const {
  check_run(image, p);
  const bool tiny = p.padded_height != p.source_height || p.padded_width != p.source_width;
  const bool resizes = p.scaled_height != p.padded_height || p.scaled_width != p.padded_width;
  if (tiny || std::holds_alternative<CenterFrame>(resize_) ||
      (resizes && interpolation() != Interpolation::kLinear))
    return std::nullopt;
  return Fused{&normalizer_, fill_, reverses(image)};
}

void TransformPlan::run(const ImageView& image, const Placement& p, const TensorTarget& target,
                        ThreadPool* pool) const {
  check_run(image, p);
  const bool tiny = p.padded_height != p.source_height || p.padded_width != p.source_width;
  const Image padded = tiny ? zero_padded(image, p.padded_height, p.padded_width) : Image();
  const ImageView source = tiny ? padded.view() : image;
  const PlanarOutput out{target.base, target.plane_stride, target.row_stride, reverses(image)};
  if (const auto* frame = std::get_if<CenterFrame>(&resize_)) {
    run_rows(FrameWarp(*frame, p.padded_height, p.padded_width), source, p, out, target, pool);
    return;
  }
  const bool resizes = p.scaled_height != p.padded_height || p.scaled_width != p.padded_width;
  if (resizes && interpolation() != Interpolation::kLinear)
    run_sampled(source, p, out, target, pool);
  else
    run_linear(source, p, out, target, pool);
}

void TransformPlan::run_linear(const ImageView& source, const Placement& p, const PlanarOutput& out,
                               const TensorTarget& target, ThreadPool* pool) const {
  const BilinearResize resizer(p.padded_height, p.padded_width, p.scaled_height, p.scaled_width,
                               {p.crop_x, p.crop_y, p.resized_width, p.resized_height});
  for_each_band(p.out_height, p.out_width, resizer.scratch_size(), pool,
                [&](int begin, int end, std::span<std::int16_t> scratch) {
                  const int last = std::min(end, p.resized_height);
                  if (begin < last) resizer.run(source, begin, last, out, normalizer_, scratch);
                  fill(p, begin, end, target);
                });
}

void TransformPlan::run_sampled(const ImageView& source, const Placement& p,
                                const PlanarOutput& out, const TensorTarget& target,
                                ThreadPool* pool) const {
  const SampledResize resizer(interpolation(), p.padded_height, p.padded_width, p.scaled_height,
                              p.scaled_width,
                              {p.crop_x, p.crop_y, p.resized_width, p.resized_height});
  run_rows(resizer, source, p, out, target, pool);
}

template <typename Rows>
void TransformPlan::run_rows(const Rows& rows, const ImageView& source, const Placement& p,
                             const PlanarOutput& out, const TensorTarget& target,
                             ThreadPool* pool) const {
  const NormalizeRow normalize_row = row_kernels(active_isa()).normalize_row;
  const auto emit = [&](int y, const std::uint8_t* row) {
    normalize_row(row, 0, p.resized_width, row_target(out, normalizer_, y));
  };
  for_each_band(p.out_height, p.out_width, 0, pool, [&](int begin, int end, auto) {
    const int last = std::min(end, p.resized_height);
    if (begin < last) rows.run(source, begin, last, emit);
    fill(p, begin, end, target);
  });
}

}  // namespace hpinfer::vision

#include "vision/resize.h"

#include <algorithm>
#include <cstring>

#include "vision/resize_sampled.h"
#include "vision/row_layout.h"

namespace hpinfer::vision {
namespace {

BilinearResize::Path choose_path(int source_height, int source_width, int height, int width) {
  if (source_height == height && source_width == width) return BilinearResize::Path::kCopy;
  if (source_height == 2 * height && source_width == 2 * width) return BilinearResize::Path::kHalve;
  return BilinearResize::Path::kBlend;
}

// Horizontally resized rows, the last two used.
class RowCache {
 public:
  RowCache(std::span<std::int16_t> scratch)
      : buffers_{scratch.data(), scratch.data() + scratch.size() / 2} {}

  // The buffer of `row`; when it is not held, make(buffer) fills the one that does not hold `keep`.
  template <typename Make>
  const std::int16_t* get(int row, int keep, const Make& make) {
    for (std::size_t i = 0; i < 2; ++i)
      if (held_[i] == row) return buffers_[i];
    const std::size_t free = held_[0] == keep ? 1 : 0;
    make(buffers_[free]);
    held_[free] = row;
    return buffers_[free];
  }

 private:
  std::int16_t* buffers_[2];
  int held_[2] = {-1, -1};
};

void check_picture(const ImageView& source, int height, int width) {
  check(source.dtype == DType::kUInt8, ErrorCode::kInvalidType, "resize takes uint8 pixels; got ",
        dtype_name(source.dtype));
  check(source.channels == 1 || source.channels == 3, ErrorCode::kInvalidInput,
        "resize takes one or three channels; got ", source.channels);
  check(!source.empty() && source.height <= kMaxSide && source.width <= kMaxSide,
        ErrorCode::kInvalidInput, "a picture to resize has sides of 1 to ", kMaxSide,
        " pixels; got ", source.width, "x", source.height);
  check(height > 0 && width > 0 && height <= kMaxSide && width <= kMaxSide,
        ErrorCode::kInvalidInput, "a picture can be resized to sides of 1 to ", kMaxSide,
        " pixels; asked for ", width, "x", height);
}

}  // namespace

std::string_view path_name(BilinearResize::Path path) noexcept {
  switch (path) {
    case BilinearResize::Path::kCopy:
      return "copy";
    case BilinearResize::Path::kHalve:
      return "halve";
    case BilinearResize::Path::kBlend:
      return "blend";
  }
  return "unknown";
}

RowTarget row_target(const PlanarOutput& out, const Normalizer& normalizer, int y) {
  RowTarget row;
  row.form = normalizer.form;
  for (std::size_t plane = 0; plane < 3; ++plane) {
    const std::size_t channel = out.reverse_channels ? 2 - plane : plane;
    row.plane[channel] =
        out.base + static_cast<std::ptrdiff_t>(plane) * out.plane_stride + y * out.row_stride;
    row.channel[channel] = &normalizer.channels[plane];
  }
  return row;
}

BilinearResize::BilinearResize(int source_height, int source_width, int height, int width,
                               const Region& region, Isa isa, TapRule rule)
    : kernels_(&row_kernels(isa)),
      region_(region),
      path_(choose_path(source_height, source_width, height, width)) {
  if (path_ == Path::kHalve)  // one uint8 row
    scratch_size_ = static_cast<std::size_t>(region.width * kChannels + 1) / 2;
  if (path_ != Path::kBlend) return;
  const auto blocks = static_cast<std::size_t>(block_count(region.width));
  scratch_size_ = 2 * ((blocks + 1) / 2 * 2 * kBlockWords);  // rows that begin cache lines
  offsets_.resize(blocks * kBlockPixels);
  shifts_.resize(blocks * kBlockPixels);
  weights_.resize(blocks * kBlockPixels);
  windows_.resize(blocks);
  places_.resize(blocks * kBlockPixels);
  columns_ = {.offset = offsets_.data(),
              .shift = shifts_.data(),
              .weights = weights_.data(),
              .window = windows_.data(),
              .place = places_.data(),
              .count = region.width};
  column_taps(source_width, width, region.x, columns_, rule);
  rows_.resize(static_cast<std::size_t>(region.height));
  row_taps(source_height, height, region.y, rows_, rule);
}

template <typename Emit>
void BilinearResize::blend_rows(const ImageView& source, int begin, int end,
                                std::span<std::int16_t> scratch, const Emit& emit) const {
  RowCache cache(scratch);
  const auto resized = [&](int row, int keep) {
    return cache.get(row, keep, [&](std::int16_t* buffer) {
      kernels_->resize_columns(source.row<std::uint8_t>(row), columns_, buffer);
    });
  };
  for (int y = begin; y < end; ++y) {
    const RowTap& tap = rows_[static_cast<std::size_t>(y)];
    // A row of weight zero adds nothing: do not make it.
    const int lower_row = tap.lower_weight == 0 ? tap.upper : tap.lower;
    const std::int16_t* upper = resized(tap.upper, lower_row);
    const std::int16_t* lower = resized(lower_row, tap.upper);
    emit(y, RowPair{upper, lower, tap.upper_weight, tap.lower_weight});
  }
}

void BilinearResize::halve(const ImageView& source, int y, std::uint8_t* out) const {
  const int row = 2 * (region_.y + y);
  const std::ptrdiff_t start = static_cast<std::ptrdiff_t>(2 * region_.x) * kChannels;
  kernels_->halve_row(source.row<std::uint8_t>(row) + start,
                      source.row<std::uint8_t>(row + 1) + start, 0, region_.width, out);
}

// A row of the region as packed uint8 pixels, for the paths that have no second pass.
const std::uint8_t* BilinearResize::plain_row(const ImageView& source, int y,
                                              std::uint8_t* scratch) const {
  if (path_ == Path::kCopy)
    return source.row<std::uint8_t>(region_.y + y) +
           static_cast<std::ptrdiff_t>(region_.x) * kChannels;
  halve(source, y, scratch);
  return scratch;
}

void BilinearResize::run(const ImageView& source, int begin, int end, std::uint8_t* out,
                         std::ptrdiff_t row_stride, std::span<std::int16_t> scratch) const {
  if (path_ == Path::kBlend)
    return blend_rows(source, begin, end, scratch, [&](int y, const RowPair& rows) {
      kernels_->blend_row(rows, 0, region_.width, out + y * row_stride);
    });
  for (int y = begin; y < end; ++y) {
    if (path_ == Path::kHalve) {
      halve(source, y, out + y * row_stride);
      continue;
    }
    std::memcpy(out + y * row_stride, plain_row(source, y, nullptr),
                static_cast<std::size_t>(region_.width) * kChannels);
  }
}

void BilinearResize::run(const ImageView& source, int begin, int end, const PlanarOutput& out,
                         const Normalizer& normalizer, std::span<std::int16_t> scratch) const {
  if (path_ == Path::kBlend)
    return blend_rows(source, begin, end, scratch, [&](int y, const RowPair& rows) {
      kernels_->blend_row_planar(rows, 0, region_.width, row_target(out, normalizer, y));
    });
  auto* bytes = reinterpret_cast<std::uint8_t*>(scratch.data());
  for (int y = begin; y < end; ++y)
    kernels_->normalize_row(plain_row(source, y, bytes), 0, region_.width,
                            row_target(out, normalizer, y));
}

namespace {

void resize_sampled(const ImageView& source, Image& target, Interpolation interpolation,
                    ThreadPool* pool) {
  check(source.channels == kChannels, ErrorCode::kUnsupported, "interpolation '",
        interpolation_name(interpolation), "' takes pictures of three channels; got ",
        source.channels);
  const SampledResize plan(interpolation, source.height, source.width, target.height, target.width,
                           {0, 0, target.width, target.height});
  const auto row_bytes = static_cast<std::size_t>(target.width) * kChannels;
  for_each_band(target.height, target.width, 0, pool, [&](int begin, int end, auto) {
    plan.run(source, begin, end,
             [&](int y, const std::uint8_t* row) { std::memcpy(target.row(y), row, row_bytes); });
  });
}

}  // namespace

Image resize(const ImageView& source, int height, int width, ThreadPool* pool,
             Interpolation interpolation) {
  check_picture(source, height, width);
  Image target(height, width, source.channels, source.order);
  const bool resizes = source.height != height || source.width != width;
  if (resizes && interpolation != Interpolation::kLinear) {
    resize_sampled(source, target, interpolation, pool);
    return target;
  }
  if (source.channels == 1) {
    resize_gray(source, target);
    return target;
  }
  const BilinearResize plan(source.height, source.width, height, width, {0, 0, width, height});
  for_each_band(height, width, plan.scratch_size(), pool,
                [&](int begin, int end, std::span<std::int16_t> scratch) {
                  plan.run(source, begin, end, target.pixels.data(), target.row_stride(), scratch);
                });
  return target;
}

}  // namespace hpinfer::vision

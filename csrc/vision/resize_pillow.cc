#include "vision/resize_pillow.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "vision/row_layout.h"

namespace hpinfer::vision {
namespace {

double bilinear(double x) {
  const double distance = std::abs(x);
  return distance < 1.0 ? 1.0 - distance : 0.0;
}

double bicubic(double x) {
  constexpr double kA = -0.5;
  const double d = std::abs(x);
  if (d < 1.0) return ((kA + 2.0) * d - (kA + 3.0)) * d * d + 1.0;
  if (d < 2.0) return (((d - 5.0) * d + 8.0) * d - 4.0) * kA;
  return 0.0;
}

std::int32_t fixed(double weight) {
  const double scaled = weight * (1 << kPillowBits);
  return static_cast<std::int32_t>(scaled < 0.0 ? scaled - 0.5 : scaled + 0.5);
}

bool shrinks_height_most(const SampledSize& size) {
  const int rows = size.source_height - size.target_height;
  return rows > 0 && rows > 2 * (size.source_width - size.target_width);
}

PillowTaps identity_taps(int first, int count) {
  PillowTaps taps;
  taps.most = 2;
  for (int i = 0; i < count; ++i) {
    taps.spans.push_back({first + i, 1});
    taps.weights.insert(taps.weights.end(), {1 << kPillowBits, 0});
  }
  return taps;
}

// The part of an axis that is resized, and to how many results.
struct Stretch {
  int source;
  float from;
  float to;
  int target;

  bool keeps_size() const {
    return source == target && from == 0.0F && to == static_cast<float>(source);
  }
};

PillowTaps pillow_taps(const Stretch& axis, int first, int count, PillowFilter filter) {
  if (axis.keeps_size()) return identity_taps(first, count);
  const double scale = static_cast<double>(axis.to - axis.from) / axis.target;
  const double filter_scale = std::max(scale, 1.0);
  const double support = (filter == PillowFilter::kBicubic ? 2.0 : 1.0) * filter_scale;
  const double step = 1.0 / filter_scale;
  PillowTaps taps;
  taps.most = static_cast<int>(std::ceil(support)) * 2 + 2;
  taps.weights.resize(static_cast<std::size_t>(count) * static_cast<std::size_t>(taps.most));
  std::vector<double> exact(static_cast<std::size_t>(taps.most));
  for (int i = 0; i < count; ++i) {
    const double centre = static_cast<double>(axis.from) + (first + i + 0.5) * scale;
    const int low = std::max(static_cast<int>(centre - support + 0.5), 0);
    const int high = std::min(static_cast<int>(centre + support + 0.5), axis.source);
    double sum = 0.0;
    for (int k = 0; k < high - low; ++k) {
      const double x = (k + low - centre + 0.5) * step;
      const double weight = filter == PillowFilter::kBicubic ? bicubic(x) : bilinear(x);
      exact[static_cast<std::size_t>(k)] = weight;
      sum += weight;
    }
    std::int32_t* weights = taps.weights.data() + static_cast<std::ptrdiff_t>(i) * taps.most;
    for (int k = 0; k < high - low; ++k) {
      const double weight = exact[static_cast<std::size_t>(k)];
      weights[k] = fixed(sum != 0.0 ? weight / sum : weight);
    }
    taps.spans.push_back({low, high - low});
  }
  return taps;
}

Stretch across(const SampledSize& size, const SourceBox& box) {
  return {size.source_width, box.left, box.right, size.target_width};
}

Stretch down(const SampledSize& size, const SourceBox& box) {
  return {size.source_height, box.top, box.bottom, size.target_height};
}

SourceBox whole(const SampledSize& size) {
  return {0, 0, static_cast<float>(size.source_width), static_cast<float>(size.source_height)};
}

}  // namespace

PillowResize::PillowResize(const SampledSize& size, PillowFilter filter, Isa isa)
    : PillowResize(size, filter, whole(size), kChannels, isa) {}

PillowResize::PillowResize(const SampledSize& size, PillowFilter filter, const SourceBox& box,
                           int channels, Isa isa)
    : kernels_(&pillow_row_kernels(isa)),
      keeps_width_(across(size, box).keeps_size()),
      vertical_first_(shrinks_height_most(size)),
      source_width_(size.source_width),
      x_(size.x),
      width_(static_cast<std::size_t>(size.width)),
      channels_(static_cast<std::size_t>(channels)),
      columns_(pillow_taps(across(size, box), size.x, size.width, filter)),
      rows_(pillow_taps(down(size, box), size.y, size.height, filter)) {}

void PillowResize::resize_row(const std::uint8_t* row, std::uint8_t* out) const {
  const auto count = static_cast<int>(width_);
  if (keeps_width_) {
    std::memcpy(out, row + static_cast<std::size_t>(x_) * channels_, width_ * channels_);
  } else if (channels_ == 1) {
    pillow_resize_gray_row(row, columns_.view(), count, out);
  } else {
    kernels_->resize_row(row, source_width_ * kChannels, columns_.view(), count, out);
  }
}

template <typename RowAt>
void PillowResize::blend_rows(int y, const RowAt& row_at, std::span<const std::uint8_t*> rows,
                              std::span<std::uint8_t> out) const {
  const auto [first, count] = rows_.spans[static_cast<std::size_t>(y)];
  for (int k = 0; k < count; ++k) rows[static_cast<std::size_t>(k)] = row_at(first + k);
  kernels_->blend_rows(rows.data(), rows_.of(static_cast<std::size_t>(y)), count,
                       static_cast<int>(out.size()), out.data());
}

void PillowResize::run_vertical_first(const ImageView& source, int begin, int end,
                                      const EmitRow& emit) const {
  const std::size_t row_bytes = static_cast<std::size_t>(source_width_) * channels_;
  std::vector<const std::uint8_t*> rows(static_cast<std::size_t>(rows_.most));
  std::vector<std::uint8_t> blended(row_bytes);
  std::vector<std::uint8_t> out(width_ * channels_);
  const auto row_at = [&](int r) { return source.row<std::uint8_t>(r); };
  for (int y = begin; y < end; ++y) {
    blend_rows(y, row_at, rows, blended);
    resize_row(blended.data(), out.data());
    emit(y, out.data());
  }
}

void PillowResize::run(const ImageView& source, int begin, int end, const EmitRow& emit) const {
  if (begin >= end) return;
  if (vertical_first_) return run_vertical_first(source, begin, end, emit);
  const std::size_t row_bytes = width_ * channels_;
  const auto ring = static_cast<std::size_t>(rows_.most);
  std::vector<std::uint8_t> resized(ring * row_bytes);  // source row r is at r % ring
  std::vector<const std::uint8_t*> rows(static_cast<std::size_t>(rows_.most));
  std::vector<std::uint8_t> out(row_bytes);
  const auto row_at = [&](int r) {
    return resized.data() + static_cast<std::size_t>(r) % ring * row_bytes;
  };
  int next = rows_.spans[static_cast<std::size_t>(begin)].first;
  for (int y = begin; y < end; ++y) {
    const auto [first, count] = rows_.spans[static_cast<std::size_t>(y)];
    for (; next < first + count; ++next) resize_row(source.row<std::uint8_t>(next), row_at(next));
    blend_rows(y, row_at, rows, out);
    emit(y, out.data());
  }
}

}  // namespace hpinfer::vision

#include "vision/resize_area.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "vision/row_layout.h"

namespace hpinfer::vision {
namespace {

// Round half to even and clamp, as the reference stores floats as bytes.
std::uint8_t to_byte(float value) {
  return static_cast<std::uint8_t>(std::clamp(std::nearbyint(value), 0.0F, 255.0F));
}

// The factor if it is a whole number to the last bit but one, else 0.
int whole_factor(double scale) {
  const double whole = std::nearbyint(scale);
  return std::abs(scale - whole) < std::numeric_limits<double>::epsilon() ? static_cast<int>(whole)
                                                                          : 0;
}

}  // namespace

AreaResize::AreaResize(const SampledSize& size, Isa isa)
    : width_(size.width), x_(size.x), y_(size.y) {
  const double scale_x = resize_scale(size.source_width, size.target_width);
  const double scale_y = resize_scale(size.source_height, size.target_height);
  if (scale_x < 1.0 || scale_y < 1.0) {
    growing_.emplace(size.source_height, size.source_width, size.target_height, size.target_width,
                     Region{size.x, size.y, size.width, size.height}, isa, TapRule::kArea);
    return;
  }
  factor_x_ = whole_factor(scale_x);
  factor_y_ = whole_factor(scale_y);
  // Sums of more pixels leave the range of int, as they do in the reference: these are weighed.
  constexpr std::int64_t kMostPixels = std::numeric_limits<int>::max() / 255;
  if (static_cast<std::int64_t>(factor_x_) * factor_y_ > kMostPixels) factor_x_ = factor_y_ = 0;
  if (factor_x_ > 0 && factor_y_ > 0) return;
  columns_ = cover(size.source_width, size.target_width, size.x, size.width, kChannels);
  rows_ = cover(size.source_height, size.target_height, size.y, size.height, 1);
}

AreaResize::Cover AreaResize::cover(int source, int target, int first, int count, int step) {
  constexpr double kSliver = 1e-3;  // a smaller share of a source pixel is left out
  const double scale = resize_scale(source, target);
  Cover result;
  for (int i = first; i < first + count; ++i) {
    result.first.push_back(static_cast<int>(result.parts.size()));
    const double begin = i * scale;
    const double end = begin + scale;
    const double length = std::min(scale, source - begin);
    const int last = std::min(static_cast<int>(std::floor(end)), source - 1);
    const int whole = std::min(static_cast<int>(std::ceil(begin)), last);
    const auto add = [&](int pixel, double share) {
      result.parts.push_back({pixel * step, static_cast<float>(share)});
    };
    if (whole - begin > kSliver) add(whole - 1, (whole - begin) / length);
    for (int pixel = whole; pixel < last; ++pixel) add(pixel, 1.0 / length);
    if (end - last > kSliver) add(last, std::min(std::min(end - last, 1.0), length) / length);
  }
  result.first.push_back(static_cast<int>(result.parts.size()));
  return result;
}

void AreaResize::run(const ImageView& source, int begin, int end, const EmitRow& emit) const {
  if (growing_)
    blend(source, begin, end, emit);
  else if (factor_x_ > 0 && factor_y_ > 0)
    average(source, begin, end, emit);
  else
    weigh(source, begin, end, emit);
}

void AreaResize::blend(const ImageView& source, int begin, int end, const EmitRow& emit) const {
  const std::size_t stride = static_cast<std::size_t>(width_) * kChannels;
  std::vector<std::uint8_t> rows(stride * static_cast<std::size_t>(end - begin));
  std::vector<std::int16_t> scratch(growing_->scratch_size());
  // The resize writes row y of the region at y * stride.
  growing_->run(source, begin, end, rows.data() - static_cast<std::ptrdiff_t>(stride) * begin,
                static_cast<std::ptrdiff_t>(stride), scratch);
  for (int y = begin; y < end; ++y)
    emit(y, rows.data() + stride * static_cast<std::size_t>(y - begin));
}

void AreaResize::average(const ImageView& source, int begin, int end, const EmitRow& emit) const {
  const auto elements = static_cast<std::size_t>(width_) * kChannels;
  const bool halves = factor_x_ == 2 && factor_y_ == 2;
  const float share = 1.0F / static_cast<float>(factor_x_ * factor_y_);
  std::vector<int> sums(elements);
  std::vector<std::uint8_t> out(elements);
  for (int y = begin; y < end; ++y) {
    std::fill(sums.begin(), sums.end(), 0);
    for (int k = 0; k < factor_y_; ++k) {
      const std::uint8_t* row = source.row<std::uint8_t>((y_ + y) * factor_y_ + k) +
                                static_cast<std::ptrdiff_t>(x_) * factor_x_ * kChannels;
      for (std::size_t x = 0; x < elements; x += kChannels)
        for (int j = 0; j < factor_x_; ++j, row += kChannels)
          for (std::size_t c = 0; c < kChannels; ++c) sums[x + c] += row[c];
    }
    // Halving rounds half up, everything else half to even.
    for (std::size_t i = 0; i < elements; ++i)
      out[i] = halves ? static_cast<std::uint8_t>((sums[i] + 2) >> 2)
                      : to_byte(static_cast<float>(sums[i]) * share);
    emit(y, out.data());
  }
}

void AreaResize::weigh_row(const std::uint8_t* row, float* out) const {
  for (std::size_t x = 0; x < static_cast<std::size_t>(width_); ++x, out += kChannels) {
    float sums[kChannels] = {};
    for (int k = columns_.first[x]; k < columns_.first[x + 1]; ++k) {
      const Part& part = columns_.parts[static_cast<std::size_t>(k)];
      for (int c = 0; c < kChannels; ++c)
        sums[c] += static_cast<float>(row[part.source + c]) * part.share;
    }
    std::copy_n(sums, kChannels, out);
  }
}

void AreaResize::weigh(const ImageView& source, int begin, int end, const EmitRow& emit) const {
  const auto elements = static_cast<std::size_t>(width_) * kChannels;
  std::vector<float> row(elements);
  std::vector<float> sums(elements);
  std::vector<std::uint8_t> out(elements);
  int held = -1;  // the source row in `row`: neighbours share one
  for (int y = begin; y < end; ++y) {
    std::fill(sums.begin(), sums.end(), 0.0F);
    const auto at = static_cast<std::size_t>(y);
    for (int k = rows_.first[at]; k < rows_.first[at + 1]; ++k) {
      const Part& part = rows_.parts[static_cast<std::size_t>(k)];
      if (part.source != held) weigh_row(source.row<std::uint8_t>(part.source), row.data());
      held = part.source;
      for (std::size_t i = 0; i < elements; ++i) sums[i] += part.share * row[i];
    }
    for (std::size_t i = 0; i < elements; ++i) out[i] = to_byte(sums[i]);
    emit(y, out.data());
  }
}

}  // namespace hpinfer::vision

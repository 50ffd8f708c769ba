#include "vision/resize_cubic.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "vision/row_layout.h"

namespace hpinfer::vision {
namespace {

constexpr double kA = -0.75;  // of the cubic convolution kernel
constexpr int kMargin = 2;    // replicated pixels on each side of a row
constexpr int kSpare = 1;     // the kernels load four floats where three are a pixel

CubicTap cubic_tap(int source, int target, int i) {
  const double scale = static_cast<double>(source) / static_cast<double>(target);
  const double position = (i + 0.5) * scale - 0.5;
  const double floor = std::floor(position);
  const double x = position - floor;
  const auto near = [](double d) { return ((kA + 2.0) * d - (kA + 3.0)) * d * d + 1.0; };
  const double far = ((kA * (x + 1.0) - 5.0 * kA) * (x + 1.0) + 8.0 * kA) * (x + 1.0) - 4.0 * kA;
  const std::array<double, 3> weights{far, near(x), near(1.0 - x)};
  return {static_cast<int>(floor) - 1,
          {static_cast<float>(weights[0]), static_cast<float>(weights[1]),
           static_cast<float>(weights[2]),
           static_cast<float>(1.0 - weights[0] - weights[1] - weights[2])}};
}

std::vector<CubicTap> cubic_taps(int source, int target, int first, int count) {
  std::vector<CubicTap> taps;
  taps.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) taps.push_back(cubic_tap(source, target, first + i));
  return taps;
}

// Repeats the first and the last pixel into the margins.
void replicate_ends(float* row, int width) {
  float* last = row + (kMargin + width - 1) * kChannels;
  for (int i = 0; i < kMargin; ++i)
    for (int c = 0; c < kChannels; ++c) {
      row[i * kChannels + c] = row[kMargin * kChannels + c];
      last[(i + 1) * kChannels + c] = last[c];
    }
}

}  // namespace

CubicResize::CubicResize(const SampledSize& size, Isa isa)
    : kernels_(&cubic_row_kernels(isa)),
      source_width_(size.source_width),
      columns_(cubic_taps(size.source_width, size.target_width, size.x, size.width)),
      rows_(cubic_taps(size.source_height, size.target_height, size.y, size.height)) {
  for (CubicTap& column : columns_) column.first = (column.first + kMargin) * kChannels;
}

void CubicResize::run(const ImageView& source, int begin, int end, const EmitRow& emit) const {
  const int count = source_width_ * kChannels;
  std::vector<float> blended(static_cast<std::size_t>(count + 2 * kMargin * kChannels + kSpare));
  std::vector<std::uint8_t> out(columns_.size() * kChannels);
  for (int y = begin; y < end; ++y) {
    const CubicTap& tap = rows_[static_cast<std::size_t>(y)];
    const std::uint8_t* rows[4];
    for (int k = 0; k < 4; ++k)
      rows[k] = source.row<std::uint8_t>(std::clamp(tap.first + k, 0, source.height - 1));
    kernels_->blend_rows(rows, tap.weights, count, blended.data() + kMargin * kChannels);
    replicate_ends(blended.data(), source_width_);
    kernels_->sample_columns(blended.data(), columns_.data(), static_cast<int>(columns_.size()),
                             out.data());
    emit(y, out.data());
  }
}

}  // namespace hpinfer::vision

#include "vision/resize_lanczos.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "vision/resize_taps.h"
#include "vision/row_layout.h"

namespace hpinfer::vision {
namespace {

constexpr int kBefore = 3;  // neighbours to the left of the pixel
// A position nearer than this to a pixel is on it: that one gets so much that the rest vanishes.
constexpr float kOnPixel = 1e-6F;
constexpr float kEverything = 1e30F;

// sinc(d) sinc(d/4) at d = fraction + 3 - i, scaled to a sum of one, in the reference's order of
// operations. The two sines are those of d pi / 4 and of d pi, the latter by the addition theorem.
std::array<float, LanczosResize::kTaps> weights_at(float fraction) {
  std::array<float, LanczosResize::kTaps> weights{};
  constexpr double kHalfRoot = std::numbers::sqrt2 / 2.0;
  constexpr double kTurns[LanczosResize::kTaps][2] = {
      {1.0, 0.0},  {-kHalfRoot, -kHalfRoot}, {0.0, 1.0},  {kHalfRoot, -kHalfRoot},
      {-1.0, 0.0}, {kHalfRoot, kHalfRoot},   {0.0, -1.0}, {-kHalfRoot, kHalfRoot}};
  const double start = -(fraction + 3.0F) * std::numbers::pi * 0.25;
  const double sine = std::sin(start);
  const double cosine = std::cos(start);
  float sum = 0.0F;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const float distance = fraction + 3.0F - static_cast<float>(i);
    if (std::abs(distance) < kOnPixel) {
      weights[i] = kEverything;
    } else {
      const double angle = -distance * std::numbers::pi * 0.25;
      weights[i] =
          static_cast<float>((kTurns[i][0] * sine + kTurns[i][1] * cosine) / (angle * angle));
    }
    sum += weights[i];
  }
  for (float& weight : weights) weight *= 1.0F / sum;
  return weights;
}

std::uint8_t to_byte(std::int32_t sum) {
  constexpr int kBits = 22;  // two weights of 11
  return static_cast<std::uint8_t>(std::clamp((sum + (1 << (kBits - 1))) >> kBits, 0, 255));
}

}  // namespace

LanczosResize::LanczosResize(const SampledSize& size)
    : source_width_(size.source_width),
      columns_(taps(size.source_width, size.target_width, size.x, size.width)),
      rows_(taps(size.source_height, size.target_height, size.y, size.height)) {}

std::vector<LanczosResize::Tap> LanczosResize::taps(int source, int target, int first, int count) {
  const double scale = resize_scale(source, target);
  std::vector<Tap> result;
  result.reserve(static_cast<std::size_t>(count));
  for (int i = first; i < first + count; ++i) {
    const auto position = static_cast<float>((i + 0.5) * scale - 0.5);
    const float whole = std::floor(position);
    Tap tap{static_cast<int>(whole) - kBefore, {}};
    const auto weights = weights_at(position - whole);
    for (std::size_t k = 0; k < weights.size(); ++k)
      tap.weights[k] =
          static_cast<std::int16_t>(std::nearbyint(weights[k] * static_cast<float>(kWeightOne)));
    result.push_back(tap);
  }
  return result;
}

void LanczosResize::resize_columns(const std::uint8_t* row, std::int32_t* out) const {
  for (const Tap& tap : columns_) {
    std::int32_t sums[kChannels] = {};
    for (int k = 0; k < kTaps; ++k) {
      const std::uint8_t* pixel = row + kChannels * std::clamp(tap.first + k, 0, source_width_ - 1);
      for (int c = 0; c < kChannels; ++c)
        sums[c] += pixel[c] * tap.weights[static_cast<std::size_t>(k)];
    }
    out = std::copy_n(sums, kChannels, out);
  }
}

void LanczosResize::run(const ImageView& source, int begin, int end, const EmitRow& emit) const {
  const std::size_t elements = columns_.size() * kChannels;
  // Source row r lies in slot r modulo 8: the eight neighbours never share one.
  std::vector<std::int32_t> resized(elements * kTaps);
  std::array<int, kTaps> held;
  held.fill(-1);
  std::vector<std::uint8_t> out(elements);
  for (int y = begin; y < end; ++y) {
    const Tap& tap = rows_[static_cast<std::size_t>(y)];
    std::array<const std::int32_t*, kTaps> neighbours;
    for (int k = 0; k < kTaps; ++k) {
      const int row = std::clamp(tap.first + k, 0, source.height - 1);
      const auto slot = static_cast<std::size_t>(row % kTaps);
      std::int32_t* buffer = resized.data() + elements * slot;
      if (held[slot] != row) resize_columns(source.row<std::uint8_t>(row), buffer);
      held[slot] = row;
      neighbours[static_cast<std::size_t>(k)] = buffer;
    }
    for (std::size_t i = 0; i < elements; ++i) {
      std::int32_t sum = 0;
      for (std::size_t k = 0; k < neighbours.size(); ++k) sum += neighbours[k][i] * tap.weights[k];
      out[i] = to_byte(sum);
    }
    emit(y, out.data());
  }
}

}  // namespace hpinfer::vision

#include "vision/resize_pillow_row.h"

#include <algorithm>

#include "vision/row_layout.h"

namespace hpinfer::vision {
namespace {

constexpr std::int32_t kHalf = std::int32_t{1} << (kPillowBits - 1);

std::uint8_t to_pixel(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> kPillowBits, 0, 255));
}

}  // namespace

void pillow_resize_row_scalar(const std::uint8_t* row, int /*row_bytes*/, const PillowWeights& taps,
                              int count, std::uint8_t* out) {
  const PillowWeights local = taps;  // a copy, so that stores cannot change it
  for (int x = 0; x < count; ++x, out += kChannels) {
    const PillowSpan span = local.spans[x];
    const std::int32_t* weights = local.weights + static_cast<std::ptrdiff_t>(x) * local.most;
    const std::uint8_t* pixel = row + static_cast<std::ptrdiff_t>(span.first) * kChannels;
    std::int32_t sums[kChannels] = {kHalf, kHalf, kHalf};
    for (int k = 0; k < span.count; ++k, pixel += kChannels)
      for (int c = 0; c < kChannels; ++c) sums[c] += pixel[c] * weights[k];
    for (int c = 0; c < kChannels; ++c) out[c] = to_pixel(sums[c]);
  }
}

void pillow_resize_gray_row(const std::uint8_t* row, const PillowWeights& taps, int count,
                            std::uint8_t* out) {
  const PillowWeights local = taps;
  for (int x = 0; x < count; ++x) {
    const PillowSpan span = local.spans[x];
    const std::int32_t* weights = local.weights + static_cast<std::ptrdiff_t>(x) * local.most;
    std::int32_t sum = kHalf;
    for (int k = 0; k < span.count; ++k) sum += row[span.first + k] * weights[k];
    out[x] = to_pixel(sum);
  }
}

void pillow_blend_rows_scalar(const std::uint8_t* const* rows, const std::int32_t* weights,
                              int taps, int bytes, std::uint8_t* out) {
  for (int i = 0; i < bytes; ++i) {
    std::int32_t sum = kHalf;
    for (int k = 0; k < taps; ++k) sum += rows[k][i] * weights[k];
    out[i] = to_pixel(sum);
  }
}

const PillowRowKernels& pillow_row_kernels([[maybe_unused]] Isa isa) noexcept {
  static constexpr PillowRowKernels kScalar{&pillow_resize_row_scalar, &pillow_blend_rows_scalar};
#if defined(__x86_64__)
  static constexpr PillowRowKernels kAvx2{&pillow_resize_row_avx2, &pillow_blend_rows_avx2};
  if (isa != Isa::kScalar) return kAvx2;
#endif
  return kScalar;
}

}  // namespace hpinfer::vision

// Lanczos resize over 8x8 pixels as cv2.resize(INTER_LANCZOS4), bit for bit: 11-bit weights, whole
// numbers throughout.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "vision/resize_nearest.h"

namespace hpinfer::vision {

class LanczosResize {
 public:
  static constexpr int kTaps = 8;

  explicit LanczosResize(const SampledSize& size);
  void run(const ImageView& source, int begin, int end, const EmitRow& emit) const;

 private:
  // The first of eight neighbours, not clamped to the picture, and their weights.
  struct Tap {
    int first;
    std::array<std::int16_t, kTaps> weights;
  };

  static std::vector<Tap> taps(int source, int target, int first, int count);
  void resize_columns(const std::uint8_t* row, std::int32_t* out) const;

  int source_width_;
  std::vector<Tap> columns_;
  std::vector<Tap> rows_;
};

}  // namespace hpinfer::vision

// Pillow's resampling of uint8 pictures, bit for bit: an antialiasing filter whose support grows
// when the picture shrinks; 22-bit weights; horizontal pass first, rounded to uint8, then vertical.
#pragma once

#include <vector>

#include "vision/resize_nearest.h"

namespace hpinfer::vision {

enum class PillowFilter { kBilinear, kBicubic };

// Weights of one axis: result i is the sum of source[first + k] * weight[k], k < count.
struct PillowTaps {
  struct Span {
    int first;
    int count;
  };
  std::vector<Span> spans;
  std::vector<std::int32_t> weights;  // `most` for each result
  int most = 0;

  const std::int32_t* of(std::size_t i) const {
    return weights.data() + i * static_cast<std::size_t>(most);
  }
};

class PillowResize {
 public:
  PillowResize(const SampledSize& size, PillowFilter filter);
  void run(const ImageView& source, int begin, int end, const EmitRow& emit) const;

 private:
  void resize_row(const std::uint8_t* row, std::uint8_t* out) const;

  // An axis that keeps its size has no taps: its pass is skipped, as in Pillow.
  bool keeps_width_;
  int x_;
  std::size_t width_;
  PillowTaps columns_;
  PillowTaps rows_;
};

}  // namespace hpinfer::vision

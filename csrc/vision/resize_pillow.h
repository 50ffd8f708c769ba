// Pillow's resampling of uint8 pictures, bit for bit: an antialiasing filter whose support grows
// when the picture shrinks; 22-bit weights; two passes, the first rounded to uint8. The vertical
// pass comes first where Pillow 13 does so (found by experiment: the height shrinks, by more than
// twice what the width does); older releases always begin with the horizontal one.
#pragma once

#include <span>
#include <vector>

#include "core/cpu.h"
#include "vision/resize_nearest.h"
#include "vision/resize_pillow_row.h"

namespace hpinfer::vision {

enum class PillowFilter { kBilinear, kBicubic };

// The rectangle of a picture that is resized; its sides may lie between pixels (float32, as in
// Pillow).
struct SourceBox {
  float left = 0;
  float top = 0;
  float right = 0;
  float bottom = 0;
};

// The weights of one axis.
struct PillowTaps {
  std::vector<PillowSpan> spans;
  std::vector<std::int32_t> weights;
  int most = 0;

  PillowWeights view() const { return {spans.data(), weights.data(), most}; }
  const std::int32_t* of(std::size_t i) const {
    return weights.data() + i * static_cast<std::size_t>(most);
  }
};

// Of pictures of one size and one or three channels. Immutable: any number of threads may run bands
// of rows.
class PillowResize {
 public:
  PillowResize(const SampledSize& size, PillowFilter filter, Isa isa);
  PillowResize(const SampledSize& size, PillowFilter filter, const SourceBox& box, int channels,
               Isa isa);
  void run(const ImageView& source, int begin, int end, const EmitRow& emit) const;

 private:
  void resize_row(const std::uint8_t* row, std::uint8_t* out) const;
  // Row y of the result from rows of `row_bytes` that row_at(source row) gives.
  template <typename RowAt>
  void blend_rows(int y, const RowAt& row_at, std::span<const std::uint8_t*> rows,
                  std::span<std::uint8_t> out) const;
  void run_vertical_first(const ImageView& source, int begin, int end, const EmitRow& emit) const;

  const PillowRowKernels* kernels_;
  // An axis that keeps its size has no taps: its pass is skipped, as in Pillow.
  bool keeps_width_;
  bool vertical_first_;
  int source_width_;
  int x_;
  std::size_t width_;
  std::size_t channels_;
  PillowTaps columns_;
  PillowTaps rows_;
};

}  // namespace hpinfer::vision

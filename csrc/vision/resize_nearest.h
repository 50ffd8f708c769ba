// Nearest-neighbour resize as cv2.resize(INTER_NEAREST): the pixel at floor(x * source / target).
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "core/image.h"

namespace hpinfer::vision {

// What a sampled resize computes: a picture of `source` size to one of `target` size, and of that
// the region at (x, y) of width x height.
struct SampledSize {
  int source_height = 0;
  int source_width = 0;
  int target_height = 0;
  int target_width = 0;
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;
};

// Takes row y of the region, packed uint8 pixels.
using EmitRow = std::function<void(int y, const std::uint8_t* row)>;

class NearestResize {
 public:
  explicit NearestResize(const SampledSize& size);
  void run(const ImageView& source, int begin, int end, const EmitRow& emit) const;

 private:
  std::vector<int> columns_;  // byte offsets within a row
  std::size_t wide_ = 0;      // of them, those that may be moved as whole words
  std::vector<int> rows_;
};

}  // namespace hpinfer::vision

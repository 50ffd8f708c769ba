// Area resize as cv2.resize(INTER_AREA), bit for bit: each pixel is the mean of what it covers. A
// picture that grows in either axis is blended with weights that keep whole pixels whole.
#pragma once

#include <optional>
#include <vector>

#include "core/cpu.h"
#include "vision/resize.h"
#include "vision/resize_nearest.h"

namespace hpinfer::vision {

class AreaResize {
 public:
  AreaResize(const SampledSize& size, Isa isa);
  void run(const ImageView& source, int begin, int end, const EmitRow& emit) const;

 private:
  // One source row or column of a pixel, and its share.
  struct Part {
    int source;
    float share;
  };
  // What each pixel of an axis covers: pixel i the parts [first[i], first[i + 1]).
  struct Cover {
    std::vector<int> first;
    std::vector<Part> parts;
  };

  static Cover cover(int source, int target, int first, int count, int step);
  void blend(const ImageView& source, int begin, int end, const EmitRow& emit) const;
  void average(const ImageView& source, int begin, int end, const EmitRow& emit) const;
  void weigh(const ImageView& source, int begin, int end, const EmitRow& emit) const;
  void weigh_row(const std::uint8_t* row, float* out) const;

  std::optional<BilinearResize> growing_;
  int width_;
  int x_;
  int y_;
  // Whole numbers of source pixels for each pixel, 0 where they are not whole.
  int factor_x_ = 0;
  int factor_y_ = 0;
  Cover columns_;
  Cover rows_;
};

}  // namespace hpinfer::vision

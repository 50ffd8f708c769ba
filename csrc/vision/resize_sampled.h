// Resizes other than bilinear: rows of the result, one after the other.
#pragma once

#include <functional>
#include <variant>

#include "core/image.h"
#include "vision/operators.h"
#include "vision/resize.h"
#include "vision/resize_area.h"
#include "vision/resize_cubic.h"
#include "vision/resize_lanczos.h"
#include "vision/resize_nearest.h"
#include "vision/resize_pillow.h"

namespace hpinfer::vision {

// One resize of three-channel uint8 pictures of one size, of which a region is computed.
// Immutable: any number of threads may run bands of rows.
class SampledResize {
 public:
  SampledResize(Interpolation interpolation, int source_height, int source_width, int height,
                int width, const Region& region, Isa isa = active_isa());

  // Calls emit(y, row) for rows [begin, end) of the region in order; `row` holds its packed pixels
  // and lives until the next call.
  void run(const ImageView& source, int begin, int end, const EmitRow& emit) const;

 private:
  std::variant<NearestResize, CubicResize, AreaResize, LanczosResize, PillowResize> kernel_;
};

}  // namespace hpinfer::vision

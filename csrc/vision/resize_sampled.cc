#include "vision/resize_sampled.h"

namespace hpinfer::vision {
namespace {

using Kernel = std::variant<NearestResize, CubicResize, AreaResize, LanczosResize, PillowResize>;

Kernel make_kernel(Interpolation interpolation, const SampledSize& size, Isa isa) {
  switch (interpolation) {
    case Interpolation::kNearest:
      return NearestResize(size);
    case Interpolation::kCubic:
      return CubicResize(size, isa);
    case Interpolation::kArea:
      return AreaResize(size, isa);
    case Interpolation::kLanczos4:
      return LanczosResize(size);
    case Interpolation::kPilBilinear:
      return PillowResize(size, PillowFilter::kBilinear, isa);
    case Interpolation::kPilBicubic:
      return PillowResize(size, PillowFilter::kBicubic, isa);
    case Interpolation::kLinear:
      break;  // BilinearResize's
  }
  fail(ErrorCode::kUnsupported, "interpolation '", interpolation_name(interpolation),
       "' has no sampled resize");
}

}  // namespace

SampledResize::SampledResize(Interpolation interpolation, int source_height, int source_width,
                             int height, int width, const Region& region, Isa isa)
    : kernel_(make_kernel(interpolation,
                          {source_height, source_width, height, width, region.x, region.y,
                           region.width, region.height},
                          isa)) {}

void SampledResize::run(const ImageView& source, int begin, int end, const EmitRow& emit) const {
  std::visit([&](const auto& kernel) { kernel.run(source, begin, end, emit); }, kernel_);
}

}  // namespace hpinfer::vision

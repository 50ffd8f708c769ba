#include "models/picture_input.h"

#include "models/planar_target.h"

namespace hpinfer::models {

Tensor PictureInput::make(const vision::TransformPlan& plan,
                          std::span<const PlacedPicture> pictures, ThreadPool* pool) const {
  if (accelerator_ != nullptr)
    if (const auto batch = TransformBatch::of(plan, pictures))
      return accelerator_->transform(*batch);
  const vision::Placement& first = pictures[0].placement;
  Tensor input = buffers_.take(DType::kFloat32, {static_cast<std::int64_t>(pictures.size()), 3,
                                                 first.out_height, first.out_width});
  const std::size_t size = std::size_t{3} * static_cast<std::size_t>(first.out_height) *
                           static_cast<std::size_t>(first.out_width);
  float* base = input.elements<float>().data();
  for (const PlacedPicture& picture : pictures) {
    plan.run(picture.image, picture.placement, planar_target(base, picture.placement), pool);
    base += size;
  }
  return input;
}

}  // namespace hpinfer::models

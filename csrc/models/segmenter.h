// Semantic segmentation: a class for each pixel.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/buffer_pool.h"
#include "core/image.h"
#include "engines/engine.h"
#include "vision/plan.h"

namespace hpinfer::models {

// Thread-safe: one object, any number of threads.
class Segmenter {
 public:
  // `operators` has no resize: that is chosen by call. The model takes [N,3,H,W] float32 and gives
  // labels [N,H,W] (int32 or int64), or float32 values [N,K,H,W], of which the best class is taken.
  Segmenter(std::shared_ptr<const Session> session, std::vector<vision::Operator> operators);

  // int32 [1,H,W] for each BGR picture, at its own size. Without `resize` pictures go through the
  // network as they are. Those whose tensors have one size go together, up to `batch_size`.
  std::vector<Tensor> segment(std::span<const ImageView> images, int batch_size,
                              const std::optional<vision::Operator>& resize) const;

  const Session& session() const noexcept { return *session_; }

 private:
  void run(const vision::TransformPlan& plan, std::span<const ImageView> images,
           std::span<const vision::Placement> placements, std::span<Tensor> labels) const;

  std::shared_ptr<const Session> session_;
  std::vector<vision::Operator> operators_;
  bool one_by_one_ = false;
  mutable BufferPool buffers_;
};

}  // namespace hpinfer::models

// The input [N, 3, H, W] of a network, made of pictures: on the host, or on the session's GPU.
#pragma once

#include <memory>
#include <span>

#include "core/buffer_pool.h"
#include "core/thread_pool.h"
#include "models/accelerator.h"
#include "vision/plan.h"

namespace hpinfer::models {

// Thread-safe.
class PictureInput {
 public:
  // `accelerator` may be null; `capacity` is the number of idle buffers of the host to keep.
  PictureInput(std::shared_ptr<const Accelerator> accelerator, std::size_t capacity)
      : accelerator_(std::move(accelerator)), buffers_(capacity) {}

  // At least one picture; all of one tensor size. On the host the work is split over the pool when
  // one is given. The object must outlive the tensor.
  Tensor make(const vision::TransformPlan& plan, std::span<const PlacedPicture> pictures,
              ThreadPool* pool = nullptr) const;

  const Accelerator* accelerator() const noexcept { return accelerator_.get(); }

 private:
  std::shared_ptr<const Accelerator> accelerator_;
  mutable BufferPool buffers_;
};

}  // namespace hpinfer::models

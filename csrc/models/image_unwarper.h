// Flattening of bent pages (UVDoc).
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "core/buffer_pool.h"
#include "core/image.h"
#include "engines/engine.h"
#include "vision/plan.h"

namespace hpinfer::models {

// Thread-safe: one object, any number of threads.
class ImageUnwarper {
 public:
  // The model takes [N,3,H,W] float32, BGR of 0 to 1 at the picture's own size, and gives
  // [N,3,H',W'] of the same kind.
  explicit ImageUnwarper(std::shared_ptr<const Session> session);

  // The flattened picture, BGR, of each BGR picture, in order. Each goes through the network alone
  // (their sizes differ), on as many threads as the session has streams.
  std::vector<Image> unwarp(std::span<const ImageView> images) const;

  const Session& session() const noexcept { return *session_; }

 private:
  Image unwarp_one(const ImageView& image) const;

  std::shared_ptr<const Session> session_;
  vision::TransformPlan plan_;
  mutable BufferPool buffers_;
};

}  // namespace hpinfer::models

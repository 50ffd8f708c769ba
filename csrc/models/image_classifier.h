// Image classification, also the orientation of pages and text lines.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "core/image.h"
#include "engines/engine.h"
#include "models/picture_input.h"
#include "vision/plan.h"

namespace hpinfer::models {

// Thread-safe: one object, any number of threads.
class ImageClassifier {
 public:
  // The model takes [N,3,H,W] float32 and gives [N,K] scores, soft-maxed in the graph. With an
  // accelerator (null: none) pictures are prepared on its device.
  ImageClassifier(std::shared_ptr<const Session> session,
                  const std::vector<vision::Operator>& operators,
                  std::shared_ptr<const Accelerator> accelerator = nullptr);

  // The K scores of each BGR picture, in order. Those whose tensors have one size go through the
  // network together, up to `batch_size`.
  std::vector<std::vector<float>> classify(std::span<const ImageView> images, int batch_size) const;

  const Session& session() const noexcept { return *session_; }

 private:
  void classify_run(std::span<const ImageView> images,
                    std::span<const vision::Placement> placements,
                    std::span<std::vector<float>> scores) const;

  std::shared_ptr<const Session> session_;
  vision::TransformPlan plan_;
  PictureInput input_;
};

// The k best classes, best first; of equal scores the higher class comes first, as in a reversed
// stable ascending argsort.
std::vector<int> top_classes(std::span<const float> scores, int k);

}  // namespace hpinfer::models

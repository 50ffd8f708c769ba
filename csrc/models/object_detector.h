// Object, layout and instance-mask detection: PP-YOLOE, YOLOX, YOLOv3, RT-DETR, PicoDet and their
// layout variants, Mask-RT-DETR.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/buffer_pool.h"
#include "core/image.h"
#include "engines/engine.h"
#include "postprocess/detection.h"
#include "postprocess/gfl_decode.h"
#include "vision/plan.h"

namespace hpinfer::models {

struct DetectedObjects {
  std::vector<postprocess::Detection> objects;
  std::vector<postprocess::Mask> masks;  // one for each object when the model gives masks
};

// What the network gives.
struct DetectorHeads {
  // Scores of each level, then box distributions of each; without it: boxes [M,6..10] of all
  // pictures and their counts [N].
  std::optional<postprocess::GflOptions> raw;
  bool masks = false;  // a third output [M,H,W] at the size of the first picture
};

// Thread-safe: one object, any number of threads.
class ObjectDetector {
 public:
  // Inputs are found by name: `image`, and where the network has them `im_shape` (height and width
  // after the resize) and `scale_factor` (resized by original, y then x), float32 [N,2]. A network
  // with one input takes the picture under any name.
  ObjectDetector(std::shared_ptr<const Session> session,
                 const std::vector<vision::Operator>& operators, DetectorHeads heads);

  // The objects of each BGR picture, in order. Pictures of any sizes; those whose tensors have one
  // size go through the network together, up to `batch_size`.
  std::vector<DetectedObjects> detect(std::span<const ImageView> images, int batch_size,
                                      const postprocess::DetectionOptions& options) const;

  const Session& session() const noexcept { return *session_; }

 private:
  enum class Role { kImage, kImageShape, kScaleFactor };

  // Pictures of one run, with the place of each.
  struct Batch {
    std::span<const ImageView> images;
    std::span<const vision::Placement> placements;
    std::span<DetectedObjects> results;
  };

  void run(const Batch& batch, const postprocess::DetectionOptions& options) const;
  std::vector<Tensor> make_inputs(const Batch& batch) const;
  Tensor make_pictures(const Batch& batch) const;
  void read_boxes(const Batch& batch, std::span<const Tensor> outputs,
                  const postprocess::DetectionOptions& options) const;
  void read_raw_heads(const Batch& batch, std::span<const Tensor> outputs,
                      const postprocess::DetectionOptions& options) const;

  std::shared_ptr<const Session> session_;
  vision::TransformPlan plan_;
  DetectorHeads heads_;
  std::vector<Role> roles_;  // of the inputs
  bool one_by_one_ = false;
  mutable BufferPool buffers_;
};

}  // namespace hpinfer::models

// Text detection with differentiable binarisation (the PP-OCR *_det and seal models).
#pragma once

#include <memory>
#include <vector>

#include "core/image.h"
#include "engines/engine.h"
#include "models/picture_input.h"
#include "postprocess/db.h"
#include "vision/plan.h"

namespace hpinfer::models {

// What a call may choose; the defaults are the model's.
struct TextDetectionParams {
  vision::DetResize resize;
  postprocess::DbOptions db;
};

// Thread-safe: one object, any number of threads.
class TextDetector {
 public:
  // `operators` is the model's pre-processing; its DetResize step, which must exist, is replaced by
  // the one of each call. The model takes [N,3,H,W] float32 and gives [N,1,H,W] probabilities. With
  // an accelerator (null: none) pictures are prepared on its device.
  TextDetector(std::shared_ptr<const Session> session, std::vector<vision::Operator> operators,
               std::shared_ptr<const Accelerator> accelerator = nullptr);

  // Text regions of a BGR picture in its own pixels, in contour order (not sorted).
  std::vector<postprocess::TextRegion> detect(const ImageView& image,
                                              const TextDetectionParams& params) const;

  const Session& session() const noexcept { return *session_; }

 private:
  std::shared_ptr<const Session> session_;
  std::vector<vision::Operator> operators_;
  std::size_t resize_step_ = 0;
  PictureInput input_;
};

}  // namespace hpinfer::models

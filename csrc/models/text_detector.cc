#include "models/text_detector.h"

#include <algorithm>

#include "core/thread_pool.h"
#include "models/planar_target.h"

namespace hpinfer::models {

TextDetector::TextDetector(std::shared_ptr<const Session> session,
                           std::vector<vision::Operator> operators)
    : session_(std::move(session)), operators_(std::move(operators)), buffers_(2) {
  const auto step = std::find_if(operators_.begin(), operators_.end(), [](const auto& candidate) {
    return std::holds_alternative<vision::DetResize>(candidate);
  });
  check(step != operators_.end(), ErrorCode::kModelFormat,
        "a text detection model needs a DetResizeForTest step in its inference.yml");
  resize_step_ = static_cast<std::size_t>(step - operators_.begin());
  const auto& inputs = session_->inputs();
  const auto& outputs = session_->outputs();
  check(inputs.size() == 1 && inputs[0].shape.rank() == 4 && !outputs.empty() &&
            outputs[0].shape.rank() == 4,
        ErrorCode::kModelFormat,
        "a text detection model has one input [N,3,H,W] and one output [N,1,H,W]");
}

std::vector<postprocess::TextRegion> TextDetector::detect(const ImageView& image,
                                                          const TextDetectionParams& params) const {
  check(!image.empty(), ErrorCode::kInvalidInput,
        "text detection needs a picture with at least one pixel; got ", image.width, "x",
        image.height);
  std::vector<vision::Operator> operators = operators_;
  operators[resize_step_] = params.resize;
  const vision::TransformPlan plan = vision::TransformPlan::compile(operators);
  const vision::Placement placement = plan.place(image.height, image.width);
  const Tensor input =
      buffers_.take(DType::kFloat32, {1, 3, placement.out_height, placement.out_width});
  plan.run(image, placement, planar_target(input.elements<float>().data(), placement),
           &thread_pool());

  std::vector<Tensor> outputs(session_->outputs().size());
  session_->run({&input.view(), 1}, outputs);
  const Shape& shape = outputs[0].shape();
  return postprocess::decode_db(outputs[0].elements<float>().data(), static_cast<int>(shape[2]),
                                static_cast<int>(shape[3]), image.height, image.width, params.db);
}

}  // namespace hpinfer::models

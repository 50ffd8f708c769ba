#include "models/text_detector.h"

#include <algorithm>

#include "core/thread_pool.h"
#include "models/network_output.h"

namespace hpinfer::models {

namespace {

constexpr std::string_view kNetwork = "the text detection network";

void clip(std::vector<postprocess::TextRegion>& regions, int height, int width) {
  for (postprocess::TextRegion& region : regions)
    for (postprocess::Point2i& point : region.polygon)
      point = {std::min(point.x, width), std::min(point.y, height)};
}

}  // namespace

TextDetector::TextDetector(std::shared_ptr<const Session> session,
                           std::vector<vision::Operator> operators,
                           std::shared_ptr<const Accelerator> accelerator)
    : session_(std::move(session)),
      operators_(std::move(operators)),
      input_(std::move(accelerator), 2) {
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
  const ThreadPool::Presence presence(thread_pool());
  std::vector<vision::Operator> operators = operators_;
  operators[resize_step_] = params.resize;
  const vision::TransformPlan plan = vision::TransformPlan::compile(operators);
  const vision::Placement placement = plan.place(image.height, image.width);
  const PlacedPicture picture{image, placement};
  const Tensor input = input_.make(plan, {&picture, 1}, &thread_pool());

  std::vector<Tensor> outputs(session_->outputs().size());
  session_->run({&input.view(), 1}, outputs);
  const Shape& shape = outputs[0].shape();
  check(shape.rank() == 4 && shape[0] == 1 && shape.num_elements() > 0, ErrorCode::kModelFormat,
        "a text detection model gives a map [1,1,H,W] for a picture; got ", shape.to_string());
  // The map stands for the padded picture (tiny pictures are padded before the resize), so that is
  // what coordinates scale with; the reference takes the unpadded size there and misplaces boxes.
  const postprocess::DbGeometry geometry{static_cast<int>(shape[2]), static_cast<int>(shape[3]),
                                         placement.padded_height, placement.padded_width};
  const auto map =
      float_values(outputs[0], kNetwork)
          .first(static_cast<std::size_t>(shape[2]) * static_cast<std::size_t>(shape[3]));
  check_finite(map, kNetwork);
  auto regions = postprocess::decode_db(map.data(), geometry, params.db);
  if (placement.padded_height != image.height || placement.padded_width != image.width)
    clip(regions, image.height, image.width);
  return regions;
}

}  // namespace hpinfer::models

#include "models/image_unwarper.h"

#include "core/thread_pool.h"
#include "models/network_output.h"
#include "models/planar_target.h"
#include "vision/planes_to_image.h"

namespace hpinfer::models {
namespace {

constexpr std::string_view kNetwork = "the unwarping network";

vision::TransformPlan unit_plan() {
  const vision::Operator operators[] = {vision::SetColorOrder{ColorOrder::kBgr},
                                        vision::Normalize{.scale = 1.0 / 255.0}, vision::ToChw{}};
  return vision::TransformPlan::compile(operators);
}

}  // namespace

ImageUnwarper::ImageUnwarper(std::shared_ptr<const Session> session)
    : session_(std::move(session)),
      plan_(unit_plan()),
      buffers_(static_cast<std::size_t>(session_->options().num_streams)) {
  check(session_->inputs().size() == 1 && session_->inputs()[0].shape.rank() == 4 &&
            !session_->outputs().empty(),
        ErrorCode::kModelFormat,
        "an unwarping model has one input [N,3,H,W] and one output [N,3,H,W]");
}

std::vector<Image> ImageUnwarper::unwarp(std::span<const ImageView> images) const {
  for (const ImageView& image : images)
    check(!image.empty(), ErrorCode::kInvalidInput,
          "unwarping needs pictures with at least one pixel; got ", image.width, "x", image.height);
  std::vector<Image> flat(images.size());
  thread_pool().parallel_for(
      static_cast<int>(images.size()),
      [&](int i) {
        const auto at = static_cast<std::size_t>(i);
        flat[at] = unwarp_one(images[at]);
      },
      session_->options().num_streams);
  return flat;
}

Image ImageUnwarper::unwarp_one(const ImageView& image) const {
  const vision::Placement placement = plan_.place(image.height, image.width);
  const Tensor input = buffers_.take(DType::kFloat32, {1, 3, image.height, image.width});
  plan_.run(image, placement, planar_target(input.elements<float>().data(), placement),
            &thread_pool());
  std::vector<Tensor> outputs(session_->outputs().size());
  session_->run({&input.view(), 1}, outputs);
  const Shape& shape = outputs[0].shape();
  check(shape.rank() == 4 && shape[0] == 1 && shape[1] == 3 && shape[2] >= 1 && shape[3] >= 1 &&
            shape[2] <= vision::kMaxSide && shape[3] <= vision::kMaxSide,
        ErrorCode::kModelFormat, "an unwarping model gives [1,3,H,W]; got ", shape.to_string());
  const auto values = float_values(outputs[0], kNetwork);
  check_finite(values, kNetwork);
  return vision::planes_to_image(values.data(), static_cast<int>(shape[2]),
                                 static_cast<int>(shape[3]), ColorOrder::kBgr, &thread_pool());
}

}  // namespace hpinfer::models

#include "models/segmenter.h"

#include "core/thread_pool.h"
#include "models/network_output.h"
#include "models/picture_batches.h"
#include "models/planar_target.h"
#include "postprocess/segmentation.h"

namespace hpinfer::models {
namespace {

// Labels of all pictures of a run: [N,H,W] of T.
template <typename T>
void restore(const T* labels, int height, int width, std::span<const ImageView> images,
             std::span<Tensor> results) {
  const auto cells = static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
  for (std::size_t i = 0; i < images.size(); ++i) {
    results[i] = Tensor::allocate(DType::kInt32, {1, images[i].height, images[i].width});
    postprocess::resize_labels(labels + i * cells, height, width,
                               results[i].elements<std::int32_t>().data(), images[i].height,
                               images[i].width);
  }
}

// float32 [N,K,H,W] to int32 [N,H,W].
Tensor best_classes(const Tensor& values) {
  const Shape& shape = values.shape();
  Tensor labels = Tensor::allocate(DType::kInt32, {shape[0], shape[2], shape[3]});
  const auto classes = static_cast<std::size_t>(shape[1]);
  const auto cells = static_cast<std::size_t>(shape[2] * shape[3]);
  for (std::size_t n = 0; n < static_cast<std::size_t>(shape[0]); ++n)
    postprocess::best_classes(values.elements<float>().data() + n * classes * cells, classes, cells,
                              labels.elements<std::int32_t>().data() + n * cells);
  return labels;
}

}  // namespace

Segmenter::Segmenter(std::shared_ptr<const Session> session,
                     std::vector<vision::Operator> operators)
    : session_(std::move(session)),
      operators_(std::move(operators)),
      buffers_(static_cast<std::size_t>(session_->options().num_streams)) {
  static_cast<void>(vision::TransformPlan::compile(operators_));
  const auto& inputs = session_->inputs();
  check(inputs.size() == 1 && inputs[0].shape.rank() == 4 && session_->outputs().size() == 1,
        ErrorCode::kModelFormat,
        "a segmentation model has one input [N,3,H,W] and one output [N,H,W]");
  one_by_one_ = inputs[0].shape[0] == 1;
}

std::vector<Tensor> Segmenter::segment(std::span<const ImageView> images, int batch_size,
                                       const std::optional<vision::Operator>& resize) const {
  check(batch_size >= 1, ErrorCode::kInvalidInput, "batch_size must be at least 1; got ",
        batch_size);
  std::vector<vision::Operator> operators;
  if (resize) operators.push_back(*resize);
  operators.insert(operators.end(), operators_.begin(), operators_.end());
  const vision::TransformPlan plan = vision::TransformPlan::compile(operators);
  std::vector<vision::Placement> placements;
  for (const ImageView& image : images) placements.push_back(plan.place(image.height, image.width));
  std::vector<Tensor> results(images.size());
  const auto runs = picture_runs(placements, one_by_one_ ? 1 : batch_size);
  thread_pool().parallel_for(
      static_cast<int>(runs.size()),
      [&](int i) {
        const auto [begin, count] = runs[static_cast<std::size_t>(i)];
        run(plan, images.subspan(begin, count), std::span(placements).subspan(begin, count),
            std::span(results).subspan(begin, count));
      },
      session_->options().num_streams);
  return results;
}

void Segmenter::run(const vision::TransformPlan& plan, std::span<const ImageView> images,
                    std::span<const vision::Placement> placements, std::span<Tensor> labels) const {
  const auto count = static_cast<std::int64_t>(images.size());
  const vision::Placement& first = placements[0];
  const Tensor input =
      buffers_.take(DType::kFloat32, {count, 3, first.out_height, first.out_width});
  const std::size_t picture = std::size_t{3} * static_cast<std::size_t>(first.out_height) *
                              static_cast<std::size_t>(first.out_width);
  for (std::size_t i = 0; i < images.size(); ++i)
    plan.run(images[i], placements[i],
             planar_target(input.elements<float>().data() + i * picture, placements[i]),
             &thread_pool());
  Tensor output;
  session_->run({&input.view(), 1}, {&output, 1});
  const bool values = output.shape().rank() == 4 && output.dtype() == DType::kFloat32;
  const bool labels_given = output.shape().rank() == 3 &&
                            (output.dtype() == DType::kInt32 || output.dtype() == DType::kInt64);
  check((values || labels_given) && output.shape()[0] == count && output.shape().num_elements() > 0,
        ErrorCode::kModelFormat,
        "a segmentation model gives labels [N,H,W] or values [N,K,H,W] for each picture; got ",
        output.shape().to_string(), " of ", dtype_name(output.dtype()));
  if (values) {
    // Masked values may be infinite on purpose.
    check_no_nan(output.elements<const float>(), "the segmentation network");
    output = best_classes(output);
  }
  const auto height = static_cast<int>(output.shape()[1]);
  const auto width = static_cast<int>(output.shape()[2]);
  if (output.dtype() == DType::kInt64)
    restore(output.elements<std::int64_t>().data(), height, width, images, labels);
  else
    restore(output.elements<std::int32_t>().data(), height, width, images, labels);
}

}  // namespace hpinfer::models

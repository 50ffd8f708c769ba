#include "models/object_detector.h"

#include <algorithm>

#include "core/thread_pool.h"
#include "models/network_output.h"
#include "models/picture_batches.h"
#include "models/planar_target.h"

namespace hpinfer::models {
namespace {

using postprocess::DetectionOptions;
using postprocess::DetectionRows;
using postprocess::PictureSize;

constexpr std::string_view kNetwork = "the detection network";

PictureSize size_of(const ImageView& image) { return {image.width, image.height}; }

float ratio(int resized, int original) {
  return static_cast<float>(static_cast<double>(resized) / original);
}

// A matrix [N,2] with two values for each placement.
template <typename Values>
Tensor pairs(std::span<const vision::Placement> placements, const Values& values) {
  Tensor tensor =
      Tensor::allocate(DType::kFloat32, {static_cast<std::int64_t>(placements.size()), 2});
  float* out = tensor.elements<float>().data();
  for (const vision::Placement& placement : placements) {
    const auto [first, second] = values(placement);
    *out++ = first;
    *out++ = second;
  }
  return tensor;
}

std::vector<std::size_t> read_counts(const Tensor& tensor) {
  check(tensor.dtype() == DType::kInt64 || tensor.dtype() == DType::kInt32, ErrorCode::kModelFormat,
        "a detection model counts its boxes in int32 or int64; got ", dtype_name(tensor.dtype()));
  std::vector<std::size_t> counts;
  const auto append = [&](auto values) {
    for (const auto value : values)
      counts.push_back(static_cast<std::size_t>(std::max<std::int64_t>(value, 0)));
  };
  if (tensor.dtype() == DType::kInt64)
    append(tensor.elements<std::int64_t>());
  else
    append(tensor.elements<std::int32_t>());
  return counts;
}

template <typename T>
postprocess::Mask cut(const Tensor& masks, std::size_t row, const postprocess::Detection& object) {
  const auto height = static_cast<int>(masks.shape()[1]);
  const auto width = static_cast<int>(masks.shape()[2]);
  const auto cells = static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
  return postprocess::crop_mask(masks.elements<T>().data() + row * cells, height, width, object);
}

postprocess::Mask cut_mask(const Tensor& masks, std::size_t row,
                           const postprocess::Detection& object) {
  switch (masks.dtype()) {
    case DType::kInt32:
      return cut<std::int32_t>(masks, row, object);
    case DType::kInt64:
      return cut<std::int64_t>(masks, row, object);
    case DType::kUInt8:
      return cut<std::uint8_t>(masks, row, object);
    case DType::kBool:
      return cut<bool>(masks, row, object);
    case DType::kFloat32:
      return cut<float>(masks, row, object);
    default:
      fail(ErrorCode::kModelFormat, "masks of dtype ", dtype_name(masks.dtype()),
           " are not supported");
  }
}

}  // namespace

ObjectDetector::ObjectDetector(std::shared_ptr<const Session> session,
                               const std::vector<vision::Operator>& operators, DetectorHeads heads)
    : session_(std::move(session)),
      plan_(vision::TransformPlan::compile(operators)),
      heads_(std::move(heads)),
      buffers_(static_cast<std::size_t>(session_->options().num_streams)) {
  const auto& inputs = session_->inputs();
  for (const TensorInfo& input : inputs) {
    if (input.name == "im_shape") {
      roles_.push_back(Role::kImageShape);
    } else if (input.name == "scale_factor") {
      roles_.push_back(Role::kScaleFactor);
    } else {
      check(input.name == "image" || inputs.size() == 1, ErrorCode::kModelFormat,
            "the inputs of a detection model are image, im_shape and scale_factor; this one has '",
            input.name, "'");
      check(input.shape.rank() == 4, ErrorCode::kModelFormat,
            "the picture input of a detection model is [N,3,H,W]; got ", input.shape.to_string());
      // The masks of a batch all get the size of its first picture.
      one_by_one_ = input.shape[0] == 1 || heads_.masks;
      roles_.push_back(Role::kImage);
    }
  }
  check(std::count(roles_.begin(), roles_.end(), Role::kImage) == 1, ErrorCode::kModelFormat,
        "a detection model has the input image [N,3,H,W]");
  const std::size_t wanted = heads_.raw ? 2 * heads_.raw->strides.size() : heads_.masks ? 3 : 2;
  check(session_->outputs().size() == wanted, ErrorCode::kModelFormat, "a detection model ",
        heads_.raw     ? "with raw heads gives scores and boxes of each stride: "
        : heads_.masks ? "with masks gives boxes, counts and masks: "
                       : "gives boxes and counts: ",
        wanted, " outputs; this one has ", session_->outputs().size());
}

std::vector<DetectedObjects> ObjectDetector::detect(std::span<const ImageView> images,
                                                    int batch_size,
                                                    const DetectionOptions& options) const {
  check(batch_size >= 1, ErrorCode::kInvalidInput, "batch_size must be at least 1; got ",
        batch_size);
  std::vector<vision::Placement> placements;
  for (const ImageView& image : images) {
    check(!image.empty(), ErrorCode::kInvalidInput,
          "detection needs pictures with at least one pixel; got ", image.width, "x", image.height);
    placements.push_back(plan_.place(image.height, image.width));
  }
  std::vector<DetectedObjects> results(images.size());
  const auto runs = picture_runs(placements, one_by_one_ ? 1 : batch_size);
  thread_pool().parallel_for(
      static_cast<int>(runs.size()),
      [&](int i) {
        const auto [begin, count] = runs[static_cast<std::size_t>(i)];
        run({images.subspan(begin, count), std::span(placements).subspan(begin, count),
             std::span(results).subspan(begin, count)},
            options);
      },
      session_->options().num_streams);
  return results;
}

void ObjectDetector::run(const Batch& batch, const DetectionOptions& options) const {
  const std::vector<Tensor> inputs = make_inputs(batch);
  std::vector<TensorView> views;
  for (const Tensor& input : inputs) views.push_back(input.view());
  std::vector<Tensor> outputs(session_->outputs().size());
  session_->run(views, outputs);
  if (heads_.raw)
    read_raw_heads(batch, outputs, options);
  else
    read_boxes(batch, outputs, options);
}

std::vector<Tensor> ObjectDetector::make_inputs(const Batch& batch) const {
  std::vector<Tensor> inputs;
  for (const Role role : roles_) {
    switch (role) {
      case Role::kImage:
        inputs.push_back(make_pictures(batch));
        break;
      case Role::kImageShape:
        inputs.push_back(pairs(batch.placements, [](const vision::Placement& p) {
          return std::pair(static_cast<float>(p.told_height), static_cast<float>(p.told_width));
        }));
        break;
      case Role::kScaleFactor:
        inputs.push_back(pairs(batch.placements, [](const vision::Placement& p) {
          return std::pair(ratio(p.told_height, p.source_height),
                           ratio(p.told_width, p.source_width));
        }));
        break;
    }
  }
  return inputs;
}

Tensor ObjectDetector::make_pictures(const Batch& batch) const {
  const vision::Placement& first = batch.placements[0];
  Tensor tensor = buffers_.take(DType::kFloat32, {static_cast<std::int64_t>(batch.images.size()), 3,
                                                  first.out_height, first.out_width});
  const std::size_t picture = std::size_t{3} * static_cast<std::size_t>(first.out_height) *
                              static_cast<std::size_t>(first.out_width);
  float* base = tensor.elements<float>().data();
  for (std::size_t i = 0; i < batch.images.size(); ++i)
    plan_.run(batch.images[i], batch.placements[i],
              planar_target(base + i * picture, batch.placements[i]), &thread_pool());
  return tensor;
}

void ObjectDetector::read_boxes(const Batch& batch, std::span<const Tensor> outputs,
                                const DetectionOptions& options) const {
  const Shape& shape = outputs[0].shape();
  const std::vector<std::size_t> counts = read_counts(outputs[1]);
  check(shape.rank() == 2 && counts.size() == batch.images.size(), ErrorCode::kModelFormat,
        "a detection model gives boxes [M,6] and counts [N]; got ", shape.to_string(), " and ",
        counts.size(), " counts for ", batch.images.size(), " pictures");
  const auto columns = static_cast<std::size_t>(shape[1]);
  const float* rows = float_values(outputs[0], kNetwork).data();
  std::size_t begin = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const std::size_t end = begin + counts[i];
    check(end <= static_cast<std::size_t>(shape[0]), ErrorCode::kModelFormat,
          "the model counts more boxes than it gives: ", end, " of ", shape[0]);
    check_finite({rows + begin * columns, counts[i] * columns}, kNetwork);
    DetectedObjects& result = batch.results[i];
    result.objects = postprocess::refine_detections({rows + begin * columns, counts[i], columns},
                                                    options, size_of(batch.images[i]));
    if (heads_.masks) {
      check(
          outputs[2].shape().rank() == 3 && outputs[2].shape()[0] >= static_cast<std::int64_t>(end),
          ErrorCode::kModelFormat, "a detection model with masks gives them as [M,H,W]; got ",
          outputs[2].shape().to_string());
      for (const postprocess::Detection& object : result.objects)
        result.masks.push_back(cut_mask(outputs[2], begin + object.row, object));
    }
    begin = end;
  }
}

void ObjectDetector::read_raw_heads(const Batch& batch, std::span<const Tensor> outputs,
                                    const DetectionOptions& options) const {
  const std::size_t levels = outputs.size() / 2;
  const auto dim = [&](std::size_t output, std::size_t axis) {
    return static_cast<std::size_t>(outputs[output].shape()[axis]);
  };
  for (std::size_t i = 0; i < outputs.size(); ++i)
    check(outputs[i].shape().rank() == 3 && dim(i, 0) == batch.images.size() &&
              dim(i, 1) == dim(i % levels, 1) && dim(i, 2) == dim(i < levels ? 0 : levels, 2) &&
              dim(i, 2) > 0 && (i < levels || dim(i, 2) % 4 == 0),
          ErrorCode::kModelFormat, "raw heads are [N,cells,classes] and [N,cells,4*bins]; output ",
          i, " is ", outputs[i].shape().to_string());
  for (const Tensor& output : outputs) check_finite(float_values(output, kNetwork), kNetwork);
  const std::size_t classes = dim(0, 2);
  const std::size_t sides = dim(levels, 2);
  for (std::size_t n = 0; n < batch.images.size(); ++n) {
    std::vector<postprocess::GflLevel> heads;
    for (std::size_t i = 0; i < levels; ++i) {
      const std::size_t cells = dim(i, 1);
      heads.push_back({outputs[i].elements<float>().data() + n * cells * classes,
                       outputs[i + levels].elements<float>().data() + n * cells * sides, cells});
    }
    const vision::Placement& p = batch.placements[n];
    const postprocess::GflGeometry geometry{p.out_height, p.out_width,
                                            ratio(p.told_height, p.source_height),
                                            ratio(p.told_width, p.source_width)};
    const std::vector<float> rows =
        postprocess::decode_gfl(heads, classes, sides / 4, geometry, *heads_.raw);
    batch.results[n].objects = postprocess::refine_detections({rows.data(), rows.size() / 6, 6},
                                                              options, size_of(batch.images[n]));
  }
}

}  // namespace hpinfer::models

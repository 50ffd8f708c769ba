#include "models/table_recognizer.h"

#include <algorithm>

#include "core/thread_pool.h"
#include "models/network_output.h"
#include "models/planar_target.h"

namespace hpinfer::models {
namespace {

constexpr std::string_view kNetwork = "the table network";

}  // namespace

using postprocess::TableOutput;
using postprocess::TableStructure;

TableRecognizer::TableRecognizer(std::shared_ptr<const Session> session,
                                 const std::vector<vision::Operator>& operators,
                                 postprocess::TableVocabulary vocabulary, TableBoxUnit unit)
    : session_(std::move(session)),
      plan_(vision::TransformPlan::compile(operators)),
      vocabulary_(std::move(vocabulary)),
      unit_(unit),
      buffers_(static_cast<std::size_t>(session_->options().num_streams)) {
  const std::size_t outputs = session_->outputs().size();
  check(session_->inputs().size() == 1 && session_->inputs()[0].shape.rank() == 4 &&
            (outputs == 1 || outputs == 2),
        ErrorCode::kModelFormat,
        "a table model has one input [N,3,H,W] and the outputs boxes [N,T,4 or 8] and tokens "
        "[N,T,C], or the tokens alone");
}

std::vector<TableStructure> TableRecognizer::recognize(std::span<const ImageView> images,
                                                       int batch_size) const {
  check(batch_size >= 1, ErrorCode::kInvalidInput, "batch_size must be at least 1; got ",
        batch_size);
  for (const ImageView& image : images)
    check(!image.empty(), ErrorCode::kInvalidInput,
          "table recognition needs pictures with at least one pixel; got ", image.width, "x",
          image.height);
  std::vector<TableStructure> tables(images.size());
  const auto size = static_cast<std::size_t>(batch_size);
  const std::size_t batches = (images.size() + size - 1) / size;
  thread_pool().parallel_for(
      static_cast<int>(batches),
      [&](int i) {
        const std::size_t begin = static_cast<std::size_t>(i) * size;
        const std::size_t count = std::min(size, images.size() - begin);
        recognize_batch(images.subspan(begin, count), std::span(tables).subspan(begin, count));
      },
      session_->options().num_streams);
  return tables;
}

void TableRecognizer::recognize_batch(std::span<const ImageView> images,
                                      std::span<TableStructure> tables) const {
  std::vector<vision::Placement> placements;
  for (const ImageView& image : images)
    placements.push_back(plan_.place(image.height, image.width));
  const vision::Placement& first = placements.front();
  const Tensor input = buffers_.take(DType::kFloat32, {static_cast<std::int64_t>(images.size()), 3,
                                                       first.out_height, first.out_width});
  const std::size_t picture = input.shape().num_elements() / images.size();
  for (std::size_t i = 0; i < images.size(); ++i) {
    const vision::Placement& placement = placements[i];
    check(placement.out_height == first.out_height && placement.out_width == first.out_width,
          ErrorCode::kUnsupported,
          "tables of one batch must have one size after padding: ", first.out_width, "x",
          first.out_height, " and ", placement.out_width, "x", placement.out_height,
          "; use batch_size=1");
    plan_.run(images[i], placement,
              planar_target(input.elements<float>().data() + i * picture, placement));
  }
  std::vector<Tensor> outputs(session_->outputs().size());
  session_->run({&input.view(), 1}, outputs);
  const Outputs found = find_outputs(outputs, images.size());
  check_finite(float_values(*found.probabilities, kNetwork), kNetwork);
  if (found.boxes != nullptr) static_cast<void>(float_values(*found.boxes, kNetwork));
  for (std::size_t i = 0; i < images.size(); ++i)
    tables[i] =
        postprocess::decode_table_structure(vocabulary_, output_of(found, i, placements[i]));
}

// By their shape: exporters order them differently.
TableRecognizer::Outputs TableRecognizer::find_outputs(std::span<const Tensor> outputs,
                                                       std::size_t pictures) const {
  Outputs found;
  for (const Tensor& output : outputs) {
    const Shape& shape = output.shape();
    check(shape.rank() == 3 && shape[0] == static_cast<std::int64_t>(pictures),
          ErrorCode::kModelFormat, "a table model gives tensors [", pictures, ",T,C]; got ",
          shape.to_string());
    if (found.probabilities == nullptr && shape[2] == vocabulary_.classes())
      found.probabilities = &output;
    else if (shape[2] == 4 || shape[2] == 8)
      found.boxes = &output;
  }
  check(found.probabilities != nullptr, ErrorCode::kModelFormat,
        "the character_dict of the table model's inference.yml stands for ", vocabulary_.classes(),
        " tokens, but no output [N,T,", vocabulary_.classes(), "] came; the first is ",
        outputs[0].shape().to_string());
  check(outputs.size() == 1 ||
            (found.boxes != nullptr && found.boxes->shape()[1] == found.probabilities->shape()[1]),
        ErrorCode::kModelFormat,
        "a table model with two outputs gives boxes [N,T,4] or [N,T,8] of as many steps as tokens");
  return found;
}

TableOutput TableRecognizer::output_of(const Outputs& outputs, std::size_t row,
                                       const vision::Placement& placement) const {
  const auto values_of = [&](const Tensor& tensor) {
    const std::size_t size =
        tensor.shape().num_elements() / static_cast<std::size_t>(tensor.shape()[0]);
    return tensor.elements<const float>().data() + row * size;
  };
  TableOutput output;
  output.probabilities = values_of(*outputs.probabilities);
  output.steps = static_cast<int>(outputs.probabilities->shape()[1]);
  if (outputs.boxes != nullptr) {
    output.boxes = values_of(*outputs.boxes);
    output.coordinates = static_cast<int>(outputs.boxes->shape()[2]);
  }
  output.scale_x = placement.source_width;
  output.scale_y = placement.source_height;
  if (unit_ == TableBoxUnit::kPadded) {
    const double width = placement.out_width;
    const double height = placement.out_height;
    const double ratio = std::min(width / output.scale_x, height / output.scale_y);
    output.scale_x = width / ratio;
    output.scale_y = height / ratio;
  }
  return output;
}

}  // namespace hpinfer::models

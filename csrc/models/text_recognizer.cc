#include "models/text_recognizer.h"

#include <algorithm>
#include <numeric>

#include "core/thread_pool.h"
#include "models/planar_target.h"

namespace hpinfer::models {
namespace {

void check_network(const Session& session) {
  const auto& inputs = session.inputs();
  const auto& outputs = session.outputs();
  check(inputs.size() == 1 && inputs[0].shape.rank() == 4 && outputs.size() == 1 &&
            outputs[0].shape.rank() == 3,
        ErrorCode::kModelFormat,
        "a text recognition model has one input [N,3,H,W] and one output [N,T,C]");
}

// Official order: by width over height, ascending, equal ones in input order.
std::vector<int> line_order(std::span<const ImageView> images, bool sort_by_ratio) {
  std::vector<int> order(images.size());
  std::iota(order.begin(), order.end(), 0);
  if (!sort_by_ratio) return order;
  const auto ratio = [&](int i) {
    const ImageView& image = images[static_cast<std::size_t>(i)];
    return static_cast<double>(image.width) / image.height;
  };
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return ratio(a) < ratio(b); });
  return order;
}

}  // namespace

TextRecognizer::TextRecognizer(std::shared_ptr<const Session> session,
                               const std::vector<vision::Operator>& operators,
                               postprocess::CtcDictionary dictionary)
    : session_(std::move(session)),
      plan_(vision::TransformPlan::compile(operators)),
      dictionary_(std::move(dictionary)),
      buffers_(static_cast<std::size_t>(session_->options().num_streams)) {
  check_network(*session_);
  const std::int64_t classes = session_->outputs()[0].shape[2];
  check(classes == kDynamicDim || classes == static_cast<std::int64_t>(dictionary_.classes()),
        ErrorCode::kModelFormat, "the network knows ", classes, " classes but the dictionary has ",
        dictionary_.classes(), " entries (blank and space included): inference.yml does not fit");
}

std::vector<TextLine> TextRecognizer::recognize(std::span<const ImageView> images,
                                                const RecognitionOptions& options) const {
  check(options.batch_size >= 1, ErrorCode::kInvalidInput, "batch_size must be at least 1; got ",
        options.batch_size);
  std::vector<vision::Placement> placements;
  for (const ImageView& image : images) {
    check(!image.empty(), ErrorCode::kInvalidInput,
          "text recognition needs pictures with at least one pixel; got ", image.width, "x",
          image.height);
    placements.push_back(plan_.place(image.height, image.width));
  }
  const std::vector<int> order = line_order(images, options.sort_by_ratio);
  const std::vector<Chunk> chunks = make_chunks(order, placements, options.batch_size);
  std::vector<TextLine> lines(images.size());
  thread_pool().parallel_for(
      static_cast<int>(chunks.size()),
      [&](int i) {
        recognize_chunk(chunks[static_cast<std::size_t>(i)], images, placements, lines);
      },
      session_->options().num_streams);
  return lines;
}

// Batches of batch_size decide the width that each line is padded to, which is what touches
// results; a batch is then cut into chunks so that every stream has work. The widest come first:
// the last chunk to finish is then a cheap one.
std::vector<TextRecognizer::Chunk> TextRecognizer::make_chunks(
    std::span<const int> order, std::span<const vision::Placement> placements,
    int batch_size) const {
  const auto streams = static_cast<std::size_t>(session_->options().num_streams);
  std::vector<Chunk> chunks;
  for (std::size_t begin = 0; begin < order.size(); begin += static_cast<std::size_t>(batch_size)) {
    const auto batch =
        order.subspan(begin, std::min(static_cast<std::size_t>(batch_size), order.size() - begin));
    int width = 0;
    for (const int line : batch)
      width = std::max(width, placements[static_cast<std::size_t>(line)].out_width);
    const std::size_t size = (batch.size() + streams - 1) / streams;
    for (std::size_t i = 0; i < batch.size(); i += size)
      chunks.push_back({batch.subspan(i, std::min(size, batch.size() - i)), width});
  }
  std::stable_sort(chunks.begin(), chunks.end(),
                   [](const Chunk& a, const Chunk& b) { return a.width > b.width; });
  return chunks;
}

void TextRecognizer::recognize_chunk(const Chunk& chunk, std::span<const ImageView> images,
                                     std::span<const vision::Placement> placements,
                                     std::span<TextLine> lines) const {
  const auto count = static_cast<std::int64_t>(chunk.lines.size());
  const int height = placements[static_cast<std::size_t>(chunk.lines[0])].out_height;
  const Tensor input = buffers_.take(DType::kFloat32, {count, 3, height, chunk.width});
  const std::size_t picture =
      std::size_t{3} * static_cast<std::size_t>(height) * static_cast<std::size_t>(chunk.width);
  for (std::size_t i = 0; i < chunk.lines.size(); ++i) {
    const auto line = static_cast<std::size_t>(chunk.lines[i]);
    vision::Placement placement = placements[line];
    placement.out_width = chunk.width;
    plan_.run(images[line], placement,
              planar_target(input.elements<float>().data() + i * picture, placement));
  }

  Tensor output;
  session_->run({&input.view(), 1}, {&output, 1});
  const auto probabilities = output.elements<float>();
  const auto steps = static_cast<int>(output.shape()[1]);
  const auto classes = static_cast<int>(output.shape()[2]);
  check(classes == dictionary_.classes(), ErrorCode::kModelFormat, "the network gave ", classes,
        " classes but the dictionary has ", dictionary_.classes(),
        " entries: inference.yml does not fit the model");
  const std::size_t stride = static_cast<std::size_t>(steps) * static_cast<std::size_t>(classes);
  for (std::size_t i = 0; i < chunk.lines.size(); ++i) {
    auto decoded = postprocess::decode_ctc(probabilities.data() + i * stride, steps, classes);
    TextLine& line = lines[static_cast<std::size_t>(chunk.lines[i])];
    line.text = dictionary_.text(decoded);
    line.score = decoded.score;
    line.columns = std::move(decoded.columns);
    line.steps = steps;
    line.padded_width = chunk.width;
  }
}

}  // namespace hpinfer::models

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
  const std::vector<Share> shares = make_shares(order, placements, options.batch_size);
  std::vector<TextLine> lines(images.size());
  thread_pool().parallel_for(
      static_cast<int>(shares.size()),
      [&](int i) { read_share(shares[static_cast<std::size_t>(i)], images, placements, lines); },
      session_->options().num_streams);
  return lines;
}

// A batch stays on one stream where there are batches enough: an engine that compiles kernels for
// each new width then does so once. The widest come first and the narrowest, whose width most pages
// share, are cut finest: so the streams end together.
std::vector<TextRecognizer::Share> TextRecognizer::make_shares(
    std::span<const int> order, std::span<const vision::Placement> placements,
    int batch_size) const {
  const auto streams = static_cast<std::size_t>(session_->options().num_streams);
  std::vector<Share> batches = make_batches(order, placements, batch_size);
  std::stable_sort(batches.begin(), batches.end(),
                   [](const Share& a, const Share& b) { return a.width > b.width; });
  const std::size_t parts = batches.size() >= 2 * streams ? 1 : streams;
  std::vector<Share> shares;
  for (const Share& batch : batches) {
    std::size_t size = (batch.lines.size() + parts - 1) / parts;
    if (batch.width == batches.back().width) size = std::min(size, lines_per_run(batch));
    for (std::size_t i = 0; i < batch.lines.size(); i += size)
      shares.push_back(
          {batch.lines.subspan(i, std::min(size, batch.lines.size() - i)), batch.width});
  }
  return shares;
}

std::vector<TextRecognizer::Share> TextRecognizer::make_batches(
    std::span<const int> order, std::span<const vision::Placement> placements, int batch_size) {
  const auto size = static_cast<std::size_t>(batch_size);
  std::vector<Share> batches;
  for (std::size_t begin = 0; begin < order.size(); begin += size) {
    const auto lines = order.subspan(begin, std::min(size, order.size() - begin));
    int width = 0;
    for (const int line : lines)
      width = std::max(width, placements[static_cast<std::size_t>(line)].out_width);
    batches.push_back({lines, width});
  }
  return batches;
}

std::size_t TextRecognizer::lines_per_run(const Share& share) const {
  if (session_->options().device.type != DeviceType::kCpu) return share.lines.size();
  return static_cast<std::size_t>(std::clamp(kCpuColumnsPerRun / share.width, 1, kCpuLinesPerRun));
}

void TextRecognizer::read_share(const Share& share, std::span<const ImageView> images,
                                std::span<const vision::Placement> placements,
                                std::span<TextLine> lines) const {
  const std::size_t count = lines_per_run(share);
  for (std::size_t i = 0; i < share.lines.size(); i += count)
    run_network(share.lines.subspan(i, std::min(count, share.lines.size() - i)), share.width,
                images, placements, lines);
}

void TextRecognizer::run_network(std::span<const int> chosen, int width,
                                 std::span<const ImageView> images,
                                 std::span<const vision::Placement> placements,
                                 std::span<TextLine> lines) const {
  const int height = placements[static_cast<std::size_t>(chosen[0])].out_height;
  const Tensor input =
      buffers_.take(DType::kFloat32, {static_cast<std::int64_t>(chosen.size()), 3, height, width});
  const std::size_t picture =
      std::size_t{3} * static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const auto line = static_cast<std::size_t>(chosen[i]);
    vision::Placement placement = placements[line];
    placement.out_width = width;
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
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const auto index = static_cast<std::size_t>(chosen[i]);
    const ImageView& image = images[index];
    TextLine& line = lines[index];
    line.decoded = postprocess::decode_ctc(probabilities.data() + i * stride, steps, classes);
    line.text = dictionary_.text(line.decoded);
    const double own_width = static_cast<double>(image.width) / image.height * height;
    line.columns = steps * std::min(1.0, own_width / width);
  }
}

}  // namespace hpinfer::models

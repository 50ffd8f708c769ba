#include "models/text_recognizer.h"

#include <algorithm>
#include <numeric>

#include "core/thread_pool.h"
#include "models/network_output.h"

namespace hpinfer::models {
namespace {

constexpr std::string_view kNetwork = "the text recognition network";

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

// The official width: each batch of consecutive lines as wide as its widest.
void pad_to_batch_mates(std::span<const int> order, int batch_size,
                        std::span<vision::Placement> placements) {
  const auto size = static_cast<std::size_t>(batch_size);
  for (std::size_t begin = 0; begin < order.size(); begin += size) {
    const auto batch = order.subspan(begin, std::min(size, order.size() - begin));
    int width = 0;
    for (const int line : batch)
      width = std::max(width, placements[static_cast<std::size_t>(line)].out_width);
    for (const int line : batch) placements[static_cast<std::size_t>(line)].out_width = width;
  }
}

}  // namespace

TextRecognizer::TextRecognizer(std::shared_ptr<const Session> session,
                               const std::vector<vision::Operator>& operators,
                               postprocess::CtcDictionary dictionary,
                               std::shared_ptr<const Accelerator> accelerator)
    : session_(std::move(session)),
      plan_(vision::TransformPlan::compile(operators)),
      dictionary_(std::move(dictionary)),
      input_(std::move(accelerator), static_cast<std::size_t>(session_->options().num_streams)) {
  check_network(*session_);
  const std::int64_t classes = session_->outputs()[0].shape[2];
  check(classes == kDynamicDim || classes == static_cast<std::int64_t>(dictionary_.classes()),
        ErrorCode::kModelFormat, "the network knows ", classes, " classes but the dictionary has ",
        dictionary_.classes(), " entries (blank and space included): inference.yml does not fit");
}

bool TextRecognizer::fits_any_width() const noexcept {
  return plan_.pads_lines() && session_->inputs()[0].shape[3] == kDynamicDim;
}

std::vector<TextLine> TextRecognizer::recognize(std::span<const ImageView> images,
                                                const RecognitionOptions& options) const {
  check(options.batch_size >= 1, ErrorCode::kInvalidInput, "batch_size must be at least 1; got ",
        options.batch_size);
  if (options.columns) {
    vision::check_line_columns(*options.columns);
    check(fits_any_width(), ErrorCode::kUnsupported,
          "lines cannot have widths of their own: the model's input has a fixed width");
  }
  const std::vector<vision::Placement> placements = place_lines(images, options);
  std::vector<int> order(images.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    return placements[static_cast<std::size_t>(a)].out_width >
           placements[static_cast<std::size_t>(b)].out_width;
  });
  const std::vector<Share> shares = make_shares(order, placements, options.batch_size);
  std::vector<TextLine> lines(images.size());
  thread_pool().parallel_for(
      static_cast<int>(shares.size()),
      [&](int i) {
        const Share& share = shares[static_cast<std::size_t>(i)];
        for (std::size_t begin = 0; begin < share.lines.size(); begin += share.lines_per_run)
          run_network(
              share.lines.subspan(begin, std::min(share.lines_per_run, share.lines.size() - begin)),
              images, placements, lines);
      },
      session_->options().num_streams);
  return lines;
}

// Where each line goes in an input of its final width.
std::vector<vision::Placement> TextRecognizer::place_lines(
    std::span<const ImageView> images, const RecognitionOptions& options) const {
  std::vector<vision::Placement> placements;
  placements.reserve(images.size());
  for (const ImageView& image : images) {
    check(!image.empty(), ErrorCode::kInvalidInput,
          "text recognition needs pictures with at least one pixel; got ", image.width, "x",
          image.height);
    placements.push_back(plan_.place(image.height, image.width));
  }
  if (options.columns) {
    for (vision::Placement& placement : placements)
      placement.out_width = vision::tensor_columns(placement.scaled_width, *options.columns);
  } else {
    pad_to_batch_mates(line_order(images, options.sort_by_ratio), options.batch_size, placements);
  }
  return placements;
}

// Lines of one width, the costliest shares first. A share stays on one stream, because an engine
// that compiles kernels for each new width then does so once; but none is so large that the other
// streams would wait for it, and the last lines of all go one by one.
std::vector<TextRecognizer::Share> TextRecognizer::make_shares(
    std::span<const int> order, std::span<const vision::Placement> placements,
    int batch_size) const {
  const auto width_of = [&](std::size_t i) {
    return placements[static_cast<std::size_t>(order[i])].out_width;
  };
  std::int64_t left = 0;
  for (std::size_t i = 0; i < order.size(); ++i) left += width_of(i);
  const std::int64_t streams = session_->options().num_streams;
  const std::int64_t most = left / (streams * kSharesPerStream);
  std::vector<Share> shares;
  for (std::size_t begin = 0; begin < order.size();) {
    const int width = width_of(begin);
    std::size_t same = begin + 1;
    while (same < order.size() && width_of(same) == width) ++same;
    const std::size_t run = lines_per_run(width, batch_size);
    const bool last = streams > 1 && left <= streams * static_cast<std::int64_t>(run) * width;
    const std::size_t runs = std::max<std::size_t>(
        1, static_cast<std::size_t>(most) / (run * static_cast<std::size_t>(width)));
    const std::size_t size = std::min(last ? 1 : run * runs, same - begin);
    shares.push_back({order.subspan(begin, size), last ? 1 : run, width});
    left -= static_cast<std::int64_t>(size) * width;
    begin += size;
  }
  std::stable_sort(shares.begin(), shares.end(),
                   [](const Share& a, const Share& b) { return a.columns() > b.columns(); });
  return shares;
}

std::size_t TextRecognizer::lines_per_run(int width, int batch_size) const {
  const SessionOptions& session = session_->options();
  if (session.device.type != DeviceType::kCpu) return static_cast<std::size_t>(batch_size);
  const RunSize& run = session.precision == Precision::kFloat32 ? kCpuRun : kCpuReducedRun;
  return static_cast<std::size_t>(std::clamp(run.columns / width, 1, run.lines));
}

void TextRecognizer::run_network(std::span<const int> chosen, std::span<const ImageView> images,
                                 std::span<const vision::Placement> placements,
                                 std::span<TextLine> lines) const {
  const int height = placements[static_cast<std::size_t>(chosen[0])].out_height;
  const int width = placements[static_cast<std::size_t>(chosen[0])].out_width;
  std::vector<PlacedPicture> pictures;
  pictures.reserve(chosen.size());
  for (const int line : chosen)
    pictures.push_back(
        {images[static_cast<std::size_t>(line)], placements[static_cast<std::size_t>(line)]});
  const Tensor input = input_.make(plan_, pictures);
  Tensor output;
  if (input_.accelerator() != nullptr)
    session_->run_on_device({&input.view(), 1}, {&output, 1});
  else
    session_->run({&input.view(), 1}, {&output, 1});
  check(output.shape().rank() == 3 && output.shape()[0] == static_cast<std::int64_t>(chosen.size()),
        ErrorCode::kModelFormat, "a text recognition model gives [", chosen.size(),
        ",T,C] for as many lines; got ", output.shape().to_string());
  std::vector<postprocess::CtcLine> decoded = decode(output);
  const auto steps = static_cast<int>(output.shape()[1]);
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const auto index = static_cast<std::size_t>(chosen[i]);
    const ImageView& image = images[index];
    TextLine& line = lines[index];
    line.decoded = std::move(decoded[i]);
    if (!line.decoded.finite) fail_not_finite(kNetwork);
    line.text = dictionary_.text(line.decoded);
    const double own_width = static_cast<double>(image.width) / image.height * height;
    line.columns = steps * std::min(1.0, own_width / width);
  }
}

// One line for each row [T, C] of the network's output, which may lie on the accelerator's device.
std::vector<postprocess::CtcLine> TextRecognizer::decode(const Tensor& output) const {
  const auto classes = static_cast<int>(output.shape()[2]);
  check(classes == dictionary_.classes(), ErrorCode::kModelFormat, "the network gave ", classes,
        " classes but the dictionary has ", dictionary_.classes(),
        " entries: inference.yml does not fit the model");
  const auto rows = static_cast<std::size_t>(output.shape()[0]);
  const auto steps = static_cast<std::size_t>(output.shape()[1]);
  const auto values = float_values(output, kNetwork);
  std::vector<postprocess::CtcLine> lines(rows);
  if (output.view().device.type == DeviceType::kCpu) {
    for (std::size_t i = 0; i < rows; ++i)
      lines[i] =
          postprocess::decode_ctc(values.data() + i * steps * static_cast<std::size_t>(classes),
                                  static_cast<int>(steps), classes);
    return lines;
  }
  const std::vector<postprocess::Maximum> maxima = input_.accelerator()->row_maxima(output.view());
  for (std::size_t i = 0; i < rows; ++i)
    lines[i] = postprocess::decode_ctc(std::span(maxima).subspan(i * steps, steps));
  return lines;
}

}  // namespace hpinfer::models

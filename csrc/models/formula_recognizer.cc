#include "models/formula_recognizer.h"

#include <algorithm>

#include "core/thread_pool.h"

namespace hpinfer::models {
namespace {

template <typename Number>
void copy_rows(const Tensor& output, std::span<Tokens> tokens) {
  const auto values = output.elements<const Number>();
  const std::size_t length = values.size() / tokens.size();
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const auto row = values.subspan(i * length, length);
    tokens[i].assign(row.begin(), row.end());
  }
}

}  // namespace

FormulaRecognizer::FormulaRecognizer(std::shared_ptr<const Session> session,
                                     const vision::FormulaPlan& plan)
    : session_(std::move(session)),
      plan_(plan),
      buffers_(static_cast<std::size_t>(session_->options().num_streams)) {
  check(session_->inputs().size() == 1 && session_->inputs()[0].shape.rank() == 4 &&
            !session_->outputs().empty(),
        ErrorCode::kModelFormat,
        "a formula model has one input [N,1,H,W] and one output [N,L] of token numbers");
}

std::vector<Tokens> FormulaRecognizer::recognize(std::span<const ImageView> images,
                                                 int batch_size) const {
  check(batch_size >= 1, ErrorCode::kInvalidInput, "batch_size must be at least 1; got ",
        batch_size);
  const bool alone = std::holds_alternative<vision::LatexOcrPicture>(plan_.picture);
  const std::size_t size = alone ? 1 : static_cast<std::size_t>(batch_size);
  std::vector<Tokens> tokens(images.size());
  const std::size_t batches = (images.size() + size - 1) / size;
  thread_pool().parallel_for(
      static_cast<int>(batches),
      [&](int i) {
        const std::size_t begin = static_cast<std::size_t>(i) * size;
        const std::size_t count = std::min(size, images.size() - begin);
        recognize_batch(images.subspan(begin, count), std::span(tokens).subspan(begin, count));
      },
      session_->options().num_streams);
  return tokens;
}

void FormulaRecognizer::recognize_batch(std::span<const ImageView> images,
                                        std::span<Tokens> tokens) const {
  std::vector<Image> pictures(images.size());
  thread_pool().parallel_for(static_cast<int>(images.size()), [&](int i) {
    const auto at = static_cast<std::size_t>(i);
    pictures[at] = vision::formula_picture(images[at], plan_);
  });
  // Pictures of one batch have one size: only the LaTeX-OCR plan varies it, and runs them alone.
  const vision::PixelSize size = vision::formula_tensor_size(pictures.front(), plan_);
  const Tensor input = buffers_.take(
      DType::kFloat32, {static_cast<std::int64_t>(images.size()), 1, size.height, size.width});
  const std::size_t plane = input.shape().num_elements() / images.size();
  for (std::size_t i = 0; i < pictures.size(); ++i)
    vision::write_formula_tensor(pictures[i], plan_, input.elements<float>().data() + i * plane);
  std::vector<Tensor> outputs(session_->outputs().size());
  session_->run({&input.view(), 1}, outputs);
  const Tensor& output = outputs[0];
  const std::size_t count = output.shape().num_elements();
  check((output.dtype() == DType::kInt64 || output.dtype() == DType::kInt32) &&
            count % images.size() == 0 && output.shape().rank() > 0 &&
            (images.size() == 1 || output.shape()[0] == static_cast<std::int64_t>(images.size())),
        ErrorCode::kModelFormat, "a formula model gives [N,L] int64 token numbers; got ",
        dtype_name(output.dtype()), " ", output.shape().to_string());
  if (output.dtype() == DType::kInt64)
    copy_rows<std::int64_t>(output, tokens);
  else
    copy_rows<std::int32_t>(output, tokens);
}

}  // namespace hpinfer::models

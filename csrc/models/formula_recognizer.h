// Tokens of formulas (LaTeX-OCR, UniMERNet, PP-FormulaNet); their text is the tokenizer's.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/buffer_pool.h"
#include "core/image.h"
#include "engines/engine.h"
#include "vision/formula_picture.h"

namespace hpinfer::models {

using Tokens = std::vector<std::int64_t>;

// Thread-safe: one object, any number of threads.
class FormulaRecognizer {
 public:
  // The model takes [N,1,H,W] float32 and gives [N,L] int64 or int32 token numbers. With the
  // LaTeX-OCR plan, whose pictures differ in size, every picture goes through the network alone.
  FormulaRecognizer(std::shared_ptr<const Session> session, const vision::FormulaPlan& plan);

  // The tokens of each BGR picture, in order, as the network gives them: padding included.
  std::vector<Tokens> recognize(std::span<const ImageView> images, int batch_size) const;

  const Session& session() const noexcept { return *session_; }

 private:
  void recognize_batch(std::span<const ImageView> images, std::span<Tokens> tokens) const;

  std::shared_ptr<const Session> session_;
  vision::FormulaPlan plan_;
  mutable BufferPool buffers_;
};

}  // namespace hpinfer::models

// Text recognition with CTC decoding (the PP-OCR *_rec models).
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/buffer_pool.h"
#include "core/image.h"
#include "engines/engine.h"
#include "postprocess/ctc.h"
#include "vision/plan.h"

namespace hpinfer::models {

struct RecognitionOptions {
  int batch_size = 6;         // lines padded to a common width
  bool sort_by_ratio = true;  // group lines of similar width; results keep the input order
};

struct TextLine {
  std::string text;  // UTF-8
  float score = 0;
  std::vector<int> columns;  // time step of each kept character
  int steps = 0;             // time steps of the padded batch
  int padded_width = 0;      // width of the padded batch in network pixels
};

// Thread-safe: one object, any number of threads.
class TextRecognizer {
 public:
  // The model takes [N,3,H,W] float32 and gives [N,T,C] probabilities, C = size of the dictionary
  // (blank included).
  TextRecognizer(std::shared_ptr<const Session> session,
                 const std::vector<vision::Operator>& operators,
                 postprocess::CtcDictionary dictionary);

  // One line for each BGR picture, in order. Batches run on as many threads as the session has
  // streams. A line's result depends on its own pixels and the width of its batch, nothing else.
  std::vector<TextLine> recognize(std::span<const ImageView> images,
                                  const RecognitionOptions& options) const;

  const Session& session() const noexcept { return *session_; }

 private:
  // Lines that go through the network together, at one width.
  struct Chunk {
    std::span<const int> lines;
    int width = 0;
  };

  std::vector<Chunk> make_chunks(std::span<const int> order,
                                 std::span<const vision::Placement> placements,
                                 int batch_size) const;
  void recognize_chunk(const Chunk& chunk, std::span<const ImageView> images,
                       std::span<const vision::Placement> placements,
                       std::span<TextLine> lines) const;

  std::shared_ptr<const Session> session_;
  vision::TransformPlan plan_;
  postprocess::CtcDictionary dictionary_;
  mutable BufferPool buffers_;
};

}  // namespace hpinfer::models

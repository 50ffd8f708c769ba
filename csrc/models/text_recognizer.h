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
  std::string text;              // UTF-8
  postprocess::CtcLine decoded;  // its classes, time steps and confidences
  double columns = 0;            // time steps that the line takes without its padding
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
  const postprocess::CtcDictionary& dictionary() const noexcept { return dictionary_; }

 private:
  // On a CPU few lines at a time are fastest: their activations stay in the cache. Milliseconds a
  // line at 1, 2 and 6 lines a run, on two streams (Zen 4, PP-OCRv4 mobile): OpenVINO at width 320
  // 4.4, 3.9, 4.4, at 900 11.6, 12.6, 13.0; ONNX Runtime at 320 6.3, 6.2, 6.8, at 900 17.7, 18.9,
  // 28.7. One count for all other widths also halves the shapes that OpenVINO compiles kernels for.
  static constexpr int kCpuLinesPerRun = 2;
  static constexpr int kCpuColumnsPerRun = 640;

  // Lines that one stream reads, all padded to one width.
  struct Share {
    std::span<const int> lines;
    int width = 0;
  };

  static std::vector<Share> make_batches(std::span<const int> order,
                                         std::span<const vision::Placement> placements,
                                         int batch_size);
  std::vector<Share> make_shares(std::span<const int> order,
                                 std::span<const vision::Placement> placements,
                                 int batch_size) const;
  std::size_t lines_per_run(const Share& share) const;
  void read_share(const Share& share, std::span<const ImageView> images,
                  std::span<const vision::Placement> placements, std::span<TextLine> lines) const;
  void run_network(std::span<const int> chosen, int width, std::span<const ImageView> images,
                   std::span<const vision::Placement> placements, std::span<TextLine> lines) const;

  std::shared_ptr<const Session> session_;
  vision::TransformPlan plan_;
  postprocess::CtcDictionary dictionary_;
  mutable BufferPool buffers_;
};

}  // namespace hpinfer::models

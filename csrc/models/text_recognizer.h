// Text recognition with CTC decoding (the PP-OCR *_rec models).
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/image.h"
#include "engines/engine.h"
#include "models/picture_input.h"
#include "postprocess/ctc.h"
#include "vision/placement.h"
#include "vision/plan.h"

namespace hpinfer::models {

// How wide the network's input is for each line; the rest of it is zeros at the right. It touches
// results: without a margin one-character lines are lost, with a wide one spaces appear.
struct RecognitionOptions {
  // Lines that share an input: the most on an accelerator; officially also those that are padded to
  // the widest of them.
  int batch_size = 6;
  bool sort_by_ratio = true;  // officially: batches of similar lines; results keep the input order
  // Set: a line's width follows from the line alone, and so does its result. Unset: the official
  // rule, at least the width of the model's configuration and as wide as the widest of the batch.
  std::optional<vision::LineColumns> columns;
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
  // (blank included). With an accelerator (null: none) lines are prepared and read on its device.
  TextRecognizer(std::shared_ptr<const Session> session,
                 const std::vector<vision::Operator>& operators,
                 postprocess::CtcDictionary dictionary,
                 std::shared_ptr<const Accelerator> accelerator = nullptr);

  // One line for each BGR picture, in order, on as many threads as the session has streams. A
  // line's result depends on its own pixels and its width (see RecognitionOptions), nothing else.
  // Throws Error(kUnsupported) for `columns` where fits_any_width() is false.
  std::vector<TextLine> recognize(std::span<const ImageView> images,
                                  const RecognitionOptions& options) const;

  // Whether lines may have a width of their own: the network's input is not of a fixed one.
  bool fits_any_width() const noexcept;

  const Session& session() const noexcept { return *session_; }
  const postprocess::CtcDictionary& dictionary() const noexcept { return dictionary_; }

 private:
  // On a CPU few lines at a time are fastest: enough to fill the vector units with, few enough for
  // their activations to stay in the cache. Processor milliseconds for 100 columns of width 96,
  // 160, 320, 640 on two streams (Zen 5, PP-OCRv4 mobile):
  //                      1 line                 4 lines                8 lines
  //   OpenVINO fp32      3.4  3.1  2.8  2.7     2.6  2.6  2.6  2.6     2.6  2.6  2.7  2.7
  //   ONNX Runtime fp32  4.7  4.2  4.0  3.9     4.1  4.2  4.0  4.3     4.3  4.1  4.6  5.9
  //   OpenVINO bf16      2.7  2.3  2.0  1.7     1.9  1.7  1.7  1.6     1.7  1.6  1.6  1.6
  struct RunSize {
    int lines = 4;      // the most lines
    int columns = 640;  // of all lines, unless one has more
  };
  static constexpr RunSize kCpuRun{4, 640};
  static constexpr RunSize kCpuReducedRun{8, 1280};  // of activations half the size
  // A share is at most this part of a stream's work, so that no stream waits long for another.
  static constexpr std::int64_t kSharesPerStream = 4;

  // Lines that one stream reads one after the other, all padded to one width.
  struct Share {
    std::span<const int> lines;
    std::size_t lines_per_run = 1;
    int width = 0;
    std::int64_t columns() const { return static_cast<std::int64_t>(lines.size()) * width; }
  };

  std::vector<vision::Placement> place_lines(std::span<const ImageView> images,
                                             const RecognitionOptions& options) const;
  std::vector<Share> make_shares(std::span<const int> order,
                                 std::span<const vision::Placement> placements,
                                 int batch_size) const;
  std::size_t lines_per_run(int width, int batch_size) const;
  void run_network(std::span<const int> chosen, std::span<const ImageView> images,
                   std::span<const vision::Placement> placements, std::span<TextLine> lines) const;
  std::vector<postprocess::CtcLine> decode(const Tensor& output) const;

  std::shared_ptr<const Session> session_;
  vision::TransformPlan plan_;
  postprocess::CtcDictionary dictionary_;
  PictureInput input_;
};

}  // namespace hpinfer::models

// Reads the text of a page: detection, reading order, crops, line direction, recognition.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "models/image_classifier.h"
#include "models/text_detector.h"
#include "models/text_recognizer.h"
#include "postprocess/word_boxes.h"

namespace hpinfer::models {

// Polygons (detection.db.box_type) are read as curved text, e.g. of seals: by their least y, each
// straightened before it is recognised.
struct TextReaderParams {
  TextDetectionParams detection;
  RecognitionOptions recognition;
  std::optional<int> line_orientation_batch;  // set: classify the direction of every line first
  bool words = false;                         // locate the words of every line; not of polygons
};

struct ReadLine {
  postprocess::Polygon polygon;  // in page pixels
  double detection_score = 0;
  int orientation = -1;  // class of the direction model (1 = upside down); -1 when not asked
  TextLine text;
  postprocess::LineWords words;  // empty when not asked
};

// Wall time of a stage, and of the networks in it summed over the threads that ran them.
struct StageSeconds {
  double wall = 0;
  double network = 0;
};

struct ReadingSeconds {
  StageSeconds detection;
  StageSeconds crops;
  StageSeconds orientation;
  StageSeconds recognition;
};

struct ReadPage {
  std::vector<ReadLine> lines;  // in reading order
  ReadingSeconds seconds;
};

// Thread-safe: one object, any number of threads. One page at a time is read by all threads of the
// budget; of as many pages as there are threads, each is read by its caller's thread, and a thread
// whose page is done helps with the others'. Detection keeps its session of all threads in both
// cases: a second session with one thread an inference saves less than 1 % of the processor's time
// (PP-OCRv4 mobile, ONNX Runtime and OpenVINO) and costs 120 to 300 MB.
class TextReader {
 public:
  // `line_classifier` may be null; then line_orientation_batch must not be set.
  TextReader(std::shared_ptr<const TextDetector> detector,
             std::shared_ptr<const TextRecognizer> recognizer,
             std::shared_ptr<const ImageClassifier> line_classifier);

  // The text of a BGR page. Regions whose crop is empty are left out. Throws Error(kInvalidInput)
  // for line_orientation_batch without a model for it, for the words of polygons, and for a page
  // whose regions cover it more than eight times (pages below 8 million pixels: more often).
  ReadPage read(const ImageView& page, const TextReaderParams& params) const;

 private:
  std::vector<Image> crop_lines(const ImageView& page, std::vector<ReadLine>& lines,
                                bool curved) const;
  void recognize_lines(std::span<const Image> crops, std::span<ReadLine> lines,
                       const TextReaderParams& params) const;
  void turn_upright(std::vector<Image>& crops, std::vector<ReadLine>& lines, int batch_size) const;

  std::shared_ptr<const TextDetector> detector_;
  std::shared_ptr<const TextRecognizer> recognizer_;
  std::shared_ptr<const ImageClassifier> line_classifier_;
};

}  // namespace hpinfer::models

#include "models/text_reader.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>

#include "core/engine_clock.h"
#include "core/thread_pool.h"
#include "models/region_crop.h"
#include "postprocess/text_order.h"
#include "vision/rotate.h"

namespace hpinfer::models {
namespace {

constexpr int kUpsideDown = 1;  // class of the line direction models: 0 = upright, 1 = 180 degrees

// Pixels that the crops of a page may have in all: the lines of real pages cover it about once, but
// regions within regions, each cut out whole, could need any amount of memory.
std::int64_t crop_budget(const ImageView& page) {
  constexpr std::int64_t kPages = 8;
  constexpr std::int64_t kLeast = std::int64_t{1} << 26;
  return std::max(kLeast, kPages * page.height * page.width);
}

// Adds the time that it lives to a stage.
class StageTimer {
 public:
  explicit StageTimer(StageSeconds& stage) : stage_(stage), scope_(&clock_) {}
  ~StageTimer() {
    stage_.wall += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
    stage_.network += clock_.seconds();
  }
  StageTimer(const StageTimer&) = delete;
  StageTimer& operator=(const StageTimer&) = delete;

 private:
  StageSeconds& stage_;
  const EngineClock::Time begin_ = std::chrono::steady_clock::now();
  EngineClock clock_;
  const EngineClock::Scope scope_;
};

bool is_curved(const TextReaderParams& params) {
  return params.detection.db.box_type == postprocess::DbBoxType::kPoly;
}

std::vector<ReadLine> lines_in_order(std::vector<postprocess::TextRegion> regions, bool curved) {
  std::vector<postprocess::Polygon> polygons;
  polygons.reserve(regions.size());
  for (postprocess::TextRegion& region : regions) polygons.push_back(std::move(region.polygon));
  std::vector<ReadLine> lines;
  lines.reserve(regions.size());
  for (const std::size_t i : curved ? postprocess::reading_order_of_polygons(polygons)
                                    : postprocess::reading_order_of_quads(polygons))
    lines.push_back({std::move(polygons[i]), regions[i].score, -1, {}, {}});
  return lines;
}

std::vector<ImageView> views_of(std::span<const Image> images) {
  std::vector<ImageView> views;
  views.reserve(images.size());
  for (const Image& image : images) views.push_back(image.view());
  return views;
}

}  // namespace

TextReader::TextReader(std::shared_ptr<const TextDetector> detector,
                       std::shared_ptr<const TextRecognizer> recognizer,
                       std::shared_ptr<const ImageClassifier> line_classifier)
    : detector_(std::move(detector)),
      recognizer_(std::move(recognizer)),
      line_classifier_(std::move(line_classifier)) {}

ReadPage TextReader::read(const ImageView& page, const TextReaderParams& params) const {
  check(!params.line_orientation_batch || line_classifier_ != nullptr, ErrorCode::kInvalidInput,
        "text line orientation was asked for, but the pipeline was made without that model");
  const bool curved = is_curved(params);
  check(!(curved && params.words), ErrorCode::kInvalidInput,
        "words are located in quadrilaterals; polygons have none");
  const ThreadPool::Presence presence(thread_pool());
  ReadPage result;
  {
    const StageTimer timer(result.seconds.detection);
    result.lines = lines_in_order(detector_->detect(page, params.detection), curved);
  }
  std::vector<Image> crops;
  {
    const StageTimer timer(result.seconds.crops);
    crops = crop_lines(page, result.lines, curved);
  }
  if (params.line_orientation_batch) {
    const StageTimer timer(result.seconds.orientation);
    turn_upright(crops, result.lines, *params.line_orientation_batch);
  }
  {
    const StageTimer timer(result.seconds.recognition);
    recognize_lines(crops, result.lines, params);
  }
  return result;
}

void TextReader::recognize_lines(std::span<const Image> crops, std::span<ReadLine> lines,
                                 const TextReaderParams& params) const {
  std::vector<TextLine> texts = recognizer_->recognize(views_of(crops), params.recognition);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    ReadLine& line = lines[i];
    line.text = std::move(texts[i]);
    if (params.words)
      line.words = postprocess::locate_words(line.text.decoded, recognizer_->dictionary(),
                                             line.polygon, line.text.columns);
  }
}

// One crop a line; lines whose crop has no pixel are dropped with their crop.
std::vector<Image> TextReader::crop_lines(const ImageView& page, std::vector<ReadLine>& lines,
                                          bool curved) const {
  std::vector<Image> crops(lines.size());
  const std::int64_t budget = crop_budget(page);
  std::atomic<std::int64_t> taken = 0;
  thread_pool().parallel_for(static_cast<int>(lines.size()), [&](int i) {
    const auto line = static_cast<std::size_t>(i);
    const postprocess::Polygon& region = lines[line].polygon;
    crops[line] = curved ? crop_polygon(page, region) : crop_rectangle(page, region);
    taken += static_cast<std::int64_t>(crops[line].height) * crops[line].width;
    check(taken <= budget, ErrorCode::kInvalidInput, "the ", lines.size(),
          " text regions of a page of ", page.width, "x", page.height, " cover more than ", budget,
          " pixels in all, the limit: lower max_candidates or unclip_ratio, or raise box_thresh");
  });
  std::size_t kept = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (crops[i].view().empty()) continue;
    if (kept != i) {
      crops[kept] = std::move(crops[i]);
      lines[kept] = std::move(lines[i]);
    }
    ++kept;
  }
  crops.resize(kept);
  lines.resize(kept);
  return crops;
}

void TextReader::turn_upright(std::vector<Image>& crops, std::vector<ReadLine>& lines,
                              int batch_size) const {
  const auto scores = line_classifier_->classify(views_of(crops), batch_size);
  for (std::size_t i = 0; i < crops.size(); ++i) {
    lines[i].orientation = top_classes(scores[i], 1).front();
    if (lines[i].orientation == kUpsideDown) crops[i] = vision::rotate_image(crops[i].view(), 180);
  }
}

}  // namespace hpinfer::models

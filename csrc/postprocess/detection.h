// What object and layout detectors give, and how it becomes the result (contract 6.2).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "postprocess/layout_boxes.h"

namespace hpinfer::postprocess {

// The network's rows of one picture: class, score, x1, y1, x2, y2 (6 columns), then one or two
// columns of reading order (7, 8), or four corners in place of two (10). Pixels of the picture.
struct DetectionRows {
  const float* data = nullptr;
  std::size_t count = 0;
  std::size_t columns = 6;
};

// A row stays when its score is above the threshold and its class is not negative.
struct ScoreThreshold {
  float value = 0.5F;
  // When set, `value` is not used: a class that is missing here has kMissingClass, and the result
  // is grouped by ascending class.
  std::optional<std::map<int, float>> by_class;

  static constexpr float kMissingClass = 0.5F;
};

struct DetectionOptions {
  ScoreThreshold threshold;
  LayoutOptions layout;
};

struct PictureSize {
  int width = 0;
  int height = 0;
};

// The rows above the threshold, in the network's order. Throws Error(kModelFormat) for a number of
// columns that is none of the four.
std::vector<Detection> select_detections(const DetectionRows& rows,
                                         const ScoreThreshold& threshold);

// Cuts boxes at the picture's edges; a box of which nothing is left goes (a rotated one stays).
void clip_detections(std::vector<Detection>& detections, const PictureSize& size);

// All steps in the official order: threshold, layout NMS, page-sized pictures, merging, reading
// order, growing, clipping.
std::vector<Detection> refine_detections(const DetectionRows& rows, const DetectionOptions& options,
                                         const PictureSize& size);

// A mask cut to its box: 0 and 1, row by row.
struct Mask {
  int height = 0;
  int width = 0;
  std::vector<std::uint8_t> cells;
};

// The part of a whole-picture mask that lies in the box, whose sides are rounded half to even.
// Cells that are not 0 (not above 0.5 for float) count as 1.
template <typename T>
Mask crop_mask(const T* mask, int height, int width, const Detection& detection);

}  // namespace hpinfer::postprocess

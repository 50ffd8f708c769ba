// Raw heads of PicoDet (Generalised Focal Loss): scores and, for each side of a box, a distribution
// over distances. Decoding after Li et al., "Generalized Focal Loss" (2020), and PaddleDetection's
// head: cells' centres, softmax expectation times the stride, then NMS by class.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace hpinfer::postprocess {

struct GflOptions {
  std::vector<int> strides{8, 16, 32, 64};  // of the levels, in the order of the outputs
  float score_threshold = 0.025F;           // a class needs more than this at a cell
  float nms_threshold = 0.6F;               // IoU above which the worse box goes
  int nms_top_k = 1000;                     // best boxes of each class that enter the NMS
  int keep_top_k = 100;                     // best boxes of the picture that leave it
};

// One level of one picture.
struct GflLevel {
  const float* scores = nullptr;     // [cells, classes], after the sigmoid
  const float* distances = nullptr;  // [cells, 4 * bins]: left, top, right, bottom
  std::size_t cells = 0;             // row by row
};

struct GflGeometry {
  int input_height = 0;  // of the network's input
  int input_width = 0;
  float scale_y = 1.0F;  // input pixels for each pixel of the picture
  float scale_x = 1.0F;
};

// Rows of 6: class, score, x1, y1, x2, y2 in pixels of the picture, by ascending class, then
// falling score. Throws Error(kModelFormat) when a level's cells do not fit the input and the
// stride, or there are no bins; Error(kConfig) for a stride that is not above 0.
std::vector<float> decode_gfl(std::span<const GflLevel> levels, std::size_t classes,
                              std::size_t bins, const GflGeometry& geometry,
                              const GflOptions& options);

}  // namespace hpinfer::postprocess

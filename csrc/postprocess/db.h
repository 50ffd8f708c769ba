// Text regions from the probability map of a differentiable-binarization (DB) network.
#pragma once

#include <vector>

#include "postprocess/point.h"

namespace hpinfer::postprocess {

enum class DbScoreMode {
  kFast,  // mean probability inside the simplified region: its rectangle or polygon
  kSlow,  // mean probability inside the region's own border (rectangles only)
};

enum class DbBoxType {
  kQuad,  // rotated rectangles: 4 points, top left, top right, bottom right, bottom left
  kPoly,  // polygons
};

struct DbOptions {
  float thresh = 0.3F;
  double box_thresh = 0.6;
  double unclip_ratio = 1.5;
  int max_candidates = 1000;
  int min_size = 3;  // shorter side of a region before growing; after growing 2 more
  DbScoreMode score_mode = DbScoreMode::kFast;
  DbBoxType box_type = DbBoxType::kQuad;
  bool use_dilation = false;
};

struct TextRegion {
  Polygon polygon;   // pixels of the source picture, within [0, width] x [0, height]
  double score = 0;  // mean probability
};

// Where the map's points lie in the source picture.
struct DbGeometry {
  int map_height = 0;
  int map_width = 0;
  int source_height = 0;  // of the picture that the whole map stands for
  int source_width = 0;
};

// Decodes one map [map_height, map_width]. Regions come in the order of their contours (bottom-up
// in practice). Coordinates are scaled by source/map and rounded half to even. Equal to
// PaddleX 3.7's DBPostProcess on OpenCV 4.10 and pyclipper, except that coordinates beyond 32767 do
// not wrap, and that a region grows by at most four times the map's sides. Throws
// Error(kInvalidInput) for empty sizes, Error(kConfig) for options without meaning.
std::vector<TextRegion> decode_db(const float* probabilities, const DbGeometry& geometry,
                                  const DbOptions& options);

}  // namespace hpinfer::postprocess

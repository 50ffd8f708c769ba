// How a curved text, e.g. round a seal, is cut out and straightened.
#pragma once

#include <span>
#include <vector>

#include "postprocess/point.h"

namespace hpinfer::postprocess {

// One piece of the text: the quadrilateral (in the order of the text: start and end of its upper
// side, end and start of its lower side) becomes an upright picture of width x height, rounded
// down.
struct TextStrip {
  Point2f corners[4];
  float width = 0;
  float height = 0;
};

struct SealCut {
  enum class Kind {
    kRectangle,  // the least rectangle around the polygon: what quadrilateral text gets
    kBounds,     // its upright bounds, inclusive of the first and without the last row and column
    kStrips,     // pieces side by side
  };
  Kind kind = Kind::kRectangle;
  std::vector<TextStrip> strips;
  bool vertical = false;  // strips run downwards: the picture is turned clockwise
  int left = 0;           // kBounds, within the picture
  int top = 0;
  int right = 0;
  int bottom = 0;
};

// PaddleX's choice for a text polygon in a picture of this size. Polygons of less than 4 points,
// not simple ones, and those that fill 0.7 of their rectangle are cut as rectangles; a text too
// small for strips of a pixel by its bounds (the reference then warps the whole picture instead).
SealCut plan_seal_cut(std::span<const Point2i> polygon, int image_height, int image_width);

}  // namespace hpinfer::postprocess

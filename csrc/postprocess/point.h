// Points of the plane. x to the right, y downwards, in pixels.
#pragma once

#include <vector>

namespace hpinfer::postprocess {

struct Point2i {
  int x = 0;
  int y = 0;
  friend bool operator==(const Point2i&, const Point2i&) = default;
};

struct Point2f {
  float x = 0;
  float y = 0;
  friend bool operator==(const Point2f&, const Point2f&) = default;
};

using Polygon = std::vector<Point2i>;

}  // namespace hpinfer::postprocess

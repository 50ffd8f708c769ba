// Reading order of text regions, and the quadrilateral to cut out for each.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "postprocess/min_area_rect.h"
#include "postprocess/point.h"

namespace hpinfer::postprocess {

// Order of rectangles: by y, then x of the first corner; then neighbours whose first corners are
// less than 10 pixels apart in y are put from left to right. Returns positions in `quads`.
std::vector<std::size_t> reading_order_of_quads(std::span<const Polygon> quads);

// Order of polygons: by their least y, then their least x. (The reference leaves the order of equal
// y to a sort that is not stable.)
std::vector<std::size_t> reading_order_of_polygons(std::span<const Polygon> polygons);

// The corners, in order, of the least rectangle around a region: what is cut out for recognition.
Quad crop_corners(std::span<const Point2i> region);

struct CropSize {
  int width = 0;
  int height = 0;
};

// Size of the upright picture that a quadrilateral is cut out to: the longer of its opposite sides,
// rounded down; float32 arithmetic, as by NumPy.
CropSize crop_size(const Quad& corners);

}  // namespace hpinfer::postprocess

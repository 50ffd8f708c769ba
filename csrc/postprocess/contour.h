// Borders of the connected regions of a binary map.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "postprocess/point.h"

namespace hpinfer::postprocess {

// A binary map with a frame of one zero cell on each side, so that regions may touch the edge.
struct Bitmap {
  Bitmap(int height, int width);

  // Row y of the map without its frame, 0 <= y < height.
  std::int8_t* row(int y) noexcept { return cells.data() + (y + 1) * stride + 1; }
  const std::int8_t* row(int y) const noexcept { return cells.data() + (y + 1) * stride + 1; }

  int height = 0;
  int width = 0;
  std::ptrdiff_t stride = 0;
  std::vector<std::int8_t> cells;  // 0 or 1
};

// value > threshold, cell by cell; NaN is never above. `values` is [height, width].
Bitmap binarize(const float* values, int height, int width, float threshold);

// cv2.dilate with numpy.ones((2, 2)) and the default anchor: a cell is set if it, its left, its
// upper or its upper left neighbour was.
Bitmap dilate_2x2(const Bitmap& map);

// Closed borders, one after another in one array.
class Contours {
 public:
  std::size_t size() const noexcept { return ends_.size(); }
  // The points of border i, in the order of cv2.findContours (the one found last comes first).
  std::span<const Point2i> operator[](std::size_t i) const noexcept;

 private:
  friend Contours find_contours(Bitmap map);
  std::vector<Point2i> points_;
  std::vector<std::size_t> ends_;  // in the order of discovery
};

// Outer borders and borders of holes, compressed to the points where the direction changes. Equal
// to cv2.findContours(map, RETR_LIST, CHAIN_APPROX_SIMPLE) of OpenCV 4 in contours, points and
// order. Algorithm: S. Suzuki, K. Abe, "Topological structural analysis of digitized binary images
// by border following", CVGIP 30 (1985). The map is consumed: the borders are marked in it.
Contours find_contours(Bitmap map);

}  // namespace hpinfer::postprocess

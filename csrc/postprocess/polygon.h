// Measures of closed polygons, their simplification, and means over their inside.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "postprocess/masked_sum.h"
#include "postprocess/point.h"

namespace hpinfer::postprocess {

// Length of the closed polygon; equal to cv2.arcLength(points, True) (float edges, double sum).
double perimeter(std::span<const Point2f> points);
double perimeter(std::span<const Point2i> points);

// Absolute area; equal to cv2.contourArea.
double area(std::span<const Point2f> points);
double area(std::span<const Point2i> points);

// Fewer points, at most `epsilon` off; equal to cv2.approxPolyDP(points, epsilon, True) of OpenCV
// 4.10. Algorithm: D. Douglas, T. Peucker, Cartographica 10 (1973), started from two far points.
Polygon simplify(std::span<const Point2i> points, double epsilon);

// A float32 map, rows packed.
struct MapView {
  const float* data = nullptr;
  int height = 0;
  int width = 0;
};

// Means of a map over polygons. Keeps its mask between calls; one object a thread.
class PolygonMean {
 public:
  explicit PolygonMean(const MapView& map, Isa isa = active_isa())
      : map_(map), sum_masked_(sum_masked_for(isa)) {}

  // Mean over the cells inside or on the border of the polygon. The corners are truncated to whole
  // cells relative to the bounding box, which is clipped to the map: cv2.fillPoly on a mask of that
  // box, then cv2.mean, bit for bit. 0 when no cell is covered.
  double over(std::span<const Point2f> corners);
  double over(std::span<const Point2i> corners);

 private:
  struct Box {
    int left, top, right, bottom;
  };
  double mean_in(const Box& box, std::span<const Point2i> corners);
  MapView map_;
  SumMasked sum_masked_;
  std::vector<std::uint8_t> mask_;
};

// Sets to 1 every cell of the mask [height, width] inside or on the border of the polygon; equal to
// cv2.fillPoly of OpenCV 4 (8-connected border, even-odd inside), also where the polygon leaves the
// mask.
void fill_polygon(std::uint8_t* mask, int height, int width, std::span<const Point2i> corners);

}  // namespace hpinfer::postprocess

// The rectangle of least area around a set of points.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "postprocess/point.h"

namespace hpinfer::postprocess {

struct RotatedRect {
  Point2f center;
  float width = 0;
  float height = 0;
  float angle = 0;  // degrees, clockwise from the x axis, of the side called width
};

using Quad = std::array<Point2f, 4>;

// Indices into `points` of the corners of their convex hull, in the order of
// cv2.convexHull(points, clockwise=False) of OpenCV 4. No collinear points.
// Algorithm: J. Sklansky, "Finding the convex hull of a simple polygon", PRL 1 (1982), applied to
// the points sorted by x, for each of the four arcs between the extremes.
std::vector<int> convex_hull(std::span<const Point2i> points);

// Equal to cv2.minAreaRect of OpenCV 4 bit for bit (float32 rotating calipers: G. Toussaint,
// "Solving geometric problems with the rotating calipers", MELECON 1983). Coordinates must be below
// 2^24 in magnitude; no points give the zero rectangle.
RotatedRect min_area_rect(std::span<const Point2i> points);

// The corners, in the order of cv2.boxPoints.
Quad box_points(const RotatedRect& rect);

// The corners sorted to top left, top right, bottom right, bottom left: by x, then in the left pair
// and in the right pair by y. Order of text boxes throughout OCR.
Quad order_corners(const Quad& corners);

}  // namespace hpinfer::postprocess

// Whether a polygon is simple, and how much of it a convex shape covers.
#pragma once

#include <span>

#include "postprocess/min_area_rect.h"
#include "postprocess/point.h"

namespace hpinfer::postprocess {

// Whether the closed polygon encloses an area and its border neither crosses nor touches itself;
// what GEOS calls a valid ring. Repeated neighbours count once. Exact for coordinates below 2^24.
bool is_simple(std::span<const Point2i> polygon);

// Intersection over union of a simple polygon and a convex quadrilateral, in float64. The polygon
// is cut by one side after the other (I. Sutherland, G. Hodgman, CACM 17, 1974).
double intersection_over_union(std::span<const Point2i> polygon, const Quad& convex);

}  // namespace hpinfer::postprocess

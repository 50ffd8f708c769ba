// Polygon offset: growing a closed polygon by a distance, with round corners.
#pragma once

#include <span>
#include <vector>

#include "postprocess/point.h"

namespace hpinfer::postprocess {

// The closed path at `distance` outside of the polygon, with arcs around convex corners and
// self-crossings at concave ones: the raw path of Clipper 6.4.2's offset (round joins, closed
// polygon, miter limit 2, arc tolerance 0.25). The polygon is turned to positive area first. Empty
// for fewer than three distinct consecutive points. Errors as below.
// Algorithm: A. Johnson, "Clipper", offset by edge normals.
Polygon offset_path(std::span<const Point2i> polygon, double distance);

// Grown polygons without self-crossings: the outlines of the parts that the raw path winds around
// a positive number of times, outer rings with positive area, holes with negative. Equal to
// pyclipper's PyclipperOffset().Execute(distance) after AddPath(polygon, JT_ROUND,
// ET_CLOSEDPOLYGON): the same paths in the same order, with the same points and starts.
//
// Error(kInvalidInput) if the distance is negative or not a number, if the grown polygon would
// leave the range of 2^30 in which Clipper computes exactly, and if it would have millions of
// corners or crossings.
std::vector<Polygon> offset_polygon(std::span<const Point2i> polygon, double distance);

}  // namespace hpinfer::postprocess

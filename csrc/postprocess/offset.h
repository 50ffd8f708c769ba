// Polygon offset: growing a closed polygon by a distance, with round corners.
#pragma once

#include <span>
#include <vector>

#include "postprocess/point.h"

namespace hpinfer::postprocess {

// The closed path at `distance` outside of the polygon, with arcs around convex corners and
// self-crossings at concave ones: the raw path of Clipper 6.4.2's offset (round joins, closed
// polygon, miter limit 2, arc tolerance 0.25). The polygon is turned to positive area first. Empty
// for fewer than three distinct consecutive points.
// Algorithm: A. Johnson, "Clipper", offset by edge normals.
Polygon offset_path(std::span<const Point2i> polygon, double distance);

// Grown polygons without self-crossings, distance > 0 (nothing otherwise): the outlines of the
// parts that the raw path winds around a positive number of times, outer rings with positive area,
// holes with negative. Equal to pyclipper's PyclipperOffset().Execute(distance) for rectangles and
// convex outlines. Where a concave outline crosses itself Clipper rounds crossings as its sweep
// meets them; ours are exact before rounding, so corners there can differ by a pixel (73 % of 1 722
// real contours were identical). See winding.h. Coordinates must be below 2^18 in magnitude
// (Error(kInvalidInput) otherwise).
std::vector<Polygon> offset_polygon(std::span<const Point2i> polygon, double distance);

}  // namespace hpinfer::postprocess

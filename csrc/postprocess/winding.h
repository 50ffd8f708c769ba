// Outlines of the region that a closed path winds around.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "postprocess/point.h"

namespace hpinfer::postprocess {

// Twice the area: positive when the corners turn from the x axis to the y axis.
std::int64_t signed_area(std::span<const Point2i> polygon);

// The rings that bound the points with winding number > 0: outer rings with positive area, holes
// with negative. No repeated or collinear neighbours. A ring ends with its corner of least y, the
// rightmost of equals. Coordinates must be below 2^18 in magnitude.
//
// Crossings are found exactly (rational numbers) and rounded to whole pixels last. Where a sweep
// over the rows of the corners would notice a crossing only above it, because the rounded positions
// of the two edges are still equal, the crossing moves there, as in Clipper 6.4.2.
std::vector<Polygon> positive_outlines(std::span<const Point2i> path);

}  // namespace hpinfer::postprocess

// The region that closed paths wind around, by a sweep over its rows.
#pragma once

#include <span>
#include <vector>

#include "postprocess/point.h"

namespace hpinfer::postprocess {

enum class Winding {
  kPositive,  // points with a winding number above 0; outer rings have positive area
  kNegative,  // below 0; outer rings have negative area
};

// The rings that bound the region, holes the other way round than outer rings; no repeated points,
// no corners of 0 or 180 degrees. Equal to a union of Clipper 6.4.2 with that filling, down to the
// order of the rings and the point each starts with. Crossings are rounded to whole coordinates as
// the sweep meets them, so edges near them may meet once more or miss each other. Should that put
// them into an order that no outline has, nothing is returned, as by Clipper.
//
// Coordinates must be below 2^30 in magnitude. Error(kInvalidInput) for paths that cross themselves
// so often that the sweep would take seconds or gigabytes.
// Algorithm: B. R. Vatti, Comm. ACM 35 (1992); the rounding and the order of the steps are those of
// A. Johnson's Clipper.
std::vector<Polygon> union_outlines(std::span<const Polygon> paths, Winding winding);

}  // namespace hpinfer::postprocess

// Upright pictures of text regions, straight or curved, for recognition.
#pragma once

#include "core/image.h"
#include "postprocess/point.h"

namespace hpinfer::models {

// The least rectangle around the region (quadrilateral text), upright; empty when it has no pixel.
Image crop_rectangle(const ImageView& image, const postprocess::Polygon& region);

// A text polygon (seals), straightened: plan_seal_cut, then its pieces side by side, each by a
// bilinear homography with black outside. Empty when it has no pixel. Throws Error(kInvalidInput)
// for coordinates of 2^24 or more.
Image crop_polygon(const ImageView& image, const postprocess::Polygon& region);

}  // namespace hpinfer::models

// Planes of float32 0 to 1 back to an interleaved uint8 picture.
#pragma once

#include "core/image.h"
#include "core/thread_pool.h"

namespace hpinfer::vision {

// Three planes of height x width, tightly packed one after the other, as a picture of that order:
// x * 255 in float32, truncated. What lies outside 0 to 255 is clipped, NaN becomes 0 (NumPy leaves
// both undefined).
Image planes_to_image(const float* planes, int height, int width, ColorOrder order,
                      ThreadPool* pool = nullptr);

}  // namespace hpinfer::vision

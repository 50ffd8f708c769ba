// Turns by right angles.
#pragma once

#include "core/cpu.h"
#include "core/image.h"

namespace hpinfer::vision {

// Turned counter-clockwise by `quarters` times 90 degrees (any integer), pixels only moved. uint8,
// one or three channels.
Image rot90(const ImageView& image, int quarters, Isa isa = active_isa());

// The rotation that PaddleX applies to pages and text lines: by 0, 90, 180 or 270 degrees
// counter-clockwise about (w/2, h/2) with black outside. As pixel centres are at whole coordinates,
// that is the plain turn moved by one pixel: one black row (90), column (270) or both (180) come
// in at the top or left and the last ones go out. Equal bit for bit to OpenCV 4.x's warpAffine.
// Throws Error(kInvalidInput) for another angle.
Image rotate_image(const ImageView& image, int angle, Isa isa = active_isa());

}  // namespace hpinfer::vision

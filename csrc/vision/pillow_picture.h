// Pillow's operations on whole uint8 pictures of one or three channels, bit for bit: what the
// pre-processing of formulas is made of.
#pragma once

#include "core/image.h"
#include "vision/operators.h"
#include "vision/resize_pillow.h"

namespace hpinfer::vision {

// The luma that Pillow's convert("L") gives. Any colour order; one channel out.
Image pillow_luma(const ImageView& image);

// Image.resize of the box, or of all of it, by vision/resize_pillow.h.
Image pillow_resize(const ImageView& image, const PixelSize& size, PillowFilter filter,
                    const SourceBox& box);
Image pillow_resize(const ImageView& image, const PixelSize& size, PillowFilter filter);

// Image.thumbnail: shrunk to fit `bounds` with its ratio kept, if larger: first by whole factors
// where that leaves twice the size, then bicubic.
Image pillow_thumbnail(Image image, const PixelSize& bounds);

}  // namespace hpinfer::vision

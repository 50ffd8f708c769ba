// Pillow's operations on whole uint8 pictures of one or three channels, bit for bit: what the
// pre-processing of formulas is made of.
#pragma once

#include "core/image.h"
#include "vision/operators.h"

namespace hpinfer::vision {

// The luma that Pillow's convert("L") gives. Any colour order; one channel out.
Image pillow_luma(const ImageView& image);

enum class PillowKernel { kTriangle, kCubic };  // Pillow's BILINEAR and BICUBIC

// The rectangle of a picture that is resized; its sides may lie between pixels (float32, as in
// Pillow).
struct SourceBox {
  float left = 0;
  float top = 0;
  float right = 0;
  float bottom = 0;
};

// Antialiased resize of the box to `size`; 22-bit weights, uint8 between the two passes. The rows
// go first where Pillow 13 lets them (the height shrinks by more than twice what the width does);
// older releases differ there in single levels.
Image pillow_resize(const ImageView& image, const PixelSize& size, PillowKernel kernel,
                    const SourceBox& box);
Image pillow_resize(const ImageView& image, const PixelSize& size, PillowKernel kernel);

// Image.thumbnail: shrunk to fit `bounds` with its ratio kept, if larger: first by whole factors
// where that leaves twice the size, then bicubic.
Image pillow_thumbnail(Image image, const PixelSize& bounds);

}  // namespace hpinfer::vision

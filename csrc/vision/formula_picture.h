// Pictures of formulas as the formula models want them.
#pragma once

#include <variant>

#include "core/image.h"
#include "vision/operators.h"

namespace hpinfer::vision {

// LaTeX-OCR: a picture within the limits is only made grey; another is stretched in contrast,
// turned dark on light, cut to its ink, filled up with white to multiples of 32, shrunk to fit
// `most` and filled up to `least`. The grey of a picture taken as it is has the weights of blue and
// red swapped, as in training.
struct LatexOcrPicture {
  PixelSize least{32, 32};
  PixelSize most{672, 192};
};

// UniMERNet and PP-FormulaNet: cut to its ink, the short side made as large as that of `size`,
// shrunk to fit it, and centred on black.
struct UniMerNetPicture {
  PixelSize size{672, 192};
};

struct FormulaPlan {
  std::variant<LatexOcrPicture, UniMerNetPicture> picture;
  int multiple = 16;  // sides of the tensor
  float mean = 0.7931F;
  float std = 0.1738F;
};

// The picture before normalisation: one channel (LaTeX-OCR) or three in RGB order. Equal bit for
// bit to PaddleX 3.7.2 with Pillow 13. A picture without ink is all paper here and an error there.
// Throws Error(kInvalidInput) for an empty picture or one that would grow beyond 2^27 pixels,
// Error(kInvalidType) for float pixels.
Image formula_picture(const ImageView& image, const FormulaPlan& plan);

// Normalised grey of a formula_picture; right and below of it 1.0, up to the multiples. `target`
// has tensor_size(picture) elements, packed.
PixelSize formula_tensor_size(const Image& picture, const FormulaPlan& plan);
void write_formula_tensor(const Image& picture, const FormulaPlan& plan, float* target);

}  // namespace hpinfer::vision

// The pre-processing operators that a plan can be compiled from; names and rules of contract 6.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <variant>

#include "core/image.h"
#include "vision/normalizer.h"

namespace hpinfer::vision {

enum class Interpolation { kNearest, kLinear, kCubic, kArea, kLanczos4, kPilBilinear, kPilBicubic };

std::string_view interpolation_name(Interpolation interpolation) noexcept;
// Throws Error(kConfig) for a name that interpolation_name does not give.
Interpolation interpolation_from_name(std::string_view name);

struct PixelSize {
  int width = 0;
  int height = 0;
};

// Text detection: sides limited, then rounded to a multiple. Pictures with height + width < 64 are
// first zero-padded at the right and bottom to at least 32.
struct DetResize {
  enum class Limit { kMax, kMin, kResizeLong };
  int limit_side_len = 960;
  Limit limit_type = Limit::kMax;
  int max_side_limit = 4000;
  int multiple = 32;
  std::optional<PixelSize> fixed = std::nullopt;  // stretch to this instead
};

// Text recognition: to a fixed height; the width follows the ratio, at least `width`, with zeros
// after the picture. Wider than max_width: stretched to it.
struct RecResize {
  int height = 48;
  int width = 320;
  int max_width = 3200;
};

// Stretch to exactly this.
struct ResizeExact {
  PixelSize size{};
  Interpolation interpolation = Interpolation::kLinear;
};

// Keep the ratio; the shorter or longer side becomes `side`, then both are rounded up to the
// multiple.
struct ResizeSide {
  enum class Which { kShort, kLong };
  Which which = Which::kShort;
  int side = 256;
  int multiple = 1;
  Interpolation interpolation = Interpolation::kLinear;
};

// Keep the ratio within this size (its long side bounds the picture's long side, its short side
// the short one), then round up to the multiple.
struct ResizeKeepRatio {
  PixelSize size{};
  int multiple = 1;
  Interpolation interpolation = Interpolation::kLinear;
};

// The whole picture in the middle of a frame, black around: scaled so that its longer side fills
// the width, or, where it keeps its size, with the frame being the next multiple of 32 above each
// side. Networks are told the picture's own size.
struct CenterFrame {
  bool keep_size = false;
  PixelSize size{};
};

struct CenterCrop {
  PixelSize size{};
};

// The colour order that the network wants; without it the picture's own order is kept.
struct SetColorOrder {
  ColorOrder to = ColorOrder::kRgb;
};

// Right and bottom padding to a size or to multiples of `multiple` (0: use size). Before the
// normalisation `fill` is a pixel value 0..255, after it a float of the tensor.
struct Pad {
  PixelSize size{};
  int multiple = 0;
  std::array<float, 3> fill{0.0F, 0.0F, 0.0F};
};

struct ToChw {};

using Operator = std::variant<DetResize, RecResize, ResizeExact, ResizeSide, ResizeKeepRatio,
                              CenterFrame, CenterCrop, SetColorOrder, Normalize, Pad, ToChw>;

// The type's name, for messages.
std::string_view operator_name(const Operator& op) noexcept;

}  // namespace hpinfer::vision

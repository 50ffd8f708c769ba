// Normalisation of uint8 channels, compiled to 256 results a channel.
#pragma once

#include <array>
#include <string_view>

#include "vision/normalize_row.h"

namespace hpinfer::vision {

// The order of float operations of the reference; results differ in the last bits.
enum class NormalizeFormula {
  kScaleShift,        // float32: x * (scale / std) + (-mean / std), both constants from float64
  kDivideBy255,       // float32: (x / 255 - mean) / std; `scale` is not used
  kDivideBy255Double  // the same in float64, rounded to float32 at the end
};

std::string_view formula_name(NormalizeFormula formula) noexcept;

// Values of channel k of the picture as it is when the operator runs.
struct Normalize {
  double scale = 1.0 / 255.0;
  std::array<double, 3> mean{0.0, 0.0, 0.0};
  std::array<double, 3> std{1.0, 1.0, 1.0};
  NormalizeFormula formula = NormalizeFormula::kScaleShift;
};

struct Normalizer {
  std::array<ChannelNormalizer, 3> channels;
  // The fastest form that gives all 256 results of every channel bit for bit.
  NormalizeForm form = NormalizeForm::kTable;
};

Normalizer build_normalizer(const Normalize& normalize);

}  // namespace hpinfer::vision

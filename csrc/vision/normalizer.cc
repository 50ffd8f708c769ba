#include "vision/normalizer.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <span>

namespace hpinfer::vision {
namespace {

void fill_table(const Normalize& normalize, std::size_t c, std::span<float, 256> table) {
  const double mean = normalize.mean[c];
  const double std = normalize.std[c];
  const auto alpha = static_cast<float>(normalize.scale / std);
  const auto beta = static_cast<float>(-mean / std);
  for (std::size_t i = 0; i < table.size(); ++i) {
    const auto x = static_cast<float>(i);
    switch (normalize.formula) {
      case NormalizeFormula::kScaleShift: {
        const float scaled = x * alpha;
        table[i] = scaled + beta;
        break;
      }
      case NormalizeFormula::kDivideBy255: {
        const float centred = x / 255.0F - static_cast<float>(mean);
        table[i] = centred / static_cast<float>(std);
        break;
      }
      case NormalizeFormula::kDivideBy255Double:
        table[i] = static_cast<float>((static_cast<double>(i) / 255.0 - mean) / std);
        break;
    }
  }
}

float evaluate(NormalizeForm form, const ChannelNormalizer& n, std::size_t value) {
  const auto x = static_cast<float>(value);
  if (form == NormalizeForm::kMultiplyAdd) {
    const float scaled = x * n.a;
    return scaled + n.b;
  }
  const float quotient = std::fma(x, kInverse255High, x * kInverse255Low);
  return (quotient - n.b) * n.c;
}

// Sets the operands of the form; true if every result then equals the table.
bool fits(NormalizeForm form, const Normalize& normalize, std::size_t c, ChannelNormalizer& n) {
  n.a = static_cast<float>(normalize.scale / normalize.std[c]);
  n.b =
      static_cast<float>(form == NormalizeForm::kMultiplyAdd ? -normalize.mean[c] / normalize.std[c]
                                                             : normalize.mean[c]);
  n.c = 1.0F / static_cast<float>(normalize.std[c]);
  for (std::size_t i = 0; i < std::size(n.table); ++i)
    if (std::bit_cast<std::uint32_t>(evaluate(form, n, i)) !=
        std::bit_cast<std::uint32_t>(n.table[i]))
      return false;
  return true;
}

}  // namespace

std::string_view formula_name(NormalizeFormula formula) noexcept {
  switch (formula) {
    case NormalizeFormula::kScaleShift:
      return "scale_shift";
    case NormalizeFormula::kDivideBy255:
      return "divide_by_255";
    case NormalizeFormula::kDivideBy255Double:
      return "divide_by_255_double";
  }
  return "unknown";
}

Normalizer build_normalizer(const Normalize& normalize) {
  Normalizer result;
  for (std::size_t c = 0; c < 3; ++c) fill_table(normalize, c, result.channels[c].table);
  for (const NormalizeForm form : {NormalizeForm::kMultiplyAdd, NormalizeForm::kQuotient}) {
    bool all = true;
    for (std::size_t c = 0; c < 3; ++c) all = fits(form, normalize, c, result.channels[c]) && all;
    if (!all) continue;
    result.form = form;
    return result;
  }
  return result;
}

}  // namespace hpinfer::vision

// What a network gives is checked before anything is read out of it: an engine may be broken, or
// compute in a precision that a network does not bear.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/tensor.h"

namespace hpinfer::models {

// The values of an output. Throws Error(kModelFormat) if they are no float32. `what` begins the
// message: "the text detection network".
std::span<const float> float_values(const Tensor& output, std::string_view what);

// Throws Error(kEngine) if a value is NaN or infinite.
void check_finite(std::span<const float> values, std::string_view what);

// Throws Error(kEngine) if a value is NaN.
void check_no_nan(std::span<const float> values, std::string_view what);

// Throws Error(kEngine): what check_finite throws, for a caller that has seen such a value itself.
[[noreturn]] void fail_not_finite(std::string_view what);

}  // namespace hpinfer::models

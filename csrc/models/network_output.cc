#include "models/network_output.h"

#include "core/finite.h"

namespace hpinfer::models {

std::span<const float> float_values(const Tensor& output, std::string_view what) {
  check(output.dtype() == DType::kFloat32, ErrorCode::kModelFormat, what, " should give float32; ",
        "it gave ", dtype_name(output.dtype()));
  return output.elements<const float>();
}

void check_finite(std::span<const float> values, std::string_view what) {
  if (!all_finite(values)) [[unlikely]]
    fail_not_finite(what);
}

void check_no_nan(std::span<const float> values, std::string_view what) {
  if (any_nan(values)) [[unlikely]]
    fail_not_finite(what);
}

void fail_not_finite(std::string_view what) {
  fail(ErrorCode::kEngine, what, " gave numbers that are none (NaN or infinite), so there is no ",
       "result: the engine computes it wrongly here; take another engine, or precision fp32");
}

}  // namespace hpinfer::models

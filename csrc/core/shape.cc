#include "core/shape.h"

namespace hpinfer {

std::size_t Shape::num_elements() const {
  std::size_t count = 1;
  for (const std::int64_t dim : *this) {
    check(dim >= 0, ErrorCode::kInvalidInput, "shape ", to_string(),
          " has a dynamic or negative dimension; a concrete shape is needed here");
    check(!__builtin_mul_overflow(count, static_cast<std::size_t>(dim), &count),
          ErrorCode::kInvalidInput, "shape ", to_string(), " has too many elements");
  }
  return count;
}

bool Shape::accepts(const Shape& shape) const noexcept {
  return std::equal(begin(), end(), shape.begin(), shape.end(),
                    [](std::int64_t want, std::int64_t have) { return want < 0 || want == have; });
}

std::string Shape::to_string() const {
  std::string text = "[";
  for (std::size_t i = 0; i < rank_; ++i) {
    if (i > 0) text += ", ";
    text += dims_[i] < 0 ? "?" : std::to_string(dims_[i]);
  }
  return text + "]";
}

}  // namespace hpinfer

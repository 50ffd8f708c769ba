// Dimensions of a tensor, stored inline: no allocation on the request path.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

#include "core/error.h"

namespace hpinfer {

inline constexpr std::int64_t kDynamicDim = -1;

class Shape {
 public:
  static constexpr std::size_t kMaxRank = 8;

  Shape() = default;
  Shape(std::initializer_list<std::int64_t> dims) : Shape(std::span(dims.begin(), dims.size())) {}
  explicit Shape(std::span<const std::int64_t> dims) : rank_(dims.size()) {
    check(rank_ <= kMaxRank, ErrorCode::kInvalidInput, "a tensor has at most ", kMaxRank,
          " dimensions; got ", rank_);
    std::copy(dims.begin(), dims.end(), dims_.begin());
  }

  std::size_t rank() const noexcept { return rank_; }
  std::int64_t operator[](std::size_t i) const noexcept { return dims_[i]; }
  std::int64_t& operator[](std::size_t i) noexcept { return dims_[i]; }
  const std::int64_t* data() const noexcept { return dims_.data(); }
  const std::int64_t* begin() const noexcept { return dims_.data(); }
  const std::int64_t* end() const noexcept { return dims_.data() + rank_; }

  bool is_static() const noexcept {
    return std::none_of(begin(), end(), [](std::int64_t dim) { return dim < 0; });
  }
  // Product of the dimensions; 1 for a scalar. Only for static shapes.
  std::size_t num_elements() const;
  // Whether a static shape fits this one, whose dynamic dimensions take any size.
  bool accepts(const Shape& shape) const noexcept;
  // "[1, 3, ?, 48]"
  std::string to_string() const;

  friend bool operator==(const Shape& a, const Shape& b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  std::array<std::int64_t, kMaxRank> dims_{};
  std::size_t rank_ = 0;
};

}  // namespace hpinfer

#include "core/finite.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace hpinfer {
namespace {

constexpr std::size_t kBlock = 4096;  // read to its end before the answer is looked at

// Loops without branches, which compilers turn into vector code.
template <typename Test>
bool any(std::span<const float> values, const Test& test) noexcept {
  for (std::size_t begin = 0; begin < values.size(); begin += kBlock) {
    const std::size_t end = std::min(begin + kBlock, values.size());
    std::uint32_t found = 0;
    for (std::size_t i = begin; i < end; ++i)
      found |= static_cast<std::uint32_t>(test(std::bit_cast<std::uint32_t>(values[i])));
    if (found != 0) return true;
  }
  return false;
}

constexpr std::uint32_t kExponent = 0x7F800000U;  // all set: NaN or infinity
constexpr std::uint32_t kMagnitude = 0x7FFFFFFFU;

}  // namespace

bool all_finite(std::span<const float> values) noexcept {
  return !any(values, [](std::uint32_t bits) { return (bits & kExponent) == kExponent; });
}

bool any_nan(std::span<const float> values) noexcept {
  return any(values, [](std::uint32_t bits) { return (bits & kMagnitude) > kExponent; });
}

}  // namespace hpinfer

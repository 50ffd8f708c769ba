// Values out of the bytes that a fuzzer gives. Every byte string is a valid input; what it lacks at
// its end is zero.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <initializer_list>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "core/error.h"

namespace hpinfer::fuzz {

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(data, size) {}

  std::size_t left() const noexcept { return rest_.size(); }

  template <typename T>
  T raw() {
    T value{};
    const std::size_t size = std::min(sizeof(T), rest_.size());
    if (size > 0) std::memcpy(&value, rest_.data(), size);
    rest_ = rest_.subspan(size);
    return value;
  }

  std::uint8_t byte() { return raw<std::uint8_t>(); }
  bool flag() { return (byte() & 1U) != 0; }

  // Both ends included.
  int range(int low, int high) {
    const auto count = static_cast<std::uint64_t>(static_cast<std::int64_t>(high) -
                                                  static_cast<std::int64_t>(low)) +
                       1;
    const std::uint64_t value = count <= 256 ? byte() : raw<std::uint32_t>();
    return static_cast<int>(low + static_cast<std::int64_t>(value % count));
  }

  template <typename T>
  T pick(std::initializer_list<T> choices) {
    return choices.begin()[byte() % choices.size()];
  }

  // Any float, and often one of those at which arithmetic goes wrong.
  float number() {
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    switch (byte() & 15U) {
      case 0:
        return std::numeric_limits<float>::quiet_NaN();
      case 1:
        return kInfinity;
      case 2:
        return -kInfinity;
      case 3:
        return std::numeric_limits<float>::max();
      case 4:
        return -std::numeric_limits<float>::max();
      case 5:
        return raw<float>();
      case 6:
        return static_cast<float>(raw<std::int32_t>());
      case 7:
        return -0.0F;
      default:
        return static_cast<float>(raw<std::int16_t>()) / 16.0F;
    }
  }

  std::string text(int most) {
    const auto wanted = static_cast<std::size_t>(range(0, most));  // first: it takes from rest_
    const std::size_t size = std::min(wanted, rest_.size());
    const std::string value(reinterpret_cast<const char*>(rest_.data()), size);
    rest_ = rest_.subspan(size);
    return value;
  }

  std::span<const std::uint8_t> rest() const noexcept { return rest_; }

 private:
  std::span<const std::uint8_t> rest_;
};

// Ends the process with the reason: a promise is broken.
[[noreturn]] inline void broken(const char* promise, const char* detail = "") {
  std::fprintf(stderr, "broken promise: %s %s\n", promise, detail);
  std::abort();
}

inline void require(bool holds, const char* promise) {
  if (!holds) broken(promise);
}

// A result or an Error with a message; everything else is a finding.
template <typename Call>
void result_or_error(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    require(error.code() != ErrorCode::kInternal, error.what());
    require(error.what()[0] != '\0', "an error has a message");
  } catch (const std::exception& error) {
    broken("only hpinfer::Error is thrown:", error.what());
  }
}

// `count` floats in memory of exactly that size, so that a sanitizer sees what is read beyond it.
// The input says of which kind they are: all equal, alternating, or value by value.
inline std::vector<float> numbers(Input& input, std::size_t count) {
  std::vector<float> values(count);
  const int kind = input.range(0, 3);
  const float first = input.number();
  const float second = input.number();
  for (std::size_t i = 0; i < count; ++i) {
    if (kind == 0)
      values[i] = first;
    else if (kind == 1)
      values[i] = i % 2 == 0 ? first : second;
    else
      values[i] = input.left() > 0 ? input.number() : second;
  }
  return values;
}

}  // namespace hpinfer::fuzz

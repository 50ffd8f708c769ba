// Random pictures for the vision tests.
#pragma once

#include <cstdint>
#include <random>

#include "core/image.h"

namespace hpinfer::testing {

inline int random_between(std::mt19937& random, int low, int high) {
  return std::uniform_int_distribution<int>(low, high)(random);
}

inline Image random_picture(std::mt19937& random, int height, int width) {
  Image image(height, width, 3, ColorOrder::kBgr);
  for (std::uint8_t& value : image.pixels) value = static_cast<std::uint8_t>(random());
  return image;
}

}  // namespace hpinfer::testing

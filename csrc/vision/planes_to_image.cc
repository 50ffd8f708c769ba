#include "vision/planes_to_image.h"

#include <span>

#include "vision/resize.h"

namespace hpinfer::vision {
namespace {

std::uint8_t to_pixel(float value) {
  const float scaled = value * 255.0F;
  const float floored = scaled > 0.0F ? scaled : 0.0F;  // NaN too
  return static_cast<std::uint8_t>(static_cast<int>(floored < 255.0F ? floored : 255.0F));
}

void convert_row(const float* const (&planes)[3], int width, std::uint8_t* out) {
  for (int x = 0; x < width; ++x)
    for (int c = 0; c < 3; ++c) out[3 * x + c] = to_pixel(planes[c][x]);
}

}  // namespace

Image planes_to_image(const float* planes, int height, int width, ColorOrder order,
                      ThreadPool* pool) {
  Image image(height, width, 3, order);
  const std::ptrdiff_t plane = static_cast<std::ptrdiff_t>(height) * width;
  for_each_band(height, width, 0, pool, [&](int begin, int end, std::span<std::int16_t>) {
    for (int y = begin; y < end; ++y) {
      const float* row = planes + static_cast<std::ptrdiff_t>(y) * width;
      convert_row({row, row + plane, row + 2 * plane}, width, image.row(y));
    }
  });
  return image;
}

}  // namespace hpinfer::vision

#include "vision/rotate.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace hpinfer::vision {
namespace {

void check_picture(const ImageView& image) {
  check(image.dtype == DType::kUInt8, ErrorCode::kInvalidType,
        "a rotation takes uint8 pixels; got ", dtype_name(image.dtype));
  check(image.channels == 1 || image.channels == 3, ErrorCode::kInvalidInput,
        "a rotation takes one or three channels; got ", image.channels);
}

// A walk over the source: target pixel (x, y) is the source pixel at origin + x*step_x + y*step_y.
struct Walk {
  const std::uint8_t* origin;
  std::ptrdiff_t step_x;
  std::ptrdiff_t step_y;
};

Walk walk_for(const ImageView& image, int quarters) {
  const auto* first = static_cast<const std::uint8_t*>(image.data);
  const std::ptrdiff_t across = image.channels;
  const std::ptrdiff_t down = image.row_stride;
  const std::ptrdiff_t right = (image.width - 1) * across;
  const std::ptrdiff_t bottom = (image.height - 1) * down;
  switch (quarters) {
    case 1:
      return {first + right, down, -across};
    case 2:
      return {first + right + bottom, -across, -down};
    case 3:
      return {first + bottom, -down, across};
    default:
      return {first, across, down};
  }
}

// Three-byte pixels go as four-byte words where the byte too much is harmless: the next store
// overwrites it, and the last pixel of a run is moved exactly. `back` tells that the walk goes to
// lower addresses, where the byte too much is read before the pixel.
template <int kBytes>
void move_run(const std::uint8_t* from, std::ptrdiff_t step, [[maybe_unused]] bool back, int count,
              std::uint8_t* to) {
  if constexpr (kBytes == 3 && std::endian::native == std::endian::little) {
    for (; count > 1; --count, from += step, to += kBytes) {
      std::uint32_t word;
      std::memcpy(&word, back ? from - 1 : from, sizeof word);
      if (back) word >>= 8;
      std::memcpy(to, &word, sizeof word);
    }
  }
  for (; count > 0; --count, from += step, to += kBytes) std::memcpy(to, from, kBytes);
}

template <int kBytes>
void move_tile(const Walk& walk, int x0, int y0, int x1, int y1, std::uint8_t* out,
               std::ptrdiff_t stride) {
  const bool back = walk.step_x < 0;
  for (int y = y0; y < y1; ++y) {
    const std::uint8_t* from = walk.origin + y * walk.step_y + x0 * walk.step_x;
    std::uint8_t* to = out + y * stride + static_cast<std::ptrdiff_t>(x0) * kBytes;
    move_run<kBytes>(from, walk.step_x, back, x1 - x0, to);
  }
}

// Moves the pixels in tiles that stay in the cache; `out` is the target of pixel (0, 0).
void move(const Walk& walk, int height, int width, int channels, std::uint8_t* out,
          std::ptrdiff_t stride) {
  constexpr int kTile = 64;
  for (int y = 0; y < height; y += kTile)
    for (int x = 0; x < width; x += kTile) {
      const int y1 = std::min(y + kTile, height);
      const int x1 = std::min(x + kTile, width);
      if (channels == 3)
        move_tile<3>(walk, x, y, x1, y1, out, stride);
      else
        move_tile<1>(walk, x, y, x1, y1, out, stride);
    }
}

}  // namespace

Image rot90(const ImageView& image, int quarters) {
  check_picture(image);
  const int turns = (quarters % 4 + 4) % 4;
  const bool swaps = turns % 2 == 1;
  Image result(swaps ? image.width : image.height, swaps ? image.height : image.width,
               image.channels, image.order);
  if (image.empty()) return result;
  move(walk_for(image, turns), result.height, result.width, image.channels, result.pixels.data(),
       result.row_stride());
  return result;
}

Image rotate_image(const ImageView& image, int angle) {
  check(angle == 0 || angle == 90 || angle == 180 || angle == 270, ErrorCode::kInvalidInput,
        "the angle must be 0, 90, 180 or 270 degrees; got ", angle);
  if (angle == 0) return rot90(image, 0);
  check_picture(image);
  const bool swaps = angle != 180;
  Image result(swaps ? image.width : image.height, swaps ? image.height : image.width,
               image.channels, image.order);  // all black
  if (image.empty()) return result;
  const int skip_x = angle == 90 ? 0 : 1;
  const int skip_y = angle == 270 ? 0 : 1;
  std::uint8_t* out = result.pixels.data() + skip_y * result.row_stride() +
                      static_cast<std::ptrdiff_t>(skip_x) * image.channels;
  move(walk_for(image, angle / 90), result.height - skip_y, result.width - skip_x, image.channels,
       out, result.row_stride());
  return result;
}

}  // namespace hpinfer::vision

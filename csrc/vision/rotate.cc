#include "vision/rotate.h"

#include <algorithm>

#include "vision/rotate_tile.h"

namespace hpinfer::vision {
namespace {

void check_picture(const ImageView& image) {
  check(image.dtype == DType::kUInt8, ErrorCode::kInvalidType,
        "a rotation takes uint8 pixels; got ", dtype_name(image.dtype));
  check(image.channels == 1 || image.channels == 3, ErrorCode::kInvalidInput,
        "a rotation takes one or three channels; got ", image.channels);
}

// The whole picture turned, of `width` x `height` pixels.
Walk walk_for(const ImageView& image, int quarters, int width, int height) {
  const auto* first = static_cast<const std::uint8_t*>(image.data);
  const std::ptrdiff_t across = image.channels;
  const std::ptrdiff_t down = image.row_stride;
  const std::ptrdiff_t right = (image.width - 1) * across;
  const std::ptrdiff_t bottom = (image.height - 1) * down;
  switch (quarters) {
    case 1:
      return {first + right, down, -across, width, height};
    case 2:
      return {first + right + bottom, -across, -down, width, height};
    case 3:
      return {first + bottom, -down, across, width, height};
    default:
      return {first, across, down, width, height};
  }
}

// Moves the pixels, where rows become columns in tiles that stay in the cache; `out` is the target
// of pixel (0, 0).
void move(const Walk& walk, int channels, std::uint8_t* out, std::ptrdiff_t stride, Isa isa) {
  constexpr int kTile = 64;
  const bool keeps_rows = walk.step_x == channels || walk.step_x == -channels;
  const int across = keeps_rows ? walk.width : kTile;
  const MoveTile move_tile = channels == 3 ? move_tile_for(isa) : &move_gray_tile_scalar;
  for (int y = 0; y < walk.height; y += kTile)
    for (int x = 0; x < walk.width; x += across)
      move_tile(walk, {x, y, std::min(x + across, walk.width), std::min(y + kTile, walk.height)},
                out, stride);
}

}  // namespace

Image rot90(const ImageView& image, int quarters, Isa isa) {
  check_picture(image);
  const int turns = (quarters % 4 + 4) % 4;
  const bool swaps = turns % 2 == 1;
  Image result(swaps ? image.width : image.height, swaps ? image.height : image.width,
               image.channels, image.order);
  if (image.empty()) return result;
  move(walk_for(image, turns, result.width, result.height), image.channels, result.pixels.data(),
       result.row_stride(), isa);
  return result;
}

Image rotate_image(const ImageView& image, int angle, Isa isa) {
  check(angle == 0 || angle == 90 || angle == 180 || angle == 270, ErrorCode::kInvalidInput,
        "the angle must be 0, 90, 180 or 270 degrees; got ", angle);
  if (angle == 0) return rot90(image, 0, isa);
  check_picture(image);
  const bool swaps = angle != 180;
  Image result(swaps ? image.width : image.height, swaps ? image.height : image.width,
               image.channels, image.order);  // all black
  if (image.empty()) return result;
  const int skip_x = angle == 90 ? 0 : 1;
  const int skip_y = angle == 270 ? 0 : 1;
  std::uint8_t* out = result.pixels.data() + skip_y * result.row_stride() +
                      static_cast<std::ptrdiff_t>(skip_x) * image.channels;
  move(walk_for(image, angle / 90, result.width - skip_x, result.height - skip_y), image.channels,
       out, result.row_stride(), isa);
  return result;
}

}  // namespace hpinfer::vision

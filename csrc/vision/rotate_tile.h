// Moves a tile of a picture that is turned by right angles.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/cpu.h"

namespace hpinfer::vision {

// A walk over the source: target pixel (x, y) is the source pixel at origin + x*step_x + y*step_y,
// for 0 <= x < width, 0 <= y < height.
struct Walk {
  const std::uint8_t* origin;
  std::ptrdiff_t step_x;
  std::ptrdiff_t step_y;
  int width;
  int height;
};

// Target pixels [x0, x1) x [y0, y1) of the walk.
struct Tile {
  int x0;
  int y0;
  int x1;
  int y1;
};

// `out` is the target of pixel (0, 0), `stride` bytes lead from one row to the next. Tiles of a row
// are moved from left to right: a byte or two to the right of the tile, in the same row, may be
// written.
using MoveTile = void (*)(const Walk& walk, const Tile& tile, std::uint8_t* out,
                          std::ptrdiff_t stride);

// The kernel for pixels of three bytes.
MoveTile move_tile_for(Isa isa) noexcept;

void move_tile_scalar(const Walk& walk, const Tile& tile, std::uint8_t* out, std::ptrdiff_t stride);
void move_tile_avx2(const Walk& walk, const Tile& tile, std::uint8_t* out, std::ptrdiff_t stride);

// The same for pixels of one byte.
void move_gray_tile_scalar(const Walk& walk, const Tile& tile, std::uint8_t* out,
                           std::ptrdiff_t stride);

}  // namespace hpinfer::vision

// One row of a perspective warp: bicubic, replicated border, three uint8 channels. Positions are
// rounded to 1/32 pixel as OpenCV 4 does.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hpinfer::vision {

// A packed-row picture to sample from.
struct WarpSource {
  const std::uint8_t* data;
  std::ptrdiff_t row_stride;
  int height;
  int width;
  const std::int16_t* weights;  // bicubic_table(), 16 for each position
};

// Where a destination row samples: source = (m0 x + m1 y + m2, m3 x + ...) / (m6 x + m7 y + m8).
// The reference evaluates x in blocks, which shows in the last bit of the position.
struct WarpRowMap {
  double m[9];
  int y;
  int width;
  int block;
};

using WarpRow = void (*)(const WarpSource& source, const WarpRowMap& map, std::uint8_t* out);

void warp_row_scalar(const WarpSource& source, const WarpRowMap& map, std::uint8_t* out);
void warp_row_avx2(const WarpSource& source, const WarpRowMap& map, std::uint8_t* out);
void warp_row_avx512(const WarpSource& source, const WarpRowMap& map, std::uint8_t* out);

// One pixel at position (x, y) in 1/32 pixel, near or outside the border too.
void warp_pixel(const WarpSource& source, int x, int y, std::uint8_t* out);

// Positions in 1/32 pixel of `count` columns from `start` (the start of a block) + `first`.
void warp_positions(const WarpRowMap& map, int start, int first, int count, std::int32_t* x,
                    std::int32_t* y);

// Columns that the reference evaluates from one start: blocks of 1024 pixels, at most 16 rows high.
int warp_block_width(int height, int width);

// Columns whose positions are computed at a time.
inline constexpr int kWarpChunk = 128;

}  // namespace hpinfer::vision

#include "vision/rotate_tile.h"

#include <bit>
#include <cstring>

namespace hpinfer::vision {
namespace {

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
void move_tile(const Walk& walk, const Tile& tile, std::uint8_t* out, std::ptrdiff_t stride) {
  const bool back = walk.step_x < 0;
  for (int y = tile.y0; y < tile.y1; ++y) {
    const std::uint8_t* from = walk.origin + y * walk.step_y + tile.x0 * walk.step_x;
    std::uint8_t* to = out + y * stride + static_cast<std::ptrdiff_t>(tile.x0) * kBytes;
    move_run<kBytes>(from, walk.step_x, back, tile.x1 - tile.x0, to);
  }
}

}  // namespace

void move_tile_scalar(const Walk& walk, const Tile& tile, std::uint8_t* out,
                      std::ptrdiff_t stride) {
  move_tile<3>(walk, tile, out, stride);
}

void move_gray_tile_scalar(const Walk& walk, const Tile& tile, std::uint8_t* out,
                           std::ptrdiff_t stride) {
  move_tile<1>(walk, tile, out, stride);
}

MoveTile move_tile_for([[maybe_unused]] Isa isa) noexcept {
#if defined(__x86_64__)
  if (isa != Isa::kScalar) return &move_tile_avx2;
#endif
  return &move_tile_scalar;
}

}  // namespace hpinfer::vision

#include <immintrin.h>

#include "vision/rotate_tile.h"

namespace hpinfer::vision {
namespace {

constexpr int kRows = 8;     // of the source, for each step across the target
constexpr int kColumns = 4;  // of the source: four pixels of a 16-byte load, whose last 4 are spare
constexpr int kSpare = 2;    // pixels that the spare bytes reach into

// Four packed pixels as four words, in order or backwards.
inline __m128i spread(bool backwards) {
  return backwards ? _mm_setr_epi8(9, 10, 11, -1, 6, 7, 8, -1, 3, 4, 5, -1, 0, 1, 2, -1)
                   : _mm_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1);
}

inline __m128i load_pixels(const std::uint8_t* from) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}

inline void store_pixels(std::uint8_t* to, __m128i pixels) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), pixels);
}

// Turns eight source rows of four pixels into four target rows of eight. `from` is the least
// address of the first row; each store writes four bytes more than its pixels.
inline void transpose(const std::uint8_t* from, std::ptrdiff_t step, __m256i order,
                      std::uint8_t* to, std::ptrdiff_t stride) {
  __m256i row[4];
  for (int k = 0; k < 4; ++k) {
    const __m256i pixels =
        _mm256_inserti128_si256(_mm256_castsi128_si256(load_pixels(from + k * step)),
                                load_pixels(from + (k + 4) * step), 1);
    row[k] = _mm256_shuffle_epi8(pixels, order);
  }
  const __m256i a = _mm256_unpacklo_epi32(row[0], row[1]);
  const __m256i b = _mm256_unpackhi_epi32(row[0], row[1]);
  const __m256i c = _mm256_unpacklo_epi32(row[2], row[3]);
  const __m256i d = _mm256_unpackhi_epi32(row[2], row[3]);
  const __m256i column[4] = {_mm256_unpacklo_epi64(a, c), _mm256_unpackhi_epi64(a, c),
                             _mm256_unpacklo_epi64(b, d), _mm256_unpackhi_epi64(b, d)};
  const __m256i pack = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
  for (int k = 0; k < 4; ++k, to += stride) {
    const __m256i packed = _mm256_shuffle_epi8(column[k], pack);
    store_pixels(to, _mm256_castsi256_si128(packed));
    store_pixels(to + 12, _mm256_extracti128_si256(packed, 1));
  }
}

inline std::uint8_t* target(std::uint8_t* out, std::ptrdiff_t stride, int x, int y) {
  return out + y * stride + 3 * static_cast<std::ptrdiff_t>(x);
}

// By a quarter turn: source rows become target columns.
void move_quarter(const Walk& walk, const Tile& tile, std::uint8_t* out, std::ptrdiff_t stride) {
  const bool backwards = walk.step_y < 0;
  // Spare bytes are read on the side of higher addresses and written to the right.
  const int least_y = backwards && tile.y0 < kSpare ? kSpare : tile.y0;
  const int most_y = !backwards && tile.y1 > walk.height - kSpare ? walk.height - kSpare : tile.y1;
  const int most_x = tile.x1 > walk.width - kSpare ? walk.width - kSpare : tile.x1;
  const __m256i order = _mm256_broadcastsi128_si256(spread(backwards));
  const int columns = most_y - least_y >= kColumns ? (most_y - least_y) / kColumns * kColumns : 0;
  const int rows = most_x - tile.x0 >= kRows ? (most_x - tile.x0) / kRows * kRows : 0;
  if (columns == 0 || rows == 0) return move_tile_scalar(walk, tile, out, stride);
  const std::ptrdiff_t to_least = backwards ? (kColumns - 1) * walk.step_y : 0;
  for (int x = tile.x0; x < tile.x0 + rows; x += kRows)
    for (int y = least_y; y < least_y + columns; y += kColumns)
      transpose(walk.origin + x * walk.step_x + y * walk.step_y + to_least, walk.step_x, order,
                target(out, stride, x, y), stride);
  const Tile above{tile.x0, tile.y0, tile.x0 + rows, least_y};
  const Tile below{tile.x0, least_y + columns, tile.x0 + rows, tile.y1};
  const Tile right{tile.x0 + rows, tile.y0, tile.x1, tile.y1};
  for (const Tile& rest : {above, below, right}) move_tile_scalar(walk, rest, out, stride);
}

// By a half turn: rows stay rows, backwards.
void move_half(const Walk& walk, const Tile& tile, std::uint8_t* out, std::ptrdiff_t stride) {
  const int least_x = tile.x0 < kSpare ? kSpare : tile.x0;
  const int most_x = tile.x1 > walk.width - kSpare ? walk.width - kSpare : tile.x1;
  const int columns = most_x - least_x >= kColumns ? (most_x - least_x) / kColumns * kColumns : 0;
  if (columns == 0) return move_tile_scalar(walk, tile, out, stride);
  const __m128i order = _mm_setr_epi8(9, 10, 11, 6, 7, 8, 3, 4, 5, 0, 1, 2, -1, -1, -1, -1);
  for (int y = tile.y0; y < tile.y1; ++y) {
    const std::uint8_t* row = walk.origin + y * walk.step_y + (kColumns - 1) * walk.step_x;
    const Tile left{tile.x0, y, least_x, y + 1};
    move_tile_scalar(walk, left, out, stride);
    for (int x = least_x; x < least_x + columns; x += kColumns)
      store_pixels(target(out, stride, x, y),
                   _mm_shuffle_epi8(load_pixels(row + x * walk.step_x), order));
    const Tile right{least_x + columns, y, tile.x1, y + 1};
    move_tile_scalar(walk, right, out, stride);
  }
}

}  // namespace

void move_tile_avx2(const Walk& walk, const Tile& tile, std::uint8_t* out, std::ptrdiff_t stride) {
  if (walk.step_x == -3) return move_half(walk, tile, out, stride);
  if (walk.step_y == 3 || walk.step_y == -3) return move_quarter(walk, tile, out, stride);
  move_tile_scalar(walk, tile, out, stride);
}

}  // namespace hpinfer::vision

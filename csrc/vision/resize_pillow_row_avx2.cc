#include <immintrin.h>

#include "vision/resize_pillow_row.h"
#include "vision/row_layout.h"

namespace hpinfer::vision {
namespace {

constexpr int kHalf = 1 << (kPillowBits - 1);
constexpr int kLanes = 8;
constexpr int kBlock = 4 * kLanes;

// Two pixels as eight words, the fourth of each zero. Reads eight bytes.
inline __m256i two_pixels(const std::uint8_t* from) {
  const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from));
  const __m128i spread = _mm_shuffle_epi8(
      bytes, _mm_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, -1, -1, -1, -1, -1, -1, -1, -1));
  return _mm256_cvtepu8_epi32(spread);
}

// Two weights, one for each pixel.
inline __m256i two_weights(const std::int32_t* from) {
  const __m128i both = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from));
  return _mm256_permutevar8x32_epi32(_mm256_castsi128_si256(both),
                                     _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1));
}

// One result in the low three bytes. Reads whole pairs of pixels and two bytes more.
inline int resize_pixel(const std::uint8_t* pixel, const std::int32_t* weights, int count) {
  __m256i sums = _mm256_setzero_si256();
  for (int k = 0; k < count; k += 2, pixel += 2 * kChannels)
    sums = _mm256_add_epi32(sums, _mm256_mullo_epi32(two_pixels(pixel), two_weights(weights + k)));
  const __m128i both =
      _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
  const __m128i value = _mm_srai_epi32(_mm_add_epi32(both, _mm_set1_epi32(kHalf)), kPillowBits);
  const __m128i words = _mm_packs_epi32(value, value);
  return _mm_cvtsi128_si32(_mm_packus_epi16(words, words));
}

// 32 values.
inline void blend_block(const std::uint8_t* const* rows, const std::int32_t* weights, int taps,
                        int at, std::uint8_t* out) {
  __m256i sum[4];
  for (__m256i& lane : sum) lane = _mm256_set1_epi32(kHalf);
  for (int k = 0; k < taps; ++k) {
    const __m256i weight = _mm256_set1_epi32(weights[k]);
    for (int i = 0; i < 4; ++i) {
      const __m128i bytes =
          _mm_loadl_epi64(reinterpret_cast<const __m128i*>(rows[k] + at + i * kLanes));
      sum[i] = _mm256_add_epi32(sum[i], _mm256_mullo_epi32(_mm256_cvtepu8_epi32(bytes), weight));
    }
  }
  for (__m256i& lane : sum) lane = _mm256_srai_epi32(lane, kPillowBits);
  const __m256i packed =
      _mm256_packus_epi16(_mm256_packs_epi32(sum[0], sum[1]), _mm256_packs_epi32(sum[2], sum[3]));
  _mm256_storeu_si256(
      reinterpret_cast<__m256i*>(out + at),
      _mm256_permutevar8x32_epi32(packed, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7)));
}

}  // namespace

void pillow_resize_row_avx2(const std::uint8_t* row, int row_bytes, const PillowWeights& taps,
                            int count, std::uint8_t* out) {
  const PillowWeights local = taps;  // a copy, so that stores cannot change it
  int x = 0;
  for (; x + 1 < count; ++x, out += kChannels) {  // the store passes the pixel by a byte
    const PillowSpan span = local.spans[x];
    const int pairs_end = kChannels * (span.first + (span.count + 1) / 2 * 2);
    if (pairs_end + 2 > row_bytes) break;
    const int pixel =
        resize_pixel(row + static_cast<std::ptrdiff_t>(span.first) * kChannels,
                     local.weights + static_cast<std::ptrdiff_t>(x) * local.most, span.count);
    _mm_storeu_si32(out, _mm_cvtsi32_si128(pixel));
  }
  const PillowWeights rest{local.spans + x,
                           local.weights + static_cast<std::ptrdiff_t>(x) * local.most, local.most};
  pillow_resize_row_scalar(row, row_bytes, rest, count - x, out);
}

void pillow_blend_rows_avx2(const std::uint8_t* const* rows, const std::int32_t* weights, int taps,
                            int bytes, std::uint8_t* out) {
  if (bytes < kBlock) return pillow_blend_rows_scalar(rows, weights, taps, bytes, out);
  for (int at = 0; at + kBlock <= bytes; at += kBlock) blend_block(rows, weights, taps, at, out);
  blend_block(rows, weights, taps, bytes - kBlock, out);  // overlaps what was done: the same values
}

}  // namespace hpinfer::vision

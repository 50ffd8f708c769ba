#include <immintrin.h>

#include "vision/warp_row.h"

namespace hpinfer::vision {
namespace {

// Rows of source memory that are asked for before they are needed: the next rows of the result use
// them, and no prefetcher sees that coming in a slanted walk.
constexpr int kRowsAhead = 10;

// The address need not be in the picture, hence the integers.
inline void ask_for_rows_ahead(const std::uint8_t* corner, std::ptrdiff_t stride) {
  const auto ahead = static_cast<std::uintptr_t>(kRowsAhead * stride);
  _mm_prefetch(reinterpret_cast<const char*>(reinterpret_cast<std::uintptr_t>(corner) + ahead),
               _MM_HINT_T0);
}

struct Positions {
  __m256d m0, m3, m6, x0, y0, w0;
};

inline Positions positions_at(const WarpRowMap& map, int start) {
  const double* m = map.m;
  return {_mm256_set1_pd(m[0]),
          _mm256_set1_pd(m[3]),
          _mm256_set1_pd(m[6]),
          _mm256_set1_pd(m[0] * start + m[1] * map.y + m[2]),
          _mm256_set1_pd(m[3] * start + m[4] * map.y + m[5]),
          _mm256_set1_pd(m[6] * start + m[7] * map.y + m[8])};
}

inline __m128i to_int(__m256d value) {
  const __m256d low = _mm256_set1_pd(-2147483648.0);
  const __m256d high = _mm256_set1_pd(2147483647.0);
  return _mm256_cvtpd_epi32(_mm256_max_pd(low, _mm256_min_pd(high, value)));
}

// Multiplications and additions stay apart: a fused one could round a position differently.
inline void four_positions(const Positions& p, int first, std::int32_t* x, std::int32_t* y) {
  const __m256d at =
      _mm256_cvtepi32_pd(_mm_add_epi32(_mm_set1_epi32(first), _mm_setr_epi32(0, 1, 2, 3)));
  const __m256d divisor = _mm256_add_pd(p.w0, _mm256_mul_pd(p.m6, at));
  const __m256d is_zero = _mm256_cmp_pd(divisor, _mm256_setzero_pd(), _CMP_EQ_OQ);
  const __m256d factor = _mm256_andnot_pd(is_zero, _mm256_div_pd(_mm256_set1_pd(32.0), divisor));
  const __m256d fx = _mm256_mul_pd(_mm256_add_pd(p.x0, _mm256_mul_pd(p.m0, at)), factor);
  const __m256d fy = _mm256_mul_pd(_mm256_add_pd(p.y0, _mm256_mul_pd(p.m3, at)), factor);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(x), to_int(fx));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(y), to_int(fy));
}

// Rows `row` (low lane) and `row` + stride (high lane), 16 bytes each.
inline __m256i load_rows(const std::uint8_t* row, std::ptrdiff_t stride) {
  const __m128i low = _mm_loadu_si128(reinterpret_cast<const __m128i*>(row));
  const __m128i high = _mm_loadu_si128(reinterpret_cast<const __m128i*>(row + stride));
  return _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
}

// A pixel whose 4x4 neighbourhood starts at `corner`; reads 16 bytes of each row. Returns the
// three channels in the low bytes.
inline std::uint32_t sample(const std::uint8_t* corner, std::ptrdiff_t stride,
                            const std::int16_t* weights) {
  const __m256i pixels01 = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1));
  const __m256i pixels23 = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1));
  const __m256i w = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(weights));
  const auto spread = [&](int low, int high) {
    return _mm256_permutevar8x32_epi32(
        w, _mm256_setr_epi32(low, low, low, low, high, high, high, high));
  };
  const __m256i upper = load_rows(corner, stride);
  const __m256i lower = load_rows(corner + 2 * stride, stride);
  const __m256i a = _mm256_madd_epi16(_mm256_shuffle_epi8(upper, pixels01), spread(0, 2));
  const __m256i b = _mm256_madd_epi16(_mm256_shuffle_epi8(upper, pixels23), spread(1, 3));
  const __m256i c = _mm256_madd_epi16(_mm256_shuffle_epi8(lower, pixels01), spread(4, 6));
  const __m256i d = _mm256_madd_epi16(_mm256_shuffle_epi8(lower, pixels23), spread(5, 7));
  const __m256i both = _mm256_add_epi32(_mm256_add_epi32(a, b), _mm256_add_epi32(c, d));
  const __m128i sum =
      _mm_add_epi32(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1));
  const __m128i value = _mm_srai_epi32(_mm_add_epi32(sum, _mm_set1_epi32(1 << 14)), 15);
  const __m128i words = _mm_packs_epi32(value, value);
  return static_cast<std::uint32_t>(_mm_cvtsi128_si32(_mm_packus_epi16(words, words)));
}

inline void store_pixel(std::uint8_t* out, std::uint32_t pixel) {
  out[0] = static_cast<std::uint8_t>(pixel);
  out[1] = static_cast<std::uint8_t>(pixel >> 8);
  out[2] = static_cast<std::uint8_t>(pixel >> 16);
}

void sample_chunk(const WarpSource& source, const std::int32_t* x, const std::int32_t* y, int count,
                  std::uint8_t* out) {
  // A 16-byte load covers the four pixels and four bytes more.
  const auto last_left = static_cast<std::uint32_t>(source.width - 6);
  const auto last_top = static_cast<std::uint32_t>(source.height - 4);
  const bool roomy = source.width >= 6 && source.height >= 4;
  for (int i = 0; i < count; ++i, out += 3) {
    const int left = (x[i] >> 5) - 1;
    const int top = (y[i] >> 5) - 1;
    if (!roomy || static_cast<std::uint32_t>(left) > last_left ||
        static_cast<std::uint32_t>(top) > last_top) {
      warp_pixel(source, x[i], y[i], out);
      continue;
    }
    const std::uint8_t* corner =
        source.data + top * source.row_stride + 3 * static_cast<std::ptrdiff_t>(left);
    if (i % 4 == 0) ask_for_rows_ahead(corner, source.row_stride);
    store_pixel(out, sample(corner, source.row_stride,
                            source.weights + ((y[i] & 31) * 32 + (x[i] & 31)) * 16));
  }
}

}  // namespace

void warp_row_avx2(const WarpSource& source, const WarpRowMap& map, std::uint8_t* out) {
  alignas(16) std::int32_t x[kWarpChunk];
  alignas(16) std::int32_t y[kWarpChunk];
  for (int start = 0; start < map.width; start += map.block) {
    const int end = start + map.block < map.width ? start + map.block : map.width;
    const Positions positions = positions_at(map, start);
    for (int from = start; from < end; from += kWarpChunk) {
      const int count = end - from < kWarpChunk ? end - from : kWarpChunk;
      for (int i = 0; i < count; i += 4) four_positions(positions, from - start + i, x + i, y + i);
      sample_chunk(source, x, y, count, out + 3 * static_cast<std::ptrdiff_t>(from));
    }
  }
}

}  // namespace hpinfer::vision

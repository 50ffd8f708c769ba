#include <immintrin.h>

#include "vision/warp_row.h"

namespace hpinfer::vision {
namespace {

constexpr int kPixels = 4;  // that are sampled together

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
  __m512d m0, m3, m6, x0, y0, w0;
};

inline Positions positions_at(const WarpRowMap& map, int start) {
  const double* m = map.m;
  return {_mm512_set1_pd(m[0]),
          _mm512_set1_pd(m[3]),
          _mm512_set1_pd(m[6]),
          _mm512_set1_pd(m[0] * start + m[1] * map.y + m[2]),
          _mm512_set1_pd(m[3] * start + m[4] * map.y + m[5]),
          _mm512_set1_pd(m[6] * start + m[7] * map.y + m[8])};
}

inline __m256i to_int(__m512d value) {
  const __m512d low = _mm512_set1_pd(-2147483648.0);
  const __m512d high = _mm512_set1_pd(2147483647.0);
  return _mm512_cvtpd_epi32(_mm512_max_pd(low, _mm512_min_pd(high, value)));
}

// Multiplications and additions stay apart: a fused one could round a position differently.
inline void eight_positions(const Positions& p, int first, std::int32_t* x, std::int32_t* y) {
  const __m512d at = _mm512_cvtepi32_pd(
      _mm256_add_epi32(_mm256_set1_epi32(first), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)));
  const __m512d divisor = _mm512_add_pd(p.w0, _mm512_mul_pd(p.m6, at));
  const __mmask8 not_zero = _mm512_cmp_pd_mask(divisor, _mm512_setzero_pd(), _CMP_NEQ_UQ);
  const __m512d factor = _mm512_maskz_div_pd(not_zero, _mm512_set1_pd(32.0), divisor);
  const __m512d fx = _mm512_mul_pd(_mm512_add_pd(p.x0, _mm512_mul_pd(p.m0, at)), factor);
  const __m512d fy = _mm512_mul_pd(_mm512_add_pd(p.y0, _mm512_mul_pd(p.m3, at)), factor);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(x), to_int(fx));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(y), to_int(fy));
}

// Four rows, one in each 128-bit lane, 16 bytes each.
inline __m512i load_rows(const std::uint8_t* row, std::ptrdiff_t stride) {
  const auto at = [&](int i) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(row + i * stride));
  };
  const __m256i upper = _mm256_inserti128_si256(_mm256_castsi128_si256(at(0)), at(1), 1);
  const __m256i lower = _mm256_inserti128_si256(_mm256_castsi128_si256(at(2)), at(3), 1);
  return _mm512_inserti64x4(_mm512_castsi256_si512(upper), lower, 1);
}

// The weighted sums of a 4x4 neighbourhood that starts at `corner`: of each row, in its lane, the
// three channels.
inline __m512i row_sums(const std::uint8_t* corner, std::ptrdiff_t stride,
                        const std::int16_t* weights) {
  const __m512i first_two = _mm512_broadcast_i32x4(
      _mm_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1));
  const __m512i last_two = _mm512_broadcast_i32x4(
      _mm_setr_epi8(6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1));
  const __m512i even = _mm512_setr_epi32(0, 0, 0, 0, 2, 2, 2, 2, 4, 4, 4, 4, 6, 6, 6, 6);
  const __m512i odd = _mm512_setr_epi32(1, 1, 1, 1, 3, 3, 3, 3, 5, 5, 5, 5, 7, 7, 7, 7);
  const __m512i w =
      _mm512_castsi256_si512(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(weights)));
  const __m512i pixels = load_rows(corner, stride);
  return _mm512_add_epi32(
      _mm512_madd_epi16(_mm512_shuffle_epi8(pixels, first_two), _mm512_permutexvar_epi32(even, w)),
      _mm512_madd_epi16(_mm512_shuffle_epi8(pixels, last_two), _mm512_permutexvar_epi32(odd, w)));
}

// Lanes 0 + 1 and 2 + 3 of both, side by side.
inline __m512i add_lanes(__m512i a, __m512i b) {
  return _mm512_add_epi32(_mm512_shuffle_i32x4(a, b, 0x88), _mm512_shuffle_i32x4(a, b, 0xDD));
}

// Four pixels, packed into the low twelve bytes.
inline __m128i to_pixels(const __m512i (&sums)[kPixels]) {
  const __m512i total = add_lanes(add_lanes(sums[0], sums[1]), add_lanes(sums[2], sums[3]));
  const __m512i value = _mm512_srai_epi32(_mm512_add_epi32(total, _mm512_set1_epi32(1 << 14)), 15);
  const __m128i bytes = _mm512_cvtusepi32_epi8(_mm512_max_epi32(value, _mm512_setzero_si512()));
  return _mm_shuffle_epi8(bytes,
                          _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
}

// Where whole neighbourhoods lie in the picture: a 16-byte load covers the four pixels and four
// bytes more.
struct Inside {
  __m128i last_left;
  __m128i last_top;
  bool any;

  bool holds_all(const std::int32_t* x, const std::int32_t* y) const {
    const auto least = [](const std::int32_t* at) {
      const __m128i fixed = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
      return _mm_sub_epi32(_mm_srai_epi32(fixed, 5), _mm_set1_epi32(1));
    };
    return any && (_mm_cmple_epu32_mask(least(x), last_left) &
                   _mm_cmple_epu32_mask(least(y), last_top)) == 0xF;
  }
};

// `spare` tells that four bytes after the pixels may be written.
inline void sample_four(const WarpSource& source, const Inside& inside, const std::int32_t* x,
                        const std::int32_t* y, bool spare, std::uint8_t* out) {
  if (!inside.holds_all(x, y)) {
    for (int i = 0; i < kPixels; ++i) warp_pixel(source, x[i], y[i], out + 3 * i);
    return;
  }
  __m512i sums[kPixels];
  for (int i = 0; i < kPixels; ++i) {
    const std::uint8_t* corner = source.data + ((y[i] >> 5) - 1) * source.row_stride +
                                 3 * static_cast<std::ptrdiff_t>((x[i] >> 5) - 1);
    if (i == 0) ask_for_rows_ahead(corner, source.row_stride);
    sums[i] =
        row_sums(corner, source.row_stride, source.weights + ((y[i] & 31) * 32 + (x[i] & 31)) * 16);
  }
  const __m128i pixels = to_pixels(sums);
  if (spare)
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), pixels);
  else
    _mm_mask_storeu_epi8(out, 0xFFF, pixels);
}

// `after` columns of the row follow the chunk.
void sample_chunk(const WarpSource& source, const Inside& inside, const std::int32_t* x,
                  const std::int32_t* y, int count, int after, std::uint8_t* out) {
  if (count < kPixels) {
    for (int i = 0; i < count; ++i) warp_pixel(source, x[i], y[i], out + 3 * i);
    return;
  }
  constexpr int kSpare = 2;  // pixels that four bytes reach into
  for (int i = 0; i + kPixels <= count; i += kPixels)
    sample_four(source, inside, x + i, y + i, count + after - i >= kPixels + kSpare, out + 3 * i);
  // The last ones overlap those before: the same pixels again.
  const int last = count - kPixels;
  if (count % kPixels != 0)
    sample_four(source, inside, x + last, y + last, after >= kSpare, out + 3 * last);
}

}  // namespace

void warp_row_avx512(const WarpSource& source, const WarpRowMap& map, std::uint8_t* out) {
  alignas(32) std::int32_t x[kWarpChunk];
  alignas(32) std::int32_t y[kWarpChunk];
  const Inside inside{_mm_set1_epi32(source.width - 6), _mm_set1_epi32(source.height - 4),
                      source.width >= 6 && source.height >= 4};
  for (int start = 0; start < map.width; start += map.block) {
    const int end = start + map.block < map.width ? start + map.block : map.width;
    const Positions positions = positions_at(map, start);
    for (int from = start; from < end; from += kWarpChunk) {
      const int count = end - from < kWarpChunk ? end - from : kWarpChunk;
      for (int i = 0; i < count; i += 8) eight_positions(positions, from - start + i, x + i, y + i);
      sample_chunk(source, inside, x, y, count, map.width - from - count,
                   out + 3 * static_cast<std::ptrdiff_t>(from));
    }
  }
}

}  // namespace hpinfer::vision

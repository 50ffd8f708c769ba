#include <immintrin.h>

#include "postprocess/masked_sum.h"

namespace hpinfer::postprocess {
namespace {

constexpr int kLanes = 8;

struct Totals {
  __m256d low = _mm256_setzero_pd();
  __m256d high = _mm256_setzero_pd();
  __m256i count = _mm256_setzero_si256();
  // Bits of the greatest magnitude, and of the least that is not zero, less one.
  __m256i greatest = _mm256_setzero_si256();
  __m256i least = _mm256_set1_epi32(-1);

  void add(const float* values, __m256i wanted) {
    const __m256 value = _mm256_maskload_ps(values, wanted);
    low = _mm256_add_pd(low, _mm256_cvtps_pd(_mm256_castps256_ps128(value)));
    high = _mm256_add_pd(high, _mm256_cvtps_pd(_mm256_extractf128_ps(value, 1)));
    count = _mm256_sub_epi32(count, wanted);
    const __m256i bits =
        _mm256_and_si256(_mm256_castps_si256(value), _mm256_set1_epi32(0x7FFFFFFF));
    greatest = _mm256_max_epu32(greatest, bits);
    least = _mm256_min_epu32(least, _mm256_sub_epi32(bits, _mm256_set1_epi32(1)));
  }
};

inline __m256i load_mask(const std::uint8_t* mask) {
  const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(mask));
  return _mm256_cmpgt_epi32(_mm256_cvtepu8_epi32(bytes), _mm256_setzero_si256());
}

inline double sum_of(__m256d values) {
  alignas(32) double lane[4];
  _mm256_store_pd(lane, values);
  return (lane[0] + lane[1]) + (lane[2] + lane[3]);
}

struct Range {
  std::uint32_t least;
  std::uint32_t greatest;
  std::int64_t count;
};

inline Range range_of(const Totals& totals) {
  alignas(32) std::uint32_t least[kLanes];
  alignas(32) std::uint32_t greatest[kLanes];
  alignas(32) std::uint32_t count[kLanes];
  _mm256_store_si256(reinterpret_cast<__m256i*>(least), totals.least);
  _mm256_store_si256(reinterpret_cast<__m256i*>(greatest), totals.greatest);
  _mm256_store_si256(reinterpret_cast<__m256i*>(count), totals.count);
  Range range{least[0], greatest[0], 0};
  for (int i = 0; i < kLanes; ++i) {
    range.least = least[i] < range.least ? least[i] : range.least;
    range.greatest = greatest[i] > range.greatest ? greatest[i] : range.greatest;
    range.count += count[i];
  }
  return range;
}

// Whether float64 holds every sum of some of the values exactly, so that their order is nothing:
// all are multiples of the last bit of the least, and no sum has more than 53 such bits.
inline bool is_exact(const Range& range) {
  if (range.greatest == 0) return true;
  const int most = static_cast<int>(range.greatest >> 23);
  const int least = static_cast<int>((range.least + 1) >> 23);
  if (most == 0xFF || least == 0) return false;  // not finite, or too small to have all its bits
  const int carries = 64 - __builtin_clzll(static_cast<unsigned long long>(range.count));
  return most + 1 + carries - (least - 23) <= 53;
}

}  // namespace

MaskedSum sum_masked_avx2(const MaskedCells& cells) {
  Totals totals;
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  for (int y = 0; y < cells.height; ++y) {
    const float* const values = cells.values + y * cells.stride;
    const std::uint8_t* const mask = cells.mask + static_cast<std::ptrdiff_t>(y) * cells.width;
    int x = 0;
    for (; x + kLanes <= cells.width; x += kLanes) totals.add(values + x, load_mask(mask + x));
    if (x == cells.width) continue;
    const __m256i within = _mm256_cmpgt_epi32(_mm256_set1_epi32(cells.width - x), lane);
    totals.add(values + x, _mm256_and_si256(load_mask(mask + x), within));
  }
  const Range range = range_of(totals);
  if (!is_exact(range)) return sum_masked_scalar(cells);
  return {sum_of(_mm256_add_pd(totals.low, totals.high)), range.count};
}

}  // namespace hpinfer::postprocess

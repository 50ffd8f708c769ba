#include <immintrin.h>

#include <bit>

#include "postprocess/ctc_max.h"

namespace hpinfer::postprocess {
namespace {

constexpr std::size_t kLanes = 16;
constexpr std::size_t kBlock = 4 * kLanes;

// Position of the first element equal to `value`, which is there.
std::size_t find_equal(const float* values, std::size_t count, float value) {
  const __m512 wanted = _mm512_set1_ps(value);
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const unsigned hits = _mm512_cmp_ps_mask(_mm512_loadu_ps(values + i), wanted, _CMP_EQ_OQ);
    if (hits != 0) return i + static_cast<std::size_t>(std::countr_zero(hits));
  }
  while (values[i] != value) ++i;
  return i;
}

}  // namespace

// As the AVX2 kernel: first the greatest value, then its place.
Maximum find_maximum_avx512(const float* values, std::size_t count) {
  if (count < kBlock) return find_maximum_scalar(values, count);
  __m512 best[4];
  for (std::size_t k = 0; k < 4; ++k) best[k] = _mm512_loadu_ps(values + k * kLanes);
  unsigned nan = _mm512_cmp_ps_mask(best[0], best[1], _CMP_UNORD_Q) |
                 _mm512_cmp_ps_mask(best[2], best[3], _CMP_UNORD_Q);
  const auto take = [&](std::size_t i) {
    const __m512 a = _mm512_loadu_ps(values + i);
    const __m512 b = _mm512_loadu_ps(values + i + kLanes);
    const __m512 c = _mm512_loadu_ps(values + i + 2 * kLanes);
    const __m512 d = _mm512_loadu_ps(values + i + 3 * kLanes);
    nan |= _mm512_cmp_ps_mask(a, b, _CMP_UNORD_Q) | _mm512_cmp_ps_mask(c, d, _CMP_UNORD_Q);
    best[0] = _mm512_max_ps(best[0], a);
    best[1] = _mm512_max_ps(best[1], b);
    best[2] = _mm512_max_ps(best[2], c);
    best[3] = _mm512_max_ps(best[3], d);
  };
  std::size_t i = kBlock;
  for (; i + kBlock <= count; i += kBlock) take(i);
  if (i < count) take(count - kBlock);  // overlaps what was seen: harmless for a maximum
  if (nan != 0) return find_maximum_scalar(values, count);

  const float value = _mm512_reduce_max_ps(
      _mm512_max_ps(_mm512_max_ps(best[0], best[1]), _mm512_max_ps(best[2], best[3])));
  const std::size_t index = find_equal(values, count, value);
  return {index, values[index]};
}

}  // namespace hpinfer::postprocess

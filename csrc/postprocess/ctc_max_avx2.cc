#include <immintrin.h>

#include <bit>

#include "postprocess/ctc_max.h"

namespace hpinfer::postprocess {
namespace {

constexpr std::size_t kLanes = 8;
constexpr std::size_t kBlock = 4 * kLanes;

// Position of the first element equal to `value`, which is there.
std::size_t find_equal(const float* values, std::size_t count, float value) {
  const __m256 wanted = _mm256_set1_ps(value);
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const int hits =
        _mm256_movemask_ps(_mm256_cmp_ps(_mm256_loadu_ps(values + i), wanted, _CMP_EQ_OQ));
    if (hits != 0)
      return i + static_cast<std::size_t>(std::countr_zero(static_cast<unsigned>(hits)));
  }
  while (values[i] != value) ++i;
  return i;
}

}  // namespace

// First the greatest value, then the place where it stands: the row is in the first-level cache by
// then, and for a blank the place is the first.
Maximum find_maximum_avx2(const float* values, std::size_t count) {
  if (count < kBlock) return find_maximum_scalar(values, count);
  __m256 best[4];
  for (std::size_t k = 0; k < 4; ++k) best[k] = _mm256_loadu_ps(values + k * kLanes);
  __m256 nan = _mm256_or_ps(_mm256_cmp_ps(best[0], best[1], _CMP_UNORD_Q),
                            _mm256_cmp_ps(best[2], best[3], _CMP_UNORD_Q));
  const auto take = [&](std::size_t i) {
    const __m256 a = _mm256_loadu_ps(values + i);
    const __m256 b = _mm256_loadu_ps(values + i + kLanes);
    const __m256 c = _mm256_loadu_ps(values + i + 2 * kLanes);
    const __m256 d = _mm256_loadu_ps(values + i + 3 * kLanes);
    nan = _mm256_or_ps(
        nan, _mm256_or_ps(_mm256_cmp_ps(a, b, _CMP_UNORD_Q), _mm256_cmp_ps(c, d, _CMP_UNORD_Q)));
    best[0] = _mm256_max_ps(best[0], a);
    best[1] = _mm256_max_ps(best[1], b);
    best[2] = _mm256_max_ps(best[2], c);
    best[3] = _mm256_max_ps(best[3], d);
  };
  std::size_t i = kBlock;
  for (; i + kBlock <= count; i += kBlock) take(i);
  if (i < count) take(count - kBlock);  // overlaps what was seen: harmless for a maximum
  if (_mm256_movemask_ps(nan) != 0) return find_maximum_scalar(values, count);

  const __m256 all =
      _mm256_max_ps(_mm256_max_ps(best[0], best[1]), _mm256_max_ps(best[2], best[3]));
  __m128 half = _mm_max_ps(_mm256_castps256_ps128(all), _mm256_extractf128_ps(all, 1));
  half = _mm_max_ps(half, _mm_movehl_ps(half, half));
  half = _mm_max_ss(half, _mm_shuffle_ps(half, half, 1));
  const std::size_t index = find_equal(values, count, _mm_cvtss_f32(half));
  return {index, values[index]};
}

}  // namespace hpinfer::postprocess

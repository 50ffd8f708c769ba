// Included by AVX2 sources only: eight values of one channel to normalised floats.
#pragma once

#include <immintrin.h>

#include "vision/normalize_row.h"

namespace hpinfer::vision {
namespace {

struct Lanes256 {
  __m256 a, b, c;
  const float* table;
  float* plane;
};

inline Lanes256 lanes_256(const RowTarget& target, std::size_t channel) {
  const ChannelNormalizer& n = *target.channel[channel];
  return {_mm256_set1_ps(n.a), _mm256_set1_ps(n.b), _mm256_set1_ps(n.c), n.table,
          target.plane[channel]};
}

template <NormalizeForm kForm>
inline __m256 normalize_256(__m256i value, const Lanes256& n) {
  if constexpr (kForm == NormalizeForm::kTable) {
    return _mm256_i32gather_ps(n.table, value, 4);
  } else {
    const __m256 x = _mm256_cvtepi32_ps(value);
    if constexpr (kForm == NormalizeForm::kMultiplyAdd)
      return _mm256_add_ps(_mm256_mul_ps(x, n.a), n.b);
    const __m256 low = _mm256_mul_ps(x, _mm256_set1_ps(kInverse255Low));
    const __m256 quotient = _mm256_fmadd_ps(x, _mm256_set1_ps(kInverse255High), low);
    return _mm256_mul_ps(_mm256_sub_ps(quotient, n.b), n.c);
  }
}

}  // namespace
}  // namespace hpinfer::vision

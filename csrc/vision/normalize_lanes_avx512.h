// Included by AVX-512 sources only: 16 values of one channel to normalised floats.
#pragma once

#include <immintrin.h>

#include "vision/normalize_row.h"

namespace hpinfer::vision {
namespace {

struct Lanes512 {
  __m512 a, b, c;
  const float* table;
  float* plane;
};

inline Lanes512 lanes_512(const RowTarget& target, std::size_t channel) {
  const ChannelNormalizer& n = *target.channel[channel];
  return {_mm512_set1_ps(n.a), _mm512_set1_ps(n.b), _mm512_set1_ps(n.c), n.table,
          target.plane[channel]};
}

template <NormalizeForm kForm>
inline __m512 normalize_512(__m512i value, const Lanes512& n) {
  if constexpr (kForm == NormalizeForm::kTable) {
    return _mm512_i32gather_ps(value, n.table, 4);
  } else {
    const __m512 x = _mm512_cvtepi32_ps(value);
    if constexpr (kForm == NormalizeForm::kMultiplyAdd)
      return _mm512_add_ps(_mm512_mul_ps(x, n.a), n.b);
    const __m512 low = _mm512_mul_ps(x, _mm512_set1_ps(kInverse255Low));
    const __m512 quotient = _mm512_fmadd_ps(x, _mm512_set1_ps(kInverse255High), low);
    return _mm512_mul_ps(_mm512_sub_ps(quotient, n.b), n.c);
  }
}

}  // namespace
}  // namespace hpinfer::vision

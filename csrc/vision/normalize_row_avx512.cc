#include "vision/normalize_lanes_avx512.h"
#include "vision/normalize_row.h"

namespace hpinfer::vision {
namespace {

// 16 pixels, four in each 128-bit lane. Reads 52 bytes.
inline __m512i load_pixels(const std::uint8_t* row) {
  const auto at = [row](int byte) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(row + byte));
  };
  const __m256i low = _mm256_inserti128_si256(_mm256_castsi128_si256(at(0)), at(12), 1);
  const __m256i high = _mm256_inserti128_si256(_mm256_castsi128_si256(at(24)), at(36), 1);
  return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

// Picks bytes c, c+3, c+6, c+9 of each lane into its four 32-bit elements.
inline __m512i pick(int c) {
  return _mm512_broadcast_i32x4(
      _mm_setr_epi8(static_cast<char>(c), -1, -1, -1, static_cast<char>(c + 3), -1, -1, -1,
                    static_cast<char>(c + 6), -1, -1, -1, static_cast<char>(c + 9), -1, -1, -1));
}

template <NormalizeForm kForm>
int run(const std::uint8_t* row, int begin, int end, const RowTarget& target) {
  const Lanes512 lanes[3] = {lanes_512(target, 0), lanes_512(target, 1), lanes_512(target, 2)};
  const __m512i picks[3] = {pick(0), pick(1), pick(2)};
  int x = begin;
  for (; x + 18 <= end; x += 16) {  // 18: the last load passes 16 pixels by 4 bytes
    const __m512i pixels = load_pixels(row + 3 * static_cast<std::ptrdiff_t>(x));
    for (int c = 0; c < 3; ++c)
      _mm512_storeu_ps(lanes[c].plane + x,
                       normalize_512<kForm>(_mm512_shuffle_epi8(pixels, picks[c]), lanes[c]));
  }
  return x;
}

}  // namespace

void normalize_row_avx512(const std::uint8_t* row, int begin, int end, const RowTarget& target) {
  int done = begin;
  switch (target.form) {
    case NormalizeForm::kMultiplyAdd:
      done = run<NormalizeForm::kMultiplyAdd>(row, begin, end, target);
      break;
    case NormalizeForm::kQuotient:
      done = run<NormalizeForm::kQuotient>(row, begin, end, target);
      break;
    case NormalizeForm::kTable:
      done = run<NormalizeForm::kTable>(row, begin, end, target);
      break;
  }
  normalize_row_scalar(row, done, end, target);
}

}  // namespace hpinfer::vision

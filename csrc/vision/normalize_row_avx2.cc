#include "vision/normalize_lanes_avx2.h"
#include "vision/normalize_row.h"

namespace hpinfer::vision {
namespace {

// Eight pixels, four in each 128-bit lane. Reads 28 bytes.
inline __m256i load_pixels(const std::uint8_t* row) {
  const __m128i low = _mm_loadu_si128(reinterpret_cast<const __m128i*>(row));
  const __m128i high = _mm_loadu_si128(reinterpret_cast<const __m128i*>(row + 12));
  return _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
}

// Picks bytes c, c+3, c+6, c+9 of each lane into its four 32-bit elements.
inline __m256i pick(int c) {
  return _mm256_broadcastsi128_si256(
      _mm_setr_epi8(static_cast<char>(c), -1, -1, -1, static_cast<char>(c + 3), -1, -1, -1,
                    static_cast<char>(c + 6), -1, -1, -1, static_cast<char>(c + 9), -1, -1, -1));
}

template <NormalizeForm kForm>
int run(const std::uint8_t* row, int begin, int end, const RowTarget& target) {
  const Lanes256 lanes[3] = {lanes_256(target, 0), lanes_256(target, 1), lanes_256(target, 2)};
  const __m256i picks[3] = {pick(0), pick(1), pick(2)};
  int x = begin;
  for (; x + 10 <= end; x += 8) {  // 10: the last load passes 8 pixels by 4 bytes
    const __m256i pixels = load_pixels(row + 3 * static_cast<std::ptrdiff_t>(x));
    for (int c = 0; c < 3; ++c)
      _mm256_storeu_ps(lanes[c].plane + x,
                       normalize_256<kForm>(_mm256_shuffle_epi8(pixels, picks[c]), lanes[c]));
  }
  return x;
}

}  // namespace

void normalize_row_avx2(const std::uint8_t* row, int begin, int end, const RowTarget& target) {
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

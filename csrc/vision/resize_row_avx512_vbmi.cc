#include <immintrin.h>

#include "vision/resize_row.h"
#include "vision/row_layout.h"

namespace hpinfer::vision {
namespace {

// The kWindowBytes source bytes of a block.
struct Window {
  __m512i low;
  __m512i high;
};

inline Window load_window(const std::uint8_t* from, int valid) {
  if (valid >= kWindowBytes) return {_mm512_loadu_si512(from), _mm512_loadu_si512(from + 64)};
  const auto first = [](int count) {
    return _bzhi_u64(~0ULL, static_cast<unsigned>(count > 0 ? count : 0));
  };
  return {_mm512_maskz_loadu_epi8(first(valid), from),
          _mm512_maskz_loadu_epi8(first(valid - 64), from + 64)};
}

// 64-bit elements of four words, for the pixels i (words 0 and 1) and i + `second` (2 and 3).
inline __m512i four_words(int first, int second, const int (&words)[4]) {
  alignas(64) std::int8_t bytes[64] = {};
  for (int i = 0; i < 8; ++i)
    for (int k = 0; k < 4; ++k) {
      const int pixel = first < 0 ? 0 : i + (k < 2 ? first : second);
      bytes[8 * i + 2 * k] = static_cast<std::int8_t>(pixel + words[k]);
    }
  return _mm512_load_si512(bytes);
}

// Whose place each word takes.
inline __m512i pixels(int first, int second) { return four_words(first, second, {0, 0, 0, 0}); }

// How far from there it is.
inline __m512i behind(const int (&words)[4]) { return four_words(-1, -1, words); }

struct Constants {
  __m512i low = pixels(0, 0);                // 0 to 7
  __m512i high = pixels(8, 8);               // 8 to 15
  __m512i both = pixels(0, 8);               // i and i + 8
  __m512i first_two = behind({0, 3, 1, 4});  // channels 0 and 1, left and right neighbour
  __m512i third = behind({2, 5, 2, 5});      // channel 2
  __m512i twice_low = _mm512_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
  __m512i twice_high =
      _mm512_setr_epi32(8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 14, 14, 15, 15);
  __m512i halves = _mm512_setr_epi32(0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
};

// (left * left weight + right * right weight) >> 4 of 16 values, whose bytes are at `at`.
inline __m512i sums(const Window& window, __m512i at, __m512i weights) {
  constexpr __mmask64 kLowBytes = 0x5555555555555555;  // of words
  const __m512i words = _mm512_maskz_permutex2var_epi8(kLowBytes, window.low, at, window.high);
  return _mm512_srli_epi32(_mm512_madd_epi16(words, weights), 4);
}

inline __m512i even_words() {
  alignas(64) std::int16_t even[32];
  for (int i = 0; i < 32; ++i) even[i] = static_cast<std::int16_t>(2 * i);
  return _mm512_load_si512(even);
}

}  // namespace

// Where 16 columns need no more than two registers of source bytes, one permutation picks them.
void resize_columns_avx512_vbmi(const std::uint8_t* row, const ColumnTaps& taps,
                                std::int16_t* blocks) {
  if (!taps.has_windows) return resize_columns_avx512(row, taps, blocks);
  const Constants k;
  const __m512i even = even_words();
  const ColumnTaps local = taps;  // a copy, so that stores cannot change it
  const int count = block_count(local.count);
  for (int block = 0; block < count; ++block, blocks += kBlockWords) {
    const std::ptrdiff_t column = static_cast<std::ptrdiff_t>(block) * kBlockPixels;
    const int start = local.window[block];
    const Window window = load_window(row + start, local.row_bytes - start);
    const __m512i place = _mm512_broadcast_i32x4(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(local.place + column)));
    const __m512i weights = _mm512_loadu_si512(local.weights + column);
    const __m512i low =
        sums(window, _mm512_add_epi8(_mm512_shuffle_epi8(place, k.low), k.first_two),
             _mm512_permutexvar_epi32(k.twice_low, weights));
    const __m512i high =
        sums(window, _mm512_add_epi8(_mm512_shuffle_epi8(place, k.high), k.first_two),
             _mm512_permutexvar_epi32(k.twice_high, weights));
    const __m512i third = sums(window, _mm512_add_epi8(_mm512_shuffle_epi8(place, k.both), k.third),
                               _mm512_permutexvar_epi32(k.halves, weights));
    _mm512_storeu_si512(blocks, _mm512_permutex2var_epi16(low, even, high));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(blocks + 32), _mm512_cvtepi32_epi16(third));
  }
}

}  // namespace hpinfer::vision

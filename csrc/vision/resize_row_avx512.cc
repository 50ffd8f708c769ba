#include <immintrin.h>

#include "vision/normalize_lanes_avx512.h"
#include "vision/resize_row.h"
#include "vision/row_layout.h"

namespace hpinfer::vision {
namespace {

// Eight bytes from each of eight offsets.
inline __m512i gather_bytes(const std::uint8_t* row, const std::int32_t* offset) {
  const auto two = [row](std::int32_t first, std::int32_t second) {
    const __m128i low = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(row + first));
    return _mm_castps_si128(
        _mm_loadh_pi(_mm_castsi128_ps(low), reinterpret_cast<const __m64*>(row + second)));
  };
  const __m256i low = _mm256_inserti128_si256(_mm256_castsi128_si256(two(offset[0], offset[1])),
                                              two(offset[2], offset[3]), 1);
  const __m256i high = _mm256_inserti128_si256(_mm256_castsi128_si256(two(offset[4], offset[5])),
                                               two(offset[6], offset[7]), 1);
  return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

inline __m512i shift_counts(const std::uint8_t* shift) {
  return _mm512_cvtepu8_epi64(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(shift)));
}

// Both 32-bit results of a 64-bit lane, >> 4, side by side in its low half.
inline __m512i narrow(__m512i sums) {
  const __m512i values = _mm512_srli_epi32(sums, 4);
  return _mm512_or_si512(values, _mm512_srli_epi64(values, 16));
}

struct ColumnConstants {
  // Of each pixel's bytes (0,1,2 left; 3,4,5 right): channels 0 and 1 as word pairs (left, right).
  __m512i first_two = _mm512_broadcast_i32x4(
      _mm_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 8, -1, 11, -1, 9, -1, 12, -1));
  // Channel 2, in the low or the high half of each pixel's 64 bits.
  __m512i third_low = _mm512_broadcast_i32x4(
      _mm_setr_epi8(2, -1, 5, -1, -1, -1, -1, -1, 10, -1, 13, -1, -1, -1, -1, -1));
  __m512i third_high = _mm512_broadcast_i32x4(
      _mm_setr_epi8(-1, -1, -1, -1, 2, -1, 5, -1, -1, -1, -1, -1, 10, -1, 13, -1));
  __m512i twice_low = _mm512_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
  __m512i twice_high =
      _mm512_setr_epi32(8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 14, 14, 15, 15);
  __m512i halves = _mm512_setr_epi32(0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
  __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
};

template <bool kShifted>
inline void resize_block(const std::uint8_t* row, const ColumnTaps& taps, int block,
                         const ColumnConstants& k, std::int16_t* out) {
  const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(block) * kBlockPixels;
  const std::int32_t* offset = taps.offset + at;
  __m512i low = gather_bytes(row, offset);
  __m512i high = gather_bytes(row, offset + 8);
  if constexpr (kShifted) {
    low = _mm512_srlv_epi64(low, shift_counts(taps.shift + at));
    high = _mm512_srlv_epi64(high, shift_counts(taps.shift + at + 8));
  }
  const __m512i weights = _mm512_loadu_si512(taps.weights + at);
  const __m512i two_low = _mm512_madd_epi16(_mm512_shuffle_epi8(low, k.first_two),
                                            _mm512_permutexvar_epi32(k.twice_low, weights));
  const __m512i two_high = _mm512_madd_epi16(_mm512_shuffle_epi8(high, k.first_two),
                                             _mm512_permutexvar_epi32(k.twice_high, weights));
  const __m512i third = _mm512_madd_epi16(_mm512_or_si512(_mm512_shuffle_epi8(low, k.third_low),
                                                          _mm512_shuffle_epi8(high, k.third_high)),
                                          _mm512_permutexvar_epi32(k.halves, weights));
  _mm512_storeu_si512(out, _mm512_permutex2var_epi32(narrow(two_low), k.even, narrow(two_high)));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + 32), _mm512_cvtepi64_epi32(narrow(third)));
}

inline __m512i blend(__m512i upper, __m512i lower, __m512i upper_weight, __m512i lower_weight) {
  const __m512i sum = _mm512_add_epi16(_mm512_mulhi_epi16(upper, upper_weight),
                                       _mm512_mulhi_epi16(lower, lower_weight));
  return _mm512_srli_epi16(_mm512_add_epi16(sum, _mm512_set1_epi16(2)), 2);
}

inline __m256i load_third(const std::int16_t* block) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(block + 32));
}

template <NormalizeForm kForm>
void blend_planar(const RowPair& rows, int begin, int end, const RowTarget& target) {
  const Lanes512 lanes[3] = {lanes_512(target, 0), lanes_512(target, 1), lanes_512(target, 2)};
  const __m512i upper_weight = _mm512_set1_epi16(rows.upper_weight);
  const __m512i lower_weight = _mm512_set1_epi16(rows.lower_weight);
  const __m512i low_half = _mm512_set1_epi32(0xFFFF);
  // The normalised values of a block.
  const auto block = [&](int x, const auto& store) {
    const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(x) * kChannels;
    const std::int16_t* upper = rows.upper + at;
    const std::int16_t* lower = rows.lower + at;
    const __m512i two =
        blend(_mm512_loadu_si512(upper), _mm512_loadu_si512(lower), upper_weight, lower_weight);
    const __m512i third =
        blend(_mm512_castsi256_si512(load_third(upper)), _mm512_castsi256_si512(load_third(lower)),
              upper_weight, lower_weight);
    const __m256i pairs = _mm512_castsi512_si256(third);
    const __m512i halves = _mm512_inserti64x4(
        _mm512_castsi256_si512(_mm256_and_si256(pairs, _mm512_castsi512_si256(low_half))),
        _mm256_srli_epi32(pairs, 16), 1);
    store(lanes[0], normalize_512<kForm>(_mm512_and_si512(two, low_half), lanes[0]));
    store(lanes[1], normalize_512<kForm>(_mm512_srli_epi32(two, 16), lanes[1]));
    store(lanes[2], normalize_512<kForm>(halves, lanes[2]));
  };
  int x = begin;
  for (; x + kBlockPixels <= end; x += kBlockPixels)
    block(x, [x](const Lanes512& lane, __m512 value) { _mm512_storeu_ps(lane.plane + x, value); });
  if (x == end) return;
  const auto mask = static_cast<__mmask16>((1 << (end - x)) - 1);
  block(x, [x, mask](const Lanes512& lane, __m512 value) {
    _mm512_mask_storeu_ps(lane.plane + x, mask, value);
  });
}

}  // namespace

void resize_columns_avx512(const std::uint8_t* row, const ColumnTaps& taps, std::int16_t* blocks) {
  if (taps.row_bytes < kLoadBytes) return resize_columns_scalar(row, taps, blocks);
  const ColumnConstants constants;
  const int count = block_count(taps.count);
  int block = 0;
  for (; block < taps.unshifted_blocks; ++block, blocks += kBlockWords)
    resize_block<false>(row, taps, block, constants, blocks);
  for (; block < count; ++block, blocks += kBlockWords)
    resize_block<true>(row, taps, block, constants, blocks);
}

void blend_row_planar_avx512(const RowPair& rows, int begin, int end, const RowTarget& target) {
  switch (target.form) {
    case NormalizeForm::kMultiplyAdd:
      return blend_planar<NormalizeForm::kMultiplyAdd>(rows, begin, end, target);
    case NormalizeForm::kQuotient:
      return blend_planar<NormalizeForm::kQuotient>(rows, begin, end, target);
    case NormalizeForm::kTable:
      // Scratch past the last pixel may hold anything: the table must not be read there.
      const int whole = begin + (end - begin) / kBlockPixels * kBlockPixels;
      blend_planar<NormalizeForm::kTable>(rows, begin, whole, target);
      return blend_row_planar_scalar(rows, whole, end, target);
  }
}

}  // namespace hpinfer::vision

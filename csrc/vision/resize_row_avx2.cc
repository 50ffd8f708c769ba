#include <immintrin.h>

#include "vision/normalize_lanes_avx2.h"
#include "vision/resize_row.h"
#include "vision/row_layout.h"

namespace hpinfer::vision {
namespace {

// Eight bytes from each of four offsets, shifted right by their bits.
template <bool kShifted>
inline __m256i gather_bytes(const std::uint8_t* row, const std::int32_t* offset,
                            const std::uint8_t* shift) {
  const auto two = [row](std::int32_t first, std::int32_t second) {
    const __m128i low = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(row + first));
    return _mm_castps_si128(
        _mm_loadh_pi(_mm_castsi128_ps(low), reinterpret_cast<const __m64*>(row + second)));
  };
  const __m256i bytes = _mm256_inserti128_si256(_mm256_castsi128_si256(two(offset[0], offset[1])),
                                                two(offset[2], offset[3]), 1);
  if constexpr (!kShifted) return bytes;
  const __m128i counts = _mm_loadu_si32(shift);
  return _mm256_srlv_epi64(bytes, _mm256_cvtepu8_epi64(counts));
}

inline __m256i in_both_lanes(__m128i value) { return _mm256_broadcastsi128_si256(value); }

// The low 32 bits of the eight 64-bit elements of two vectors, in order.
inline __m256i low_elements(__m256i first, __m256i second) {
  const __m256 mixed =
      _mm256_shuffle_ps(_mm256_castsi256_ps(first), _mm256_castsi256_ps(second), 0x88);
  return _mm256_permute4x64_epi64(_mm256_castps_si256(mixed), 0xD8);
}

// Both 32-bit results of a 64-bit element, >> 4, side by side in its low half.
inline __m256i narrow(__m256i sums) {
  const __m256i values = _mm256_srli_epi32(sums, 4);
  return _mm256_or_si256(values, _mm256_srli_epi64(values, 16));
}

struct ColumnConstants {
  // Of each pixel's bytes (0,1,2 left; 3,4,5 right): channels 0 and 1 as word pairs (left, right).
  __m256i first_two =
      in_both_lanes(_mm_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 8, -1, 11, -1, 9, -1, 12, -1));
  // Channel 2, in the low or the high half of each pixel's 64 bits.
  __m256i third_low =
      in_both_lanes(_mm_setr_epi8(2, -1, 5, -1, -1, -1, -1, -1, 10, -1, 13, -1, -1, -1, -1, -1));
  __m256i third_high =
      in_both_lanes(_mm_setr_epi8(-1, -1, -1, -1, 2, -1, 5, -1, -1, -1, -1, -1, 10, -1, 13, -1));
  __m256i twice_low = _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3);
  __m256i twice_high = _mm256_setr_epi32(4, 4, 5, 5, 6, 6, 7, 7);

  __m256i two(__m256i bytes, __m256i weights) const {
    return narrow(_mm256_madd_epi16(_mm256_shuffle_epi8(bytes, first_two), weights));
  }
  __m256i third(__m256i low, __m256i high, __m256i weights) const {
    return narrow(_mm256_madd_epi16(
        _mm256_or_si256(_mm256_shuffle_epi8(low, third_low), _mm256_shuffle_epi8(high, third_high)),
        weights));
  }
};

inline void store(std::int16_t* out, __m256i value) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), value);
}

template <bool kShifted>
inline void resize_block(const std::uint8_t* row, const ColumnTaps& taps, int block,
                         const ColumnConstants& k, std::int16_t* out) {
  const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(block) * kBlockPixels;
  __m256i bytes[4];
  for (int i = 0; i < 4; ++i)
    bytes[i] = gather_bytes<kShifted>(row, taps.offset + at + 4 * i, taps.shift + at + 4 * i);
  const auto* weights = reinterpret_cast<const __m256i*>(taps.weights + at);
  const __m256i low = _mm256_loadu_si256(weights);
  const __m256i high = _mm256_loadu_si256(weights + 1);
  store(out, low_elements(k.two(bytes[0], _mm256_permutevar8x32_epi32(low, k.twice_low)),
                          k.two(bytes[1], _mm256_permutevar8x32_epi32(low, k.twice_high))));
  store(out + 16, low_elements(k.two(bytes[2], _mm256_permutevar8x32_epi32(high, k.twice_low)),
                               k.two(bytes[3], _mm256_permutevar8x32_epi32(high, k.twice_high))));
  const __m256i even = _mm256_unpacklo_epi32(low, high);
  const __m256i odd = _mm256_unpackhi_epi32(low, high);
  store(out + 32,
        low_elements(k.third(bytes[0], bytes[2], _mm256_permute2x128_si256(even, odd, 0x20)),
                     k.third(bytes[1], bytes[3], _mm256_permute2x128_si256(even, odd, 0x31))));
}

struct RowWeights {
  __m256i upper;
  __m256i lower;

  // Sixteen blended words.
  __m256i blend(const std::int16_t* upper_row, const std::int16_t* lower_row) const {
    const __m256i u = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(upper_row));
    const __m256i l = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(lower_row));
    const __m256i sum =
        _mm256_add_epi16(_mm256_mulhi_epi16(u, upper), _mm256_mulhi_epi16(l, lower));
    return _mm256_srli_epi16(_mm256_add_epi16(sum, _mm256_set1_epi16(2)), 2);
  }
};

inline RowWeights row_weights(const RowPair& rows) {
  return {_mm256_set1_epi16(rows.upper_weight), _mm256_set1_epi16(rows.lower_weight)};
}

template <NormalizeForm kForm>
int blend_planar(const RowPair& rows, int begin, int end, const RowTarget& target) {
  const Lanes256 lanes[3] = {lanes_256(target, 0), lanes_256(target, 1), lanes_256(target, 2)};
  const RowWeights weights = row_weights(rows);
  const __m256i low_half = _mm256_set1_epi32(0xFFFF);
  int x = begin;
  for (; x + kBlockPixels <= end; x += kBlockPixels) {
    const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(x) * kChannels;
    for (int half = 0; half < 2; ++half) {
      const __m256i two = weights.blend(rows.upper + at + 16 * half, rows.lower + at + 16 * half);
      _mm256_storeu_ps(lanes[0].plane + x + 8 * half,
                       normalize_256<kForm>(_mm256_and_si256(two, low_half), lanes[0]));
      _mm256_storeu_ps(lanes[1].plane + x + 8 * half,
                       normalize_256<kForm>(_mm256_srli_epi32(two, 16), lanes[1]));
    }
    const __m256i third = weights.blend(rows.upper + at + 32, rows.lower + at + 32);
    _mm256_storeu_ps(lanes[2].plane + x,
                     normalize_256<kForm>(_mm256_and_si256(third, low_half), lanes[2]));
    _mm256_storeu_ps(lanes[2].plane + x + 8,
                     normalize_256<kForm>(_mm256_srli_epi32(third, 16), lanes[2]));
  }
  return x;
}

// Stores four pixels of four bytes (the fourth ignored) as 12 bytes; writes 16.
inline void store_packed(std::uint8_t* out, __m128i pixels) {
  const __m128i pack = _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm_shuffle_epi8(pixels, pack));
}

}  // namespace

void resize_columns_avx2(const std::uint8_t* row, const ColumnTaps& taps, std::int16_t* blocks) {
  if (taps.row_bytes < kLoadBytes) return resize_columns_scalar(row, taps, blocks);
  const ColumnConstants constants;
  const int count = block_count(taps.count);
  int block = 0;
  for (; block < taps.unshifted_blocks; ++block, blocks += kBlockWords)
    resize_block<false>(row, taps, block, constants, blocks);
  for (; block < count; ++block, blocks += kBlockWords)
    resize_block<true>(row, taps, block, constants, blocks);
}

void blend_row_avx2(const RowPair& rows, int begin, int end, std::uint8_t* out) {
  const RowWeights weights = row_weights(rows);
  const __m256i low_half = _mm256_set1_epi32(0xFFFF);
  int x = begin;
  for (; x + kBlockPixels + 2 <= end; x += kBlockPixels) {  // 2: stores pass the block by 4 bytes
    const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(x) * kChannels;
    const __m256i third = weights.blend(rows.upper + at + 32, rows.lower + at + 32);
    for (int half = 0; half < 2; ++half) {
      const __m256i two = weights.blend(rows.upper + at + 16 * half, rows.lower + at + 16 * half);
      const __m256i last =
          half == 0 ? _mm256_and_si256(third, low_half) : _mm256_srli_epi32(third, 16);
      // Bytes: channel 0, channel 1, channel 2, anything.
      const __m256i pixels =
          _mm256_or_si256(_mm256_or_si256(_mm256_and_si256(two, low_half),
                                          _mm256_slli_epi32(_mm256_srli_epi32(two, 16), 8)),
                          _mm256_slli_epi32(last, 16));
      std::uint8_t* to = out + at + 24 * half;
      store_packed(to, _mm256_castsi256_si128(pixels));
      store_packed(to + 12, _mm256_extracti128_si256(pixels, 1));
    }
  }
  blend_row_scalar(rows, x, end, out);
}

void blend_row_planar_avx2(const RowPair& rows, int begin, int end, const RowTarget& target) {
  int done = begin;
  switch (target.form) {
    case NormalizeForm::kMultiplyAdd:
      done = blend_planar<NormalizeForm::kMultiplyAdd>(rows, begin, end, target);
      break;
    case NormalizeForm::kQuotient:
      done = blend_planar<NormalizeForm::kQuotient>(rows, begin, end, target);
      break;
    case NormalizeForm::kTable:
      done = blend_planar<NormalizeForm::kTable>(rows, begin, end, target);
      break;
  }
  blend_row_planar_scalar(rows, done, end, target);
}

void halve_row_avx2(const std::uint8_t* upper, const std::uint8_t* lower, int begin, int end,
                    std::uint8_t* out) {
  // Within each 128-bit lane: four source pixels (12 bytes) become two.
  const __m256i neighbours =
      in_both_lanes(_mm_setr_epi8(0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11, -1, -1, -1, -1));
  const __m256i ones = _mm256_set1_epi8(1);
  const auto sums = [&](const std::uint8_t* row) {
    const __m128i low = _mm_loadu_si128(reinterpret_cast<const __m128i*>(row));
    const __m128i high = _mm_loadu_si128(reinterpret_cast<const __m128i*>(row + 12));
    const __m256i bytes = _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
    return _mm256_maddubs_epi16(_mm256_shuffle_epi8(bytes, neighbours), ones);
  };
  int x = begin;
  // Four pixels a step: reads 28 bytes of each row (24 used), writes 14 (12 used).
  for (; x + 5 <= end; x += 4) {
    const std::ptrdiff_t from = static_cast<std::ptrdiff_t>(x) * 6;
    const __m256i total = _mm256_add_epi16(sums(upper + from), sums(lower + from));
    const __m256i mean = _mm256_srli_epi16(_mm256_add_epi16(total, _mm256_set1_epi16(2)), 2);
    const __m256i packed = _mm256_packus_epi16(mean, mean);
    std::uint8_t* to = out + static_cast<std::ptrdiff_t>(x) * 3;
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to), _mm256_castsi256_si128(packed));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to + 6), _mm256_extracti128_si256(packed, 1));
  }
  halve_row_scalar(upper, lower, x, end, out);
}

}  // namespace hpinfer::vision

#include "vision/resize_row.h"

#include "vision/row_layout.h"

namespace hpinfer::vision {
namespace {

// One blended value: each product keeps its high 16 bits on its own, as in the reference.
int blend(const RowPair& rows, std::size_t word) {
  const int upper = rows.upper_weight * rows.upper[word] >> 16;
  const int lower = rows.lower_weight * rows.lower[word] >> 16;
  return (upper + lower + 2) >> 2;
}

}  // namespace

void resize_columns_scalar(const std::uint8_t* row, const ColumnTaps& taps, std::int16_t* blocks) {
  const int last = taps.row_bytes - kChannels;
  for (int x = 0; x < taps.count; ++x) {
    const int left = taps.offset[x] + taps.shift[x] / 8;
    const int right = left < last ? left + kChannels : last;
    const auto left_weight = static_cast<int>(taps.weights[x] & 0xFFFF);
    const auto right_weight = static_cast<int>(taps.weights[x] >> 16);
    for (int c = 0; c < kChannels; ++c)
      blocks[block_word(x, c)] = static_cast<std::int16_t>(
          (row[left + c] * left_weight + row[right + c] * right_weight) >> 4);
  }
}

void blend_row_scalar(const RowPair& rows, int begin, int end, std::uint8_t* out) {
  for (int x = begin; x < end; ++x)
    for (int c = 0; c < kChannels; ++c)
      out[x * kChannels + c] = static_cast<std::uint8_t>(blend(rows, block_word(x, c)));
}

void blend_row_planar_scalar(const RowPair& rows, int begin, int end, const RowTarget& target) {
  for (int c = 0; c < kChannels; ++c) {
    const auto channel = static_cast<std::size_t>(c);
    const float* table = target.channel[channel]->table;
    float* plane = target.plane[channel];
    for (int x = begin; x < end; ++x) plane[x] = table[blend(rows, block_word(x, c))];
  }
}

void halve_row_scalar(const std::uint8_t* upper, const std::uint8_t* lower, int begin, int end,
                      std::uint8_t* out) {
  for (int x = begin; x < end; ++x)
    for (int c = 0; c < kChannels; ++c) {
      const int left = 2 * x * kChannels + c;
      const int right = left + kChannels;
      out[x * kChannels + c] = static_cast<std::uint8_t>(
          (upper[left] + upper[right] + lower[left] + lower[right] + 2) >> 2);
    }
}

}  // namespace hpinfer::vision

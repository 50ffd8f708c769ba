#include "vision/resize_row.h"

#include "vision/row_layout.h"

namespace hpinfer::vision {
namespace {

// Where a pixel's channels are within its block.
constexpr int channel_word(int lane, int channel) {
  return channel < 2 ? 2 * lane + channel : 32 + 2 * (lane % 8) + lane / 8;
}

// The blended words of a block: each product keeps its high 16 bits on its own, as in the
// reference. A plain loop over int16, so that compilers vectorise it.
void blend_block(const RowPair& rows, int block, std::int16_t* values) {
  const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(block) * kBlockWords;
  const std::int16_t* upper = rows.upper + at;
  const std::int16_t* lower = rows.lower + at;
  for (int i = 0; i < kBlockWords; ++i) {
    const auto above = static_cast<std::int16_t>(rows.upper_weight * upper[i] >> 16);
    const auto below = static_cast<std::int16_t>(rows.lower_weight * lower[i] >> 16);
    values[i] = static_cast<std::int16_t>((above + below + 2) >> 2);
  }
}

// Calls emit(x, lane, values) for each pixel.
template <typename Emit>
void for_each_pixel(const RowPair& rows, int begin, int end, const Emit& emit) {
  std::int16_t values[kBlockWords];
  for (int x = begin; x < end; ++x) {
    const int lane = x % kBlockPixels;
    if (lane == 0 || x == begin) blend_block(rows, x / kBlockPixels, values);
    emit(x, lane, values);
  }
}

}  // namespace

void resize_columns_scalar(const std::uint8_t* row, const ColumnTaps& taps, std::int16_t* blocks) {
  const ColumnTaps local = taps;  // a copy, so that stores cannot change it
  const int last = local.row_bytes - kChannels;
  for (int x = 0; x < local.count; ++x) {
    const int left = local.offset[x] + local.shift[x] / 8;
    const int right = left < last ? left + kChannels : last;
    const auto left_weight = static_cast<int>(local.weights[x] & 0xFFFF);
    const auto right_weight = static_cast<int>(local.weights[x] >> 16);
    const auto value = [&](int c) {
      return static_cast<std::int16_t>(
          (row[left + c] * left_weight + row[right + c] * right_weight) >> 4);
    };
    const int lane = x % kBlockPixels;
    std::int16_t* block = blocks + static_cast<std::ptrdiff_t>(x / kBlockPixels) * kBlockWords;
    block[channel_word(lane, 0)] = value(0);
    block[channel_word(lane, 1)] = value(1);
    block[channel_word(lane, 2)] = value(2);
  }
}

void blend_row_scalar(const RowPair& rows, int begin, int end, std::uint8_t* out) {
  for_each_pixel(rows, begin, end, [&](int x, int lane, const std::int16_t* values) {
    std::uint8_t* pixel = out + static_cast<std::ptrdiff_t>(x) * kChannels;
    for (int c = 0; c < kChannels; ++c)
      pixel[c] = static_cast<std::uint8_t>(values[channel_word(lane, c)]);
  });
}

void blend_row_planar_scalar(const RowPair& rows, int begin, int end, const RowTarget& target) {
  for_each_pixel(rows, begin, end, [&](int x, int lane, const std::int16_t* values) {
    for (int c = 0; c < kChannels; ++c)
      target.plane[c][x] = target.channel[c]->table[values[channel_word(lane, c)]];
  });
}

void halve_row_scalar(const std::uint8_t* upper, const std::uint8_t* lower, int begin, int end,
                      std::uint8_t* out) {
  for (int x = begin; x < end; ++x)
    for (int c = 0; c < kChannels; ++c) {
      const std::ptrdiff_t left = static_cast<std::ptrdiff_t>(x) * 2 * kChannels + c;
      const std::ptrdiff_t right = left + kChannels;
      out[static_cast<std::ptrdiff_t>(x) * kChannels + c] = static_cast<std::uint8_t>(
          (upper[left] + upper[right] + lower[left] + lower[right] + 2) >> 2);
    }
}

}  // namespace hpinfer::vision

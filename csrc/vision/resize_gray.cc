#include <vector>

#include "vision/resize.h"

namespace hpinfer::vision {
namespace {

void halve_gray(const ImageView& source, Image& target) {
  for (int y = 0; y < target.height; ++y) {
    const auto* upper = source.row<std::uint8_t>(2 * y);
    const auto* lower = source.row<std::uint8_t>(2 * y + 1);
    std::uint8_t* out = target.row(y);
    for (int x = 0; x < target.width; ++x)
      out[x] = static_cast<std::uint8_t>(
          (upper[2 * x] + upper[2 * x + 1] + lower[2 * x] + lower[2 * x + 1] + 2) >> 2);
  }
}

int blend(const RowTap& tap, int upper, int lower) {
  return ((tap.upper_weight * upper >> 16) + (tap.lower_weight * lower >> 16) + 2) >> 2;
}

}  // namespace

void resize_gray(const ImageView& source, Image& target) {
  if (source.height == 2 * target.height && source.width == 2 * target.width)
    return halve_gray(source, target);
  if (source.height == target.height && source.width == target.width) {
    for (int y = 0; y < target.height; ++y)
      std::copy_n(source.row<std::uint8_t>(y), target.width, target.row(y));
    return;
  }
  std::vector<ColumnTap> columns(static_cast<std::size_t>(target.width));
  const TapAxis axis(source.width, target.width);
  for (int x = 0; x < target.width; ++x) columns[static_cast<std::size_t>(x)] = column_tap(axis, x);
  std::vector<RowTap> rows(static_cast<std::size_t>(target.height));
  row_taps(source.height, target.height, 0, rows);
  for (int y = 0; y < target.height; ++y) {
    const RowTap& tap = rows[static_cast<std::size_t>(y)];
    const auto* upper = source.row<std::uint8_t>(tap.upper);
    const auto* lower = source.row<std::uint8_t>(tap.lower);
    std::uint8_t* out = target.row(y);
    for (int x = 0; x < target.width; ++x) {
      const ColumnTap& column = columns[static_cast<std::size_t>(x)];
      const int right = column.right_weight == 0 ? column.left : column.left + 1;
      const auto across = [&](const std::uint8_t* row) {
        return (row[column.left] * column.left_weight + row[right] * column.right_weight) >> 4;
      };
      out[x] = static_cast<std::uint8_t>(blend(tap, across(upper), across(lower)));
    }
  }
}

}  // namespace hpinfer::vision

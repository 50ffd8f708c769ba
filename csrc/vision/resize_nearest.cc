#include "vision/resize_nearest.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "vision/row_layout.h"

namespace hpinfer::vision {
namespace {

constexpr int kWord = 4;  // bytes that are moved faster than the three of a pixel

std::vector<int> nearest(int source, int target, int first, int count, int step) {
  // The reciprocal of the ratio, as the reference computes it.
  const double scale = 1.0 / (static_cast<double>(target) / static_cast<double>(source));
  std::vector<int> positions(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i)
    positions[static_cast<std::size_t>(i)] =
        step * std::min(static_cast<int>(std::floor((first + i) * scale)), source - 1);
  return positions;
}

}  // namespace

NearestResize::NearestResize(const SampledSize& size)
    : columns_(nearest(size.source_width, size.target_width, size.x, size.width, kChannels)),
      rows_(nearest(size.source_height, size.target_height, size.y, size.height, 1)) {
  // The byte too much is overwritten by the next pixel, and exists in the source.
  const int last = size.source_width * kChannels - kWord;
  const auto end = std::upper_bound(columns_.begin(), columns_.end(), last);
  wide_ = std::min(static_cast<std::size_t>(end - columns_.begin()), columns_.size() - 1);
}

void NearestResize::run(const ImageView& source, int begin, int end, const EmitRow& emit) const {
  std::vector<std::uint8_t> out(columns_.size() * kChannels);
  for (int y = begin; y < end; ++y) {
    const auto* row = source.row<std::uint8_t>(rows_[static_cast<std::size_t>(y)]);
    std::uint8_t* to = out.data();
    for (std::size_t x = 0; x < wide_; ++x, to += kChannels)
      std::memcpy(to, row + columns_[x], kWord);
    for (std::size_t x = wide_; x < columns_.size(); ++x, to += kChannels)
      std::memcpy(to, row + columns_[x], kChannels);
    emit(y, out.data());
  }
}

}  // namespace hpinfer::vision

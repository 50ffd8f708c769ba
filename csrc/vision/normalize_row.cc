#include "vision/normalize_row.h"

namespace hpinfer::vision {

void normalize_row_scalar(const std::uint8_t* row, int begin, int end, const RowTarget& target) {
  for (std::size_t c = 0; c < 3; ++c) {
    const float* table = target.channel[c]->table;
    float* plane = target.plane[c];
    for (int x = begin; x < end; ++x) plane[x] = table[row[static_cast<std::size_t>(x) * 3 + c]];
  }
}

}  // namespace hpinfer::vision

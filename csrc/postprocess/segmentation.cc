#include "postprocess/segmentation.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace hpinfer::postprocess {
namespace {

int nearest(int source, int target, int index) {
  const double scale = 1.0 / (static_cast<double>(target) / static_cast<double>(source));
  return std::min(static_cast<int>(std::floor(index * scale)), source - 1);
}

}  // namespace

template <typename T>
void resize_labels(const T* labels, int height, int width, std::int32_t* out, int out_height,
                   int out_width) {
  std::vector<int> columns(static_cast<std::size_t>(out_width));
  for (int x = 0; x < out_width; ++x)
    columns[static_cast<std::size_t>(x)] = nearest(width, out_width, x);
  for (int y = 0; y < out_height; ++y) {
    const T* row = labels + static_cast<std::ptrdiff_t>(nearest(height, out_height, y)) * width;
    out = std::transform(columns.begin(), columns.end(), out,
                         [row](int x) { return static_cast<std::int32_t>(row[x]); });
  }
}

template void resize_labels(const std::int32_t*, int, int, std::int32_t*, int, int);
template void resize_labels(const std::int64_t*, int, int, std::int32_t*, int, int);

void best_classes(const float* values, std::size_t classes, std::size_t cells, std::int32_t* out) {
  std::vector<float> best(values, values + cells);
  std::fill_n(out, cells, 0);
  for (std::size_t c = 1; c < classes; ++c) {
    const float* plane = values + c * cells;
    for (std::size_t i = 0; i < cells; ++i)
      if (plane[i] > best[i]) {
        best[i] = plane[i];
        out[i] = static_cast<std::int32_t>(c);
      }
  }
}

}  // namespace hpinfer::postprocess

// Label maps of semantic segmentation.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hpinfer::postprocess {

// A label map [height, width] brought to another size by the nearest cell, as
// cv2.resize(INTER_NEAREST). T is int32 or int64.
template <typename T>
void resize_labels(const T* labels, int height, int width, std::int32_t* out, int out_height,
                   int out_width);

// The class with the highest value at each of `cells` cells of [classes, cells]; of equals the
// first.
void best_classes(const float* values, std::size_t classes, std::size_t cells, std::int32_t* out);

}  // namespace hpinfer::postprocess

// Greedy non-maximum suppression of axis-aligned boxes.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace hpinfer::postprocess {

struct Box {
  float x1 = 0.0F;
  float y1 = 0.0F;
  float x2 = 0.0F;
  float y2 = 0.0F;
};

// Intersection over union. `extra` is added to every side: 1 when coordinates name pixels whose far
// edge belongs to the box, else 0. No union: 0.
float intersection_over_union(const Box& a, const Box& b, float extra) noexcept;

// The indices that stay, in the order of `order` (best first). A later one is dropped when
// drops(kept, later).
std::vector<std::size_t> greedy_nms(std::span<const std::size_t> order,
                                    const std::function<bool(std::size_t, std::size_t)>& drops);

}  // namespace hpinfer::postprocess

#include "postprocess/nms.h"

#include <algorithm>

namespace hpinfer::postprocess {

float intersection_over_union(const Box& a, const Box& b, float extra) noexcept {
  const float width = std::max(0.0F, std::min(a.x2, b.x2) - std::max(a.x1, b.x1) + extra);
  const float height = std::max(0.0F, std::min(a.y2, b.y2) - std::max(a.y1, b.y1) + extra);
  const float shared = width * height;
  const float of_a = (a.x2 - a.x1 + extra) * (a.y2 - a.y1 + extra);
  const float of_b = (b.x2 - b.x1 + extra) * (b.y2 - b.y1 + extra);
  const float all = of_a + of_b - shared;
  return all > 0.0F ? shared / all : 0.0F;
}

std::vector<std::size_t> greedy_nms(std::span<const std::size_t> order,
                                    const std::function<bool(std::size_t, std::size_t)>& drops) {
  std::vector<std::size_t> kept;
  for (const std::size_t candidate : order) {
    const bool dropped = std::any_of(
        kept.begin(), kept.end(), [&](std::size_t earlier) { return drops(earlier, candidate); });
    if (!dropped) kept.push_back(candidate);
  }
  return kept;
}

}  // namespace hpinfer::postprocess

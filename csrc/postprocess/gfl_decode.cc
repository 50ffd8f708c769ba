#include "postprocess/gfl_decode.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"
#include "postprocess/nms.h"

namespace hpinfer::postprocess {
namespace {

// Boxes of the cells that have a class above the threshold, in network pixels, and the classes.
struct Candidates {
  std::vector<Box> boxes;
  struct Claim {
    std::size_t class_id;
    std::size_t box;
    float score;
  };
  std::vector<Claim> claims;
};

// The expectation of the softmax distribution over 0, 1, … bins - 1.
float expected_distance(const float* logits, std::size_t bins) {
  const float top = *std::max_element(logits, logits + bins);
  float sum = 0.0F;
  float weighted = 0.0F;
  for (std::size_t i = 0; i < bins; ++i) {
    const float weight = std::exp(logits[i] - top);
    sum += weight;
    weighted += weight * static_cast<float>(i);
  }
  return weighted / sum;
}

Box decode_box(const float* distances, std::size_t bins, float x, float y, float stride) {
  float side[4];
  for (std::size_t i = 0; i < 4; ++i)
    side[i] = expected_distance(distances + i * bins, bins) * stride;
  return {x - side[0], y - side[1], x + side[2], y + side[3]};
}

void collect(const GflLevel& level, std::size_t classes, std::size_t bins, int stride,
             const GflGeometry& geometry, float score_threshold, Candidates& found) {
  const auto columns = static_cast<std::size_t>((geometry.input_width + stride - 1) / stride);
  const auto rows = static_cast<std::size_t>((geometry.input_height + stride - 1) / stride);
  check(level.cells == rows * columns, ErrorCode::kModelFormat, "a head of stride ", stride,
        " for an input of ", geometry.input_width, "x", geometry.input_height, " has ",
        rows * columns, " cells; the model gives ", level.cells);
  const auto step = static_cast<float>(stride);
  for (std::size_t cell = 0; cell < level.cells; ++cell) {
    const float* scores = level.scores + cell * classes;
    bool decoded = false;
    for (std::size_t c = 0; c < classes; ++c) {
      if (!(scores[c] > score_threshold)) continue;
      if (!decoded)
        found.boxes.push_back(decode_box(level.distances + cell * 4 * bins, bins,
                                         (static_cast<float>(cell % columns) + 0.5F) * step,
                                         (static_cast<float>(cell / columns) + 0.5F) * step, step));
      decoded = true;
      found.claims.push_back({c, found.boxes.size() - 1, scores[c]});
    }
  }
}

// Claims [begin, end) are of one class, best first; the indices of those that stay.
std::vector<std::size_t> suppress(const Candidates& found, std::size_t begin, std::size_t end,
                                  const GflOptions& options) {
  std::vector<std::size_t> order(
      std::min(end - begin, static_cast<std::size_t>(std::max(options.nms_top_k, 0))));
  std::iota(order.begin(), order.end(), begin);
  return greedy_nms(order, [&](std::size_t kept, std::size_t later) {
    return intersection_over_union(found.boxes[found.claims[kept].box],
                                   found.boxes[found.claims[later].box],
                                   0.0F) > options.nms_threshold;
  });
}

// The best keep_top_k, still in the order of the list.
void keep_best(const Candidates& found, std::vector<std::size_t>& kept, int keep_top_k) {
  if (keep_top_k < 0 || kept.size() <= static_cast<std::size_t>(keep_top_k)) return;
  std::stable_sort(kept.begin(), kept.end(), [&](std::size_t a, std::size_t b) {
    return found.claims[a].score > found.claims[b].score;
  });
  kept.resize(static_cast<std::size_t>(keep_top_k));
  std::sort(kept.begin(), kept.end());
}

}  // namespace

std::vector<float> decode_gfl(std::span<const GflLevel> levels, std::size_t classes,
                              std::size_t bins, const GflGeometry& geometry,
                              const GflOptions& options) {
  check(levels.size() == options.strides.size(), ErrorCode::kModelFormat, "the model has ",
        levels.size(), " levels, its configuration names ", options.strides.size(), " strides");
  check(bins > 0, ErrorCode::kModelFormat, "the model gives distances of 0 bins");
  for (const int stride : options.strides)
    check(stride > 0, ErrorCode::kConfig, "strides must be above 0; got ", stride);
  Candidates found;
  for (std::size_t i = 0; i < levels.size(); ++i)
    collect(levels[i], classes, bins, options.strides[i], geometry, options.score_threshold, found);
  auto& claims = found.claims;
  std::stable_sort(claims.begin(), claims.end(), [](const auto& a, const auto& b) {
    return a.class_id < b.class_id || (a.class_id == b.class_id && a.score > b.score);
  });
  std::vector<std::size_t> kept;
  for (std::size_t begin = 0; begin < claims.size();) {
    std::size_t end = begin;
    while (end < claims.size() && claims[end].class_id == claims[begin].class_id) ++end;
    const auto of_class = suppress(found, begin, end, options);
    kept.insert(kept.end(), of_class.begin(), of_class.end());
    begin = end;
  }
  keep_best(found, kept, options.keep_top_k);
  std::vector<float> rows;
  rows.reserve(kept.size() * 6);
  for (const std::size_t index : kept) {
    const auto& claim = claims[index];
    const Box& box = found.boxes[claim.box];
    rows.insert(rows.end(),
                {static_cast<float>(claim.class_id), claim.score, box.x1 / geometry.scale_x,
                 box.y1 / geometry.scale_y, box.x2 / geometry.scale_x, box.y2 / geometry.scale_y});
  }
  return rows;
}

}  // namespace hpinfer::postprocess

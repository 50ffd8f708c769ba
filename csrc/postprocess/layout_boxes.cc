#include "postprocess/layout_boxes.h"

#include <algorithm>
#include <numeric>

#include "core/error.h"

namespace hpinfer::postprocess {
namespace {

constexpr float kOverlapSameClass = 0.6F;
constexpr float kOverlapOtherClass = 0.98F;
constexpr double kLandscapePage = 0.82;
constexpr double kOtherPage = 0.93;
constexpr float kContained = 0.9F;

void keep(std::vector<Detection>& detections, const std::vector<bool>& wanted) {
  std::vector<Detection> kept;
  for (std::size_t i = 0; i < detections.size(); ++i)
    if (wanted[i]) kept.push_back(detections[i]);
  detections = std::move(kept);
}

bool lies_in(const Detection& inner, const Detection& outer) {
  const Box a = inner.box();
  const Box b = outer.box();
  const float area = (a.x2 - a.x1) * (a.y2 - a.y1);
  const float width = std::max(0.0F, std::min(a.x2, b.x2) - std::max(a.x1, b.x1));
  const float height = std::max(0.0F, std::min(a.y2, b.y2) - std::max(a.y1, b.y1));
  return area > 0.0F && width * height / area >= kContained;
}

// Which boxes stay by one rule; with a class, only pairs whose container (large) or content (small)
// is of that class count.
std::vector<bool> stay(const std::vector<Detection>& detections, MergeMode mode,
                       std::optional<int> only_class, std::optional<int> formula_class) {
  const std::size_t count = detections.size();
  std::vector<bool> holds(count, false);
  std::vector<bool> held(count, false);
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t j = 0; j < count; ++j) {
      const Detection& inner = detections[i];
      const Detection& outer = detections[j];
      const Detection& named = mode == MergeMode::kLarge ? outer : inner;
      if (i == j || (only_class && named.class_id != *only_class)) continue;
      if (inner.class_id == formula_class && outer.class_id != formula_class) continue;
      if (!lies_in(inner, outer)) continue;
      held[i] = true;
      holds[j] = true;
    }
  std::vector<bool> wanted(count);
  for (std::size_t i = 0; i < count; ++i)
    wanted[i] = mode == MergeMode::kLarge ? !held[i] : !holds[i] || held[i];
  return wanted;
}

void grow(Detection& detection, const UnclipRatio& ratio) {
  const Box box = detection.box();
  const float width = box.x2 - box.x1;
  const float height = box.y2 - box.y1;
  const float half_width = width * ratio.width / 2.0F;
  const float half_height = height * ratio.height / 2.0F;
  const float x = box.x1 + width / 2.0F;
  const float y = box.y1 + height / 2.0F;
  detection.coordinates = {x - half_width, y - half_height, x + half_width, y + half_height};
}

}  // namespace

void suppress_overlaps(std::vector<Detection>& detections) {
  std::vector<std::size_t> order(detections.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return detections[a].score < detections[b].score;
  });
  std::reverse(order.begin(), order.end());
  const auto drops = [&](std::size_t kept, std::size_t later) {
    const Detection& a = detections[kept];
    const Detection& b = detections[later];
    const float limit = a.class_id == b.class_id ? kOverlapSameClass : kOverlapOtherClass;
    return intersection_over_union(a.box(), b.box(), 1.0F) >= limit;
  };
  std::vector<Detection> result;
  for (const std::size_t index : greedy_nms(order, drops)) result.push_back(detections[index]);
  detections = std::move(result);
}

void drop_page_sized(std::vector<Detection>& detections, int image_class, int width, int height) {
  if (detections.size() < 2) return;
  const auto page_width = static_cast<float>(width);
  const auto page_height = static_cast<float>(height);
  const double share = width > height ? kLandscapePage : kOtherPage;
  const auto limit = static_cast<float>(share * (static_cast<double>(width) * height));
  std::vector<bool> wanted;
  for (const Detection& detection : detections) {
    const Box box = detection.box();
    const float area = (std::min(page_width, box.x2) - std::max(0.0F, box.x1)) *
                       (std::min(page_height, box.y2) - std::max(0.0F, box.y1));
    wanted.push_back(detection.class_id != image_class || area <= limit);
  }
  if (std::any_of(wanted.begin(), wanted.end(), [](bool stays) { return stays; }))
    keep(detections, wanted);
}

void merge_contained(std::vector<Detection>& detections, const LayoutOptions& options) {
  std::vector<bool> wanted(detections.size(), true);
  const auto apply = [&](MergeMode mode, std::optional<int> only_class) {
    if (mode == MergeMode::kUnion) return;
    const std::vector<bool> by_rule = stay(detections, mode, only_class, options.formula_class);
    for (std::size_t i = 0; i < wanted.size(); ++i) wanted[i] = wanted[i] && by_rule[i];
  };
  if (options.merge_by_class.empty()) apply(options.merge, std::nullopt);
  for (const auto& [class_id, mode] : options.merge_by_class) apply(mode, class_id);
  keep(detections, wanted);
}

void sort_by_reading_order(std::vector<Detection>& detections) {
  std::stable_sort(
      detections.begin(), detections.end(), [](const Detection& a, const Detection& b) {
        return a.order < b.order || (a.order == b.order && a.order_within > b.order_within);
      });
}

void unclip(std::vector<Detection>& detections, const LayoutOptions& options) {
  const bool by_class = !options.unclip_by_class.empty();
  if (!by_class && !options.unclip) return;
  for (Detection& detection : detections) {
    check(!detection.rotated, ErrorCode::kUnsupported,
          "rotated boxes cannot be grown: leave layout_unclip_ratio out for this model");
    const auto found = options.unclip_by_class.find(detection.class_id);
    if (found != options.unclip_by_class.end())
      grow(detection, found->second);
    else if (!by_class)
      grow(detection, *options.unclip);
  }
}

}  // namespace hpinfer::postprocess

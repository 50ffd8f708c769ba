#include "postprocess/detection.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace hpinfer::postprocess {
namespace {

constexpr std::size_t kCornerColumns = 10;

Detection to_detection(const float* row, std::size_t columns, std::size_t index) {
  Detection detection;
  detection.class_id = static_cast<int>(row[0]);
  detection.score = row[1];
  detection.row = index;
  detection.rotated = columns == kCornerColumns;
  std::copy_n(row + 2, detection.rotated ? 8 : 4, detection.coordinates.begin());
  if (columns == 7 || columns == 8) detection.order = row[6];
  if (columns == 8) detection.order_within = row[7];
  return detection;
}

float threshold_of(const ScoreThreshold& threshold, int class_id) {
  if (!threshold.by_class) return threshold.value;
  const auto found = threshold.by_class->find(class_id);
  return found == threshold.by_class->end() ? ScoreThreshold::kMissingClass : found->second;
}

// True if something is left.
bool clip(Detection& detection, const PictureSize& size) {
  const auto width = static_cast<float>(size.width);
  const auto height = static_cast<float>(size.height);
  auto& c = detection.coordinates;
  for (std::size_t i = 0; i < c.size(); i += 2) {
    c[i] = std::clamp(c[i], 0.0F, width);
    c[i + 1] = std::clamp(c[i + 1], 0.0F, height);
  }
  return detection.rotated || (c[2] > c[0] && c[3] > c[1]);
}

template <typename T>
bool is_set(T cell) {
  if constexpr (std::is_floating_point_v<T>)
    return cell > T{0.5};
  else
    return cell != T{0};
}

}  // namespace

std::vector<Detection> select_detections(const DetectionRows& rows,
                                         const ScoreThreshold& threshold) {
  check(
      rows.columns == 6 || rows.columns == 7 || rows.columns == 8 || rows.columns == kCornerColumns,
      ErrorCode::kModelFormat, "a detection row has 6, 7, 8 or 10 columns; the model gives ",
      rows.columns);
  std::vector<Detection> selected;
  for (std::size_t i = 0; i < rows.count; ++i) {
    const float* row = rows.data + i * rows.columns;
    // Not `class < 0`: between -1 and 0 there is a class, and NaN is none.
    if (!(row[0] > -1.0F) || !(row[0] < 1e6F)) continue;
    if (row[1] > threshold_of(threshold, static_cast<int>(row[0])))
      selected.push_back(to_detection(row, rows.columns, i));
  }
  if (threshold.by_class)
    std::stable_sort(selected.begin(), selected.end(), [](const Detection& a, const Detection& b) {
      return a.class_id < b.class_id;
    });
  return selected;
}

void clip_detections(std::vector<Detection>& detections, const PictureSize& size) {
  std::vector<Detection> left;
  for (Detection& detection : detections)
    if (clip(detection, size)) left.push_back(detection);
  detections = std::move(left);
}

std::vector<Detection> refine_detections(const DetectionRows& rows, const DetectionOptions& options,
                                         const PictureSize& size) {
  std::vector<Detection> detections = select_detections(rows, options.threshold);
  const LayoutOptions& layout = options.layout;
  if (layout.nms) suppress_overlaps(detections);
  if (layout.image_class && rows.columns != kCornerColumns)
    drop_page_sized(detections, *layout.image_class, size.width, size.height);
  merge_contained(detections, layout);
  if (rows.columns == 7 || rows.columns == 8) sort_by_reading_order(detections);
  unclip(detections, layout);
  clip_detections(detections, size);
  return detections;
}

template <typename T>
Mask crop_mask(const T* mask, int height, int width, const Detection& detection) {
  const auto round = [](float value, int limit) {
    const auto last = static_cast<float>(limit);  // a number, whatever the network gave
    return std::isnan(value) ? 0 : static_cast<int>(std::clamp(std::nearbyint(value), 0.0F, last));
  };
  const auto& c = detection.coordinates;
  const int left = round(c[0], width);
  const int top = round(c[1], height);
  const int right = std::max(round(c[2], width), left);
  const int bottom = std::max(round(c[3], height), top);
  Mask cut{bottom - top, right - left, {}};
  cut.cells.reserve(static_cast<std::size_t>(cut.height) * static_cast<std::size_t>(cut.width));
  for (int y = top; y < bottom; ++y) {
    const T* row = mask + static_cast<std::ptrdiff_t>(y) * width;
    std::transform(row + left, row + right, std::back_inserter(cut.cells),
                   [](T cell) { return static_cast<std::uint8_t>(is_set(cell)); });
  }
  return cut;
}

template Mask crop_mask(const std::int32_t*, int, int, const Detection&);
template Mask crop_mask(const std::int64_t*, int, int, const Detection&);
template Mask crop_mask(const std::uint8_t*, int, int, const Detection&);
template Mask crop_mask(const bool*, int, int, const Detection&);
template Mask crop_mask(const float*, int, int, const Detection&);

}  // namespace hpinfer::postprocess

#include <cmath>
#include <limits>

#include "postprocess/detection.h"
#include "postprocess/gfl_decode.h"
#include "postprocess/segmentation.h"
#include "testing.h"

namespace hpinfer::postprocess {
namespace {

using Row = std::vector<float>;

std::vector<Detection> refine(const std::vector<Row>& rows, const DetectionOptions& options,
                              PictureSize size = {100, 80}) {
  std::vector<float> values;
  for (const Row& row : rows) values.insert(values.end(), row.begin(), row.end());
  const std::size_t columns = rows.empty() ? 6 : rows[0].size();
  return refine_detections({values.data(), rows.size(), columns}, options, size);
}

std::vector<std::size_t> rows_of(const std::vector<Detection>& detections) {
  std::vector<std::size_t> rows;
  for (const Detection& detection : detections) rows.push_back(detection.row);
  return rows;
}

TEST(no_rows_give_no_detections) {
  DetectionOptions all;
  all.threshold.by_class.emplace();
  all.layout = {true, 1, 2, MergeMode::kLarge, {}, UnclipRatio{2, 2}, {}};
  EXPECT(refine({}, all).empty());
  EXPECT(refine({{-1, 0.9F, 0, 0, 9, 9}}, all).empty());
}

TEST(not_a_number_is_no_detection) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT(refine({{nan, 0.9F, 0, 0, 9, 9}}, {}).empty());
  EXPECT(refine({{0, nan, 0, 0, 9, 9}}, {}).empty());
  EXPECT(refine({{0, 0.9F, nan, 0, 9, 9}}, {}).empty());
}

TEST(thresholds_by_class_group_the_result) {
  DetectionOptions options;
  options.threshold.by_class = {{1, 0.8F}};
  const auto found = refine(
      {{2, 0.6F, 0, 0, 9, 9}, {1, 0.7F, 0, 0, 9, 9}, {0, 0.5F, 0, 0, 9, 9}, {1, 0.9F, 0, 0, 9, 9}},
      options);
  EXPECT(rows_of(found) == (std::vector<std::size_t>{3, 0}));
}

TEST(overlaps_are_judged_by_class) {
  DetectionOptions options;
  options.layout.nms = true;
  const std::vector<Row> rows{{0, 0.7F, 0, 0, 50, 50},
                              {0, 0.9F, 0, 0, 50, 40},
                              {1, 0.6F, 0, 0, 50, 50},
                              {1, 0.55F, 0, 0, 50, 50}};
  EXPECT(rows_of(refine(rows, options)) == (std::vector<std::size_t>{1, 2}));
}

TEST(order_columns_sort_and_masks_keep_their_row) {
  const auto by_one = refine({{0, 0.9F, 0, 0, 9, 9, 5}, {0, 0.8F, 0, 0, 9, 9, 1}}, {});
  EXPECT(rows_of(by_one) == (std::vector<std::size_t>{1, 0}));
  const auto by_two = refine({{0, 0.9F, 0, 0, 9, 9, 5, 1}, {0, 0.8F, 0, 0, 9, 9, 5, 2}}, {});
  EXPECT(rows_of(by_two) == (std::vector<std::size_t>{1, 0}));
  // The second lies outside, so the third keeps its own row (PaddleX gives it the second's mask).
  const auto cut =
      refine({{0, 0.9F, 0, 0, 9, 9}, {0, 0.9F, 200, 0, 300, 9}, {0, 0.9F, 50, 0, 60, 9}}, {});
  EXPECT(rows_of(cut) == (std::vector<std::size_t>{0, 2}));
}

TEST(masks_are_cut_with_half_to_even) {
  std::vector<std::int32_t> cells(8 * 10, 0);
  cells[static_cast<std::size_t>(2 * 10 + 4)] = 1;
  Detection detection;
  detection.coordinates = {2.5F, 1.5F, 6.5F, 3.4F};  // 2, 2, 6, 3
  const Mask mask = crop_mask(cells.data(), 8, 10, detection);
  EXPECT_EQ(mask.width, 4);
  EXPECT_EQ(mask.height, 1);
  EXPECT(mask.cells == (std::vector<std::uint8_t>{0, 0, 1, 0}));
  detection.coordinates = {8.0F, 6.0F, 40.0F, 40.0F};  // beyond the mask
  EXPECT_EQ(crop_mask(cells.data(), 8, 10, detection).cells.size(), std::size_t{4});
}

TEST(a_single_claim_decodes_to_its_box) {
  std::vector<float> scores(4, 0.0F);
  scores[3] = 0.9F;  // cell (1, 1) of stride 8: centre 12, 12
  std::vector<float> sides(static_cast<std::size_t>(4 * 4 * 3), 0.0F);  // flat: expectation 1
  const GflLevel level{scores.data(), sides.data(), 4};
  GflOptions options;
  options.strides = {8};
  const auto rows = decode_gfl({&level, 1}, 1, 3, {16, 16, 2.0F, 1.0F}, options);
  EXPECT(rows == (std::vector<float>{0.0F, 0.9F, 4.0F, 2.0F, 20.0F, 10.0F}));
  EXPECT_ERROR(decode_gfl({&level, 1}, 1, 3, {16, 17, 1.0F, 1.0F}, options),
               ErrorCode::kModelFormat, "6 cells; the model gives 4");
}

TEST(labels_follow_the_nearest_cell) {
  const std::vector<std::int64_t> labels{1, 2, 3, 4};
  std::vector<std::int32_t> out(9);
  resize_labels(labels.data(), 2, 2, out.data(), 3, 3);
  EXPECT(out == (std::vector<std::int32_t>{1, 1, 2, 1, 1, 2, 3, 3, 4}));
  const std::vector<float> values{0, 5, 5, 1, 5, 6};
  std::vector<std::int32_t> best(3);
  best_classes(values.data(), 2, 3, best.data());
  EXPECT(best == (std::vector<std::int32_t>{1, 0, 1}));
}

}  // namespace
}  // namespace hpinfer::postprocess

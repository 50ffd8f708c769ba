// The steps that layout detection adds to the boxes of a page (contract 6.2, steps 2 to 6). Each
// changes the list in place; arithmetic is float32, as in the reference.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <vector>

#include "postprocess/nms.h"

namespace hpinfer::postprocess {

// One object. Coordinates are pixels of the picture: x1, y1, x2, y2, or the four corners of a
// rotated box.
struct Detection {
  int class_id = 0;
  float score = 0.0F;
  std::array<float, 8> coordinates{};
  bool rotated = false;
  float order = 0.0F;  // reading order, ascending; of equals the larger order_within first
  float order_within = 0.0F;
  std::size_t row = 0;  // of the network's output

  Box box() const noexcept {
    return {coordinates[0], coordinates[1], coordinates[2], coordinates[3]};
  }
};

// What happens to boxes of which one lies in the other.
enum class MergeMode {
  kUnion,  // nothing
  kLarge,  // those that lie in another go
  kSmall,  // those that hold another go, unless they lie in one themselves
};

// Growth about the centre.
struct UnclipRatio {
  float width = 1.0F;
  float height = 1.0F;
};

struct LayoutOptions {
  bool nms = false;
  std::optional<int> image_class;    // the label "image", whose page-sized boxes are dropped
  std::optional<int> formula_class;  // the label "formula", never counted as part of another class
  MergeMode merge = MergeMode::kUnion;
  std::vector<std::pair<int, MergeMode>> merge_by_class;  // when not empty, in place of `merge`
  std::optional<UnclipRatio> unclip;
  std::map<int, UnclipRatio> unclip_by_class;  // when not empty, in place of `unclip`
};

// Best first, drops boxes that overlap a better one: IoU (with a pixel added to each side) of at
// least 0.6 within a class, 0.98 between classes. The result is sorted by falling score; of equal
// scores the later comes first.
void suppress_overlaps(std::vector<Detection>& detections);

// Of two and more boxes, those of the class that cover more than 0.82 of a page in landscape or
// 0.93 of another; unless nothing would be left.
void drop_page_sized(std::vector<Detection>& detections, int image_class, int width, int height);

// A box lies in another when at least 0.9 of its area does.
void merge_contained(std::vector<Detection>& detections, const LayoutOptions& options);

void sort_by_reading_order(std::vector<Detection>& detections);

// Throws Error(kUnsupported) for rotated boxes.
void unclip(std::vector<Detection>& detections, const LayoutOptions& options);

}  // namespace hpinfer::postprocess

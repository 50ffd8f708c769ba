// Boxes out of detection networks: rows, raw heads, layout rules, suppression, masks, label maps.
#include "input.h"
#include "postprocess/detection.h"
#include "postprocess/gfl_decode.h"
#include "postprocess/segmentation.h"
#include "vision/planes_to_image.h"

namespace {

using hpinfer::fuzz::Input;
using namespace hpinfer::postprocess;

MergeMode merge_mode(Input& input) {
  return input.pick({MergeMode::kUnion, MergeMode::kLarge, MergeMode::kSmall});
}

DetectionOptions options(Input& input) {
  DetectionOptions result;
  result.threshold.value = input.number();
  if (input.flag()) result.threshold.by_class = {{0, input.number()}, {3, input.number()}};
  LayoutOptions& layout = result.layout;
  layout.nms = input.flag();
  if (input.flag()) layout.image_class = input.range(0, 3);
  if (input.flag()) layout.formula_class = input.range(0, 3);
  layout.merge = merge_mode(input);
  if (input.flag()) layout.merge_by_class = {{0, merge_mode(input)}, {2, merge_mode(input)}};
  if (input.flag()) layout.unclip = UnclipRatio{input.number(), input.number()};
  if (input.flag()) layout.unclip_by_class = {{1, {input.number(), input.number()}}};
  return result;
}

void rows(Input& input) {
  const std::size_t columns = input.pick<std::size_t>({6, 7, 8, 10, 5});
  const auto count = static_cast<std::size_t>(input.range(0, 60));
  const PictureSize size{input.range(1, 5000), input.range(1, 5000)};
  const DetectionOptions chosen = options(input);
  const std::vector<float> values = hpinfer::fuzz::numbers(input, columns * count);
  const auto found = refine_detections({values.data(), count, columns}, chosen, size);
  hpinfer::fuzz::require(found.size() <= count, "boxes are not invented");
  constexpr int kSide = 24;
  const std::vector<float> mask(kSide * kSide, 1.0F);
  for (const Detection& detection : found) {
    const Mask cut = crop_mask(mask.data(), kSide, kSide, detection);
    hpinfer::fuzz::require(cut.cells.size() == static_cast<std::size_t>(cut.height * cut.width),
                           "a mask has the cells that its size says");
  }
}

void heads(Input& input) {
  GflOptions chosen;
  chosen.strides.clear();
  for (int i = input.range(0, 4); i > 0; --i) chosen.strides.push_back(input.range(-1, 64));
  chosen.score_threshold = input.number();
  chosen.nms_threshold = input.number();
  chosen.nms_top_k = input.raw<std::int16_t>();
  chosen.keep_top_k = input.raw<std::int16_t>();
  const GflGeometry geometry{input.range(0, 128), input.range(0, 128), input.number(),
                             input.number()};
  const auto classes = static_cast<std::size_t>(input.range(0, 5));
  const auto bins = static_cast<std::size_t>(input.range(0, 9));
  const bool fitting = input.byte() % 8 != 0;
  std::vector<std::vector<float>> tensors;
  std::vector<GflLevel> levels;
  for (const int stride : chosen.strides) {
    const auto along = [&](int side) { return stride > 0 ? (side + stride - 1) / stride : 1; };
    const auto cells =
        fitting
            ? static_cast<std::size_t>(along(geometry.input_height) * along(geometry.input_width))
            : static_cast<std::size_t>(input.range(0, 50));
    if (cells > 400) return;
    tensors.push_back(hpinfer::fuzz::numbers(input, cells * classes));
    tensors.push_back(hpinfer::fuzz::numbers(input, cells * 4 * bins));
    levels.push_back({tensors[tensors.size() - 2].data(), tensors.back().data(), cells});
  }
  const std::vector<float> found = decode_gfl(levels, classes, bins, geometry, chosen);
  hpinfer::fuzz::require(found.size() % 6 == 0, "rows have six columns");
}

void maps(Input& input) {
  const int height = input.range(1, 30);
  const int width = input.range(1, 30);
  const auto cells = static_cast<std::size_t>(height * width);
  const auto classes = static_cast<std::size_t>(input.range(1, 4));
  const std::vector<float> values =
      hpinfer::fuzz::numbers(input, cells * std::max(classes, std::size_t{3}));
  std::vector<std::int32_t> best(cells);
  best_classes(values.data(), classes, cells, best.data());
  for (const std::int32_t label : best)
    hpinfer::fuzz::require(label >= 0 && static_cast<std::size_t>(label) < classes,
                           "a label is one of the classes");
  const int out_height = input.range(1, 100);
  const int out_width = input.range(1, 100);
  std::vector<std::int32_t> resized(static_cast<std::size_t>(out_height * out_width));
  resize_labels(best.data(), height, width, resized.data(), out_height, out_width);
  static_cast<void>(
      hpinfer::vision::planes_to_image(values.data(), height, width, hpinfer::ColorOrder::kBgr));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t count) {
  Input input(data, count);
  const int part = input.range(0, 2);
  hpinfer::fuzz::result_or_error([&] {
    if (part == 0)
      rows(input);
    else if (part == 1)
      heads(input);
    else
      maps(input);
  });
  return 0;
}

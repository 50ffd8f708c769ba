// Text regions out of probability maps: NaN, infinities, all ones, checkerboards, combs, noise.
#include "input.h"
#include "postprocess/db.h"
#include "postprocess/min_area_rect.h"
#include "postprocess/text_order.h"

namespace {

using hpinfer::fuzz::Input;
using namespace hpinfer::postprocess;

std::vector<float> cells(Input& input, int height, int width) {
  const auto count = static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
  if (input.flag()) return hpinfer::fuzz::numbers(input, count);
  // Two levels, bit by bit: the shapes of regions are what the rest of the input says.
  std::vector<float> values(count);
  const float low = input.flag() ? 0.0F : input.number();
  const float high = input.flag() ? 1.0F : input.number();
  const int period = input.range(1, 255);  // in cells: patterns that repeat row by row
  const auto bits = input.rest();
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t bit = bits.size() * 8 >= count ? i : i % static_cast<std::size_t>(period);
    const bool set = bit / 8 < bits.size() && ((bits[bit / 8] >> (bit % 8)) & 1U) != 0;
    values[i] = set ? high : low;
  }
  return values;
}

DbOptions options(Input& input) {
  DbOptions result;
  if (input.flag()) result.thresh = input.number();
  if (input.flag()) result.box_thresh = static_cast<double>(input.number());
  if (input.flag()) result.unclip_ratio = static_cast<double>(input.number());
  if (input.flag()) result.max_candidates = input.range(-1, 2000);
  if (input.flag()) result.min_size = input.raw<std::int32_t>();
  result.score_mode = input.pick({DbScoreMode::kFast, DbScoreMode::kSlow});
  result.box_type = input.pick({DbBoxType::kQuad, DbBoxType::kPoly});
  result.use_dilation = input.flag();
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t count) {
  Input input(data, count);
  DbGeometry geometry;
  geometry.map_height = input.range(0, 160);
  geometry.map_width = input.range(0, 160);
  geometry.source_height = input.flag() ? input.range(0, 20000) : geometry.map_height;
  geometry.source_width = input.flag() ? input.range(0, 20000) : geometry.map_width;
  const DbOptions chosen = options(input);
  const std::vector<float> map = cells(input, geometry.map_height, geometry.map_width);
  hpinfer::fuzz::result_or_error([&] {
    const auto regions = decode_db(map.data(), geometry, chosen);
    hpinfer::fuzz::require(regions.size() <= static_cast<std::size_t>(chosen.max_candidates),
                           "a page has at most max_candidates regions");
    std::vector<Polygon> polygons;
    for (const TextRegion& region : regions) {
      for (const auto& [x, y] : region.polygon)
        hpinfer::fuzz::require(
            x >= 0 && x <= geometry.source_width && y >= 0 && y <= geometry.source_height,
            "regions lie in the picture");
      polygons.push_back(region.polygon);
      static_cast<void>(crop_size(crop_corners(region.polygon)));
    }
    static_cast<void>(reading_order_of_quads(polygons));
    static_cast<void>(reading_order_of_polygons(polygons));
  });
  return 0;
}

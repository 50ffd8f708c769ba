// Curved text: how its polygon is cut out of a picture and straightened.
#include "models/region_crop.h"
#include "pictures.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t count) {
  using hpinfer::fuzz::Input;
  Input input(data, count);
  const hpinfer::fuzz::Picture picture = hpinfer::fuzz::picture(input, 100, 4000);
  const int reach = input.pick({20, 60, 100, 150, 300});
  const bool negative = input.byte() % 4 == 0;
  const bool far = input.byte() % 16 == 0;
  hpinfer::postprocess::Polygon region;
  while (region.size() < 64 && input.left() > 0)
    region.push_back(
        {input.range(negative ? -reach : 0, reach), input.range(negative ? -reach : 0, reach)});
  if (far && !region.empty()) region.back().x = input.pick({1 << 23, -(1 << 23), 1 << 30});
  hpinfer::fuzz::result_or_error([&] {
    if (far) {  // up to the limit of a crop, which takes seconds: only whether it is refused
      const auto [x, y] = region.empty() ? hpinfer::postprocess::Point2i{} : region.back();
      if (x < 1 << 24 && x > -(1 << 24)) return;
    }
    hpinfer::fuzz::require_whole(hpinfer::models::crop_polygon(picture.view, region));
    hpinfer::fuzz::require_whole(hpinfer::models::crop_rectangle(picture.view, region));
  });
  return 0;
}

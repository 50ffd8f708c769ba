// Resizing pictures of any geometry by every method, one and three channels.
#include "pictures.h"
#include "vision/pillow_picture.h"
#include "vision/resize.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t count) {
  using hpinfer::vision::Interpolation;
  hpinfer::fuzz::Input input(data, count);
  const hpinfer::fuzz::Picture picture = hpinfer::fuzz::picture(input, 3000);
  const auto interpolation = input.pick(
      {Interpolation::kNearest, Interpolation::kLinear, Interpolation::kCubic, Interpolation::kArea,
       Interpolation::kLanczos4, Interpolation::kPilBilinear, Interpolation::kPilBicubic});
  const bool any_size = input.byte() % 16 == 0;
  int width = any_size ? input.raw<std::int32_t>() : input.range(1, 700);
  int height = any_size ? input.raw<std::int32_t>() : input.range(1, 700);
  // The harness asks for no result that is as large as a caller may ask for.
  if (static_cast<std::int64_t>(width) * height > 200000) height = 200000 / width;
  hpinfer::fuzz::result_or_error([&] {
    hpinfer::fuzz::require_whole(
        hpinfer::vision::resize(picture.view, height, width, nullptr, interpolation));
  });
  if (picture.view.dtype != hpinfer::DType::kUInt8 || picture.view.channels != 3 ||
      picture.view.empty())
    return 0;
  hpinfer::fuzz::result_or_error([&] {
    hpinfer::Image copy(picture.view.height, picture.view.width, 3, picture.view.order);
    for (int y = 0; y < copy.height; ++y)
      std::copy_n(picture.view.row<std::uint8_t>(y), copy.row_stride(), copy.row(y));
    hpinfer::fuzz::require_whole(hpinfer::vision::pillow_thumbnail(
        std::move(copy), {input.range(1, 700), input.range(1, 700)}));
  });
  return 0;
}

// Crops of quadrilaterals, perspective warps and turns, with corners anywhere.
#include "pictures.h"
#include "vision/rotate.h"
#include "vision/warp.h"
#include "vision/warp_linear.h"

namespace {

using hpinfer::fuzz::Input;

// On the picture or near it mostly, and anywhere at all sometimes.
float coordinate(Input& input, int side) {
  switch (input.byte() % 8) {
    case 0:
      return input.number();
    case 1:
      return static_cast<float>(input.range(-4 * side - 9, 4 * side + 9)) / 8.0F;
    default:
      return static_cast<float>(input.range(-16, 8 * side + 16)) / 8.0F;
  }
}

hpinfer::vision::Quad corners(Input& input, const hpinfer::ImageView& image) {
  hpinfer::vision::Quad quad;
  for (auto& corner : quad)
    corner = {coordinate(input, image.width), coordinate(input, image.height)};
  return quad;
}

void warp(Input& input, const hpinfer::ImageView& image) {
  constexpr int kSide = 40;
  hpinfer::vision::Matrix3 matrix;
  for (double& value : matrix) value = static_cast<double>(input.number());
  const int width = input.range(0, kSide);
  const int height = input.range(0, kSide);
  std::vector<std::uint8_t> target(static_cast<std::size_t>(3 * width * height));
  hpinfer::vision::warp_linear(image, matrix,
                               {target.data(), std::ptrdiff_t{3} * width, height, width});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t count) {
  Input input(data, count);
  const hpinfer::fuzz::Picture picture = hpinfer::fuzz::picture(input);
  const hpinfer::Isa isa = hpinfer::fuzz::any_isa(input);
  const int angle = input.pick({0, 90, 180, 270, 45, -90});
  const int quarters = input.raw<std::int8_t>();
  hpinfer::fuzz::result_or_error([&] {
    hpinfer::fuzz::require_whole(hpinfer::vision::rotate_image(picture.view, angle, isa));
  });
  hpinfer::fuzz::result_or_error(
      [&] { hpinfer::fuzz::require_whole(hpinfer::vision::rot90(picture.view, quarters, isa)); });
  const hpinfer::vision::Quad quad = corners(input, picture.view);
  hpinfer::fuzz::result_or_error([&] { warp(input, picture.view); });
  hpinfer::fuzz::result_or_error([&] {
    // Crops up to the product's limit take seconds: the harness leaves them out.
    constexpr float kFar = 400.0F;
    for (const auto& [x, y] : quad)
      if (std::abs(x) > kFar || std::abs(y) > kFar) return;
    hpinfer::fuzz::require_whole(hpinfer::vision::crop_quad(picture.view, quad, isa));
  });
  return 0;
}

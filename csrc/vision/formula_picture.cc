#include "vision/formula_picture.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "vision/pillow_picture.h"

namespace hpinfer::vision {
namespace {

// OpenCV's BGR2GRAY weights of 15 bits, by channel of the RGB picture: first red, last blue.
constexpr std::array<int, 3> kGrayWeights{3735, 19235, 9798};
constexpr int kGrayBits = 15;
constexpr std::array<float, 3> kGrayParts{0.114F, 0.587F, 0.299F};
constexpr std::uint8_t kPaper = 255;

void check_picture(const ImageView& image) {
  check(image.dtype == DType::kUInt8, ErrorCode::kInvalidType,
        "a formula picture has uint8 pixels; got ", dtype_name(image.dtype));
  check(image.channels == 3 && !image.empty(), ErrorCode::kInvalidInput,
        "a formula picture has three channels and is not empty; got ", image.width, "x",
        image.height, "x", image.channels);
}

Image rgb_copy(const ImageView& image) {
  Image copy(image.height, image.width, 3, ColorOrder::kRgb);
  const bool reversed = image.order == ColorOrder::kBgr;
  for (int y = 0; y < image.height; ++y) {
    const std::uint8_t* from = image.row<std::uint8_t>(y);
    std::uint8_t* to = copy.row(y);
    for (int x = 0; x < image.width; ++x, from += 3, to += 3) {
      to[0] = from[reversed ? 2 : 0];
      to[1] = from[1];
      to[2] = from[reversed ? 0 : 2];
    }
  }
  return copy;
}

Image swapped_gray(const ImageView& image) {
  Image gray(image.height, image.width, 1, ColorOrder::kGray);
  const bool reversed = image.order == ColorOrder::kBgr;
  for (int y = 0; y < image.height; ++y) {
    const std::uint8_t* pixel = image.row<std::uint8_t>(y);
    std::uint8_t* out = gray.row(y);
    for (int x = 0; x < image.width; ++x, pixel += 3) {
      const int sum = pixel[reversed ? 2 : 0] * kGrayWeights[0] + pixel[1] * kGrayWeights[1] +
                      pixel[reversed ? 0 : 2] * kGrayWeights[2];
      out[x] = static_cast<std::uint8_t>((sum + (1 << (kGrayBits - 1))) >> kGrayBits);
    }
  }
  return gray;
}

// Levels of a grey picture stretched to 0..255.
struct Contrast {
  std::array<double, 256> stretched{};
  double mean = 0;
  bool flat = false;  // one level only
};

Contrast contrast_of(const Image& luma) {
  std::array<std::int64_t, 256> counts{};
  for (const std::uint8_t level : luma.pixels) ++counts[level];
  const auto used = [](std::int64_t count) { return count > 0; };
  const auto low = std::find_if(counts.begin(), counts.end(), used) - counts.begin();
  const auto high = counts.rend() - std::find_if(counts.rbegin(), counts.rend(), used) - 1;
  Contrast contrast;
  contrast.flat = low == high;
  if (contrast.flat) return contrast;
  double sum = 0;
  for (auto level = low; level <= high; ++level) {
    const double value = static_cast<double>(level - low) / static_cast<double>(high - low) * 255;
    const auto at = static_cast<std::size_t>(level);
    contrast.stretched[at] = value;
    sum += value * static_cast<double>(counts[at]);
  }
  contrast.mean = sum / static_cast<double>(luma.pixels.size());
  return contrast;
}

struct InkBox {
  int left = 0;
  int top = 0;
  int width = 0;
  int height = 0;
};

InkBox ink_box(const Image& luma, const std::array<bool, 256>& is_ink) {
  int left = luma.width;
  int right = -1;
  int top = luma.height;
  int bottom = -1;
  for (int y = 0; y < luma.height; ++y) {
    const std::uint8_t* row = luma.view().row<std::uint8_t>(y);
    const auto ink = [&](std::uint8_t level) { return is_ink[level]; };
    const std::uint8_t* first = std::find_if(row, row + luma.width, ink);
    if (first == row + luma.width) continue;
    int last = luma.width - 1;
    while (!is_ink[row[last]]) --last;
    left = std::min(left, static_cast<int>(first - row));
    right = std::max(right, last);
    top = std::min(top, y);
    bottom = y;
  }
  return {left, top, right - left + 1, bottom - top + 1};
}

Image white(int height, int width) {
  Image picture(height, width, 1, ColorOrder::kGray);
  std::fill(picture.pixels.begin(), picture.pixels.end(), kPaper);
  return picture;
}

int round_up(int value, int multiple) { return (value + multiple - 1) / multiple * multiple; }

// The ink on white, dark on light, with stretched contrast.
Image cut_to_ink(const ImageView& image) {
  constexpr double kThreshold = 128;
  constexpr int kMultiple = 32;
  const Image luma = pillow_luma(image);
  const Contrast contrast = contrast_of(luma);
  if (contrast.flat)
    return white(round_up(luma.height, kMultiple), round_up(luma.width, kMultiple));
  const bool dark_on_light = contrast.mean > kThreshold;
  std::array<bool, 256> is_ink{};
  std::array<std::uint8_t, 256> levels{};
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const double value = contrast.stretched[i];
    is_ink[i] = dark_on_light ? value < kThreshold : value > kThreshold;
    const auto shown = static_cast<float>(dark_on_light ? value : 255 - value);
    levels[i] = static_cast<std::uint8_t>(std::clamp(shown, 0.0F, 255.0F));
  }
  const InkBox box = ink_box(luma, is_ink);
  Image padded = white(round_up(box.height, kMultiple), round_up(box.width, kMultiple));
  for (int y = 0; y < box.height; ++y) {
    const std::uint8_t* from = luma.view().row<std::uint8_t>(box.top + y) + box.left;
    std::transform(from, from + box.width, padded.row(y),
                   [&](std::uint8_t level) { return levels[level]; });
  }
  return padded;
}

// Python's a // b of floats.
int floor_divide(double a, double b) {
  const double quotient = (a - std::fmod(a, b)) / b;
  const double floor = std::floor(quotient);
  return static_cast<int>(quotient - floor > 0.5 ? floor + 1 : floor);
}

Image fit(Image picture, const LatexOcrPicture& limits) {
  const double ratio = std::max(static_cast<double>(picture.width) / limits.most.width,
                                static_cast<double>(picture.height) / limits.most.height);
  if (ratio > 1) {
    const PixelSize size{std::max(floor_divide(picture.width, ratio), 1),
                         std::max(floor_divide(picture.height, ratio), 1)};
    picture = pillow_resize(picture.view(), size, PillowFilter::kBilinear);
  }
  if (picture.width >= limits.least.width && picture.height >= limits.least.height) return picture;
  Image padded = white(std::max(picture.height, limits.least.height),
                       std::max(picture.width, limits.least.width));
  for (int y = 0; y < picture.height; ++y)
    std::memcpy(padded.row(y), picture.row(y), static_cast<std::size_t>(picture.width));
  return padded;
}

Image make_picture(const ImageView& image, const LatexOcrPicture& limits) {
  if (limits.least.width <= image.width && image.width <= limits.most.width &&
      limits.least.height <= image.height && image.height <= limits.most.height)
    return swapped_gray(image);
  return fit(cut_to_ink(image), limits);
}

ImageView without_margin(const ImageView& image) {
  constexpr double kInk = 200;
  const Image luma = pillow_luma(image);
  const Contrast contrast = contrast_of(luma);
  if (contrast.flat) return image;
  std::array<bool, 256> is_ink{};
  for (std::size_t i = 0; i < is_ink.size(); ++i) is_ink[i] = contrast.stretched[i] < kInk;
  const InkBox box = ink_box(luma, is_ink);
  return image.crop(box.left, box.top, box.width, box.height);
}

Image make_picture(const ImageView& image, const UniMerNetPicture& plan) {
  const Image ink = rgb_copy(without_margin(image));
  const int side = std::min(plan.size.width, plan.size.height);
  const auto longer = static_cast<double>(std::max(ink.width, ink.height));
  const double wanted = side * longer / std::min(ink.width, ink.height);
  check(wanted <= 1 << 24, ErrorCode::kInvalidInput, "a formula of ", ink.width, "x", ink.height,
        " pixels is too long");
  const auto grown = static_cast<int>(wanted);
  const PixelSize size = ink.width <= ink.height ? PixelSize{side, grown} : PixelSize{grown, side};
  Image small = size.width == ink.width && size.height == ink.height
                    ? ink
                    : pillow_resize(ink.view(), size, PillowFilter::kBilinear);
  small = pillow_thumbnail(std::move(small), plan.size);
  Image centred(plan.size.height, plan.size.width, 3, ColorOrder::kRgb);
  const int left = (plan.size.width - small.width) / 2;
  const int top = (plan.size.height - small.height) / 2;
  for (int y = 0; y < small.height; ++y)
    std::memcpy(centred.row(top + y) + 3 * static_cast<std::ptrdiff_t>(left), small.row(y),
                static_cast<std::size_t>(small.row_stride()));
  return centred;
}

// (x / 255 - mean) / std in float32, in the reference's order.
std::array<float, 256> normalized_levels(const FormulaPlan& plan) {
  constexpr auto kScale = static_cast<float>(1.0 / 255.0);
  std::array<float, 256> levels{};
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const float scaled = static_cast<float>(i) * kScale;
    levels[i] = (scaled - plan.mean) / plan.std;
  }
  return levels;
}

// cv2.cvtColor(BGR2GRAY) of a float32 RGB pixel: OpenCV's order of operations on processors that
// fuse a multiplication and an addition.
float swapped_gray(float red, float green, float blue) {
  return std::fma(blue, kGrayParts[2], std::fma(red, kGrayParts[0], green * kGrayParts[1]));
}

}  // namespace

Image formula_picture(const ImageView& image, const FormulaPlan& plan) {
  check_picture(image);
  return std::visit([&](const auto& kind) { return make_picture(image, kind); }, plan.picture);
}

PixelSize formula_tensor_size(const Image& picture, const FormulaPlan& plan) {
  return {round_up(picture.width, plan.multiple), round_up(picture.height, plan.multiple)};
}

void write_formula_tensor(const Image& picture, const FormulaPlan& plan, float* target) {
  const std::array<float, 256> levels = normalized_levels(plan);
  const PixelSize size = formula_tensor_size(picture, plan);
  for (int y = 0; y < size.height; ++y, target += size.width) {
    if (y >= picture.height) {
      std::fill_n(target, size.width, 1.0F);
      continue;
    }
    const std::uint8_t* pixel = picture.view().row<std::uint8_t>(y);
    for (int x = 0; x < picture.width; ++x, pixel += picture.channels) {
      target[x] = picture.channels == 1
                      ? levels[pixel[0]]
                      : swapped_gray(levels[pixel[0]], levels[pixel[1]], levels[pixel[2]]);
    }
    std::fill(target + picture.width, target + size.width, 1.0F);
  }
}

}  // namespace hpinfer::vision

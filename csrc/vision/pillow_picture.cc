#include "vision/pillow_picture.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace hpinfer::vision {
namespace {

constexpr std::int64_t kMaxPixels = std::int64_t{1} << 27;

// Means of cells of factor_x x factor_y pixels; the last ones may be smaller.
Image reduce(const ImageView& image, int factor_x, int factor_y) {
  // Sums of more pixels leave the range of 32 bits.
  constexpr std::int64_t kMostInCell = std::int64_t{1} << 24;
  check(static_cast<std::int64_t>(factor_x) * factor_y < kMostInCell, ErrorCode::kInvalidInput,
        "a picture of ", image.width, "x", image.height,
        " is too large to be shrunk that much: ", factor_x, "x", factor_y, " pixels to one");
  const auto cells = [](int pixels, int factor) { return (pixels + factor - 1) / factor; };
  Image result(cells(image.height, factor_y), cells(image.width, factor_x), image.channels,
               image.order);
  for (int y = 0; y < result.height; ++y) {
    std::uint8_t* out = result.row(y);
    const int top = y * factor_y;
    const int rows = std::min(factor_y, image.height - top);
    for (int x = 0; x < result.width; ++x) {
      const int left = x * factor_x;
      const int columns = std::min(factor_x, image.width - left);
      const auto count = static_cast<std::uint32_t>(rows) * static_cast<std::uint32_t>(columns);
      // Pillow divides in float32.
      const auto multiplier =
          static_cast<std::uint32_t>(4294967296.0F / static_cast<float>(256U * count));
      for (int c = 0; c < image.channels; ++c) {
        std::uint32_t sum = count / 2;
        for (int i = 0; i < rows; ++i) {
          const std::uint8_t* row = image.row<std::uint8_t>(top + i);
          for (int k = 0; k < columns; ++k) sum += row[(left + k) * image.channels + c];
        }
        *out++ = static_cast<std::uint8_t>((sum * multiplier) >> 24U);
      }
    }
  }
  return result;
}

SourceBox whole(const ImageView& image) {
  return {0, 0, static_cast<float>(image.width), static_cast<float>(image.height)};
}

// The whole number next to `value` that keeps the ratio better; the lower of equals.
template <typename Error>
int nearest_side(double value, const Error& error) {
  const double low = std::floor(value);
  const double high = std::ceil(value);
  return std::max(static_cast<int>(error(high) < error(low) ? high : low), 1);
}

PixelSize thumbnail_size(const Image& image, const PixelSize& bounds) {
  const double aspect = static_cast<double>(image.width) / image.height;
  const auto x = static_cast<double>(bounds.width);
  const auto y = static_cast<double>(bounds.height);
  if (x / y >= aspect)
    return {nearest_side(y * aspect, [&](double n) { return std::abs(aspect - n / y); }),
            bounds.height};
  return {bounds.width, nearest_side(x / aspect, [&](double n) {
            return n == 0.0 ? 0.0 : std::abs(aspect - x / n);
          })};
}

}  // namespace

Image pillow_luma(const ImageView& image) {
  Image luma(image.height, image.width, 1, ColorOrder::kGray);
  const bool reversed = image.order == ColorOrder::kBgr;
  for (int y = 0; y < image.height; ++y) {
    const std::uint8_t* pixel = image.row<std::uint8_t>(y);
    std::uint8_t* out = luma.row(y);
    for (int x = 0; x < image.width; ++x, pixel += 3) {
      const std::uint32_t red = pixel[reversed ? 2 : 0];
      const std::uint32_t blue = pixel[reversed ? 0 : 2];
      out[x] = static_cast<std::uint8_t>(
          (red * 19595U + pixel[1] * 38470U + blue * 7471U + 0x8000U) >> 16U);
    }
  }
  return luma;
}

Image pillow_resize(const ImageView& image, const PixelSize& size, PillowFilter filter,
                    const SourceBox& box) {
  check(size.width > 0 && size.height > 0 && !image.empty(), ErrorCode::kInvalidInput,
        "cannot resize a picture of ", image.width, "x", image.height, " to ", size.width, "x",
        size.height);
  check(static_cast<std::int64_t>(size.width) * std::max(size.height, image.height) <= kMaxPixels,
        ErrorCode::kInvalidInput, "the resized picture ", size.width, "x", size.height,
        " is too large; at most ", kMaxPixels, " pixels are supported");
  const SampledSize sizes{image.height, image.width, size.height, size.width, 0, 0,
                          size.width,   size.height};
  Image result(size.height, size.width, image.channels, image.order);
  const PillowResize resize(sizes, filter, box, image.channels, active_isa());
  resize.run(image, 0, size.height, [&](int y, const std::uint8_t* row) {
    std::copy_n(row, result.row_stride(), result.row(y));
  });
  return result;
}

Image pillow_resize(const ImageView& image, const PixelSize& size, PillowFilter filter) {
  return pillow_resize(image, size, filter, whole(image));
}

Image pillow_thumbnail(Image image, const PixelSize& bounds) {
  if (image.width <= bounds.width && image.height <= bounds.height) return image;
  constexpr double kGap = 2.0;  // at least twice the size is left for the second step
  const PixelSize size = thumbnail_size(image, bounds);
  const auto factor = [](int from, int to) {
    return std::max(static_cast<int>(static_cast<double>(from) / to / kGap), 1);
  };
  const int across = factor(image.width, size.width);
  const int down = factor(image.height, size.height);
  if (size.width == image.width && size.height == image.height) return image;
  if (across == 1 && down == 1) return pillow_resize(image.view(), size, PillowFilter::kBicubic);
  const SourceBox box{0, 0, static_cast<float>(static_cast<double>(image.width) / across),
                      static_cast<float>(static_cast<double>(image.height) / down)};
  return pillow_resize(reduce(image.view(), across, down).view(), size, PillowFilter::kBicubic,
                       box);
}

}  // namespace hpinfer::vision

#include "vision/pillow_picture.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace hpinfer::vision {
namespace {

constexpr int kPrecision = 22;
constexpr std::int32_t kHalf = std::int32_t{1} << (kPrecision - 1);
constexpr std::int64_t kMaxPixels = std::int64_t{1} << 28;

double kernel_value(PillowKernel kernel, double x) {
  const double d = std::abs(x);
  if (kernel == PillowKernel::kTriangle) return d < 1.0 ? 1.0 - d : 0.0;
  constexpr double kA = -0.5;
  if (d < 1.0) return ((kA + 2.0) * d - (kA + 3.0)) * d * d + 1.0;
  if (d < 2.0) return (((d - 5.0) * d + 8.0) * d - 4.0) * kA;
  return 0.0;
}

// Result i of an axis is the sum of count[i] values from first[i] on, times weights.
struct Axis {
  std::vector<int> first;
  std::vector<int> count;
  std::vector<std::int32_t> weights;
  std::size_t most = 0;

  const std::int32_t* of(std::size_t i) const { return weights.data() + i * most; }
};

Axis make_axis(int source, float from, float to, int target, PillowKernel kernel) {
  const double scale = static_cast<double>(to - from) / target;
  const double filter_scale = std::max(scale, 1.0);
  const double support = (kernel == PillowKernel::kCubic ? 2.0 : 1.0) * filter_scale;
  Axis axis;
  axis.most = static_cast<std::size_t>(std::ceil(support)) * 2 + 1;
  axis.weights.resize(static_cast<std::size_t>(target) * axis.most);
  std::vector<double> exact(axis.most);
  for (int i = 0; i < target; ++i) {
    const double centre = static_cast<double>(from) + (i + 0.5) * scale;
    const double step = 1.0 / filter_scale;
    const int low = std::max(static_cast<int>(centre - support + 0.5), 0);
    const int count = std::min(static_cast<int>(centre + support + 0.5), source) - low;
    double sum = 0.0;
    for (int k = 0; k < count; ++k) {
      const double weight = kernel_value(kernel, (k + low - centre + 0.5) * step);
      exact[static_cast<std::size_t>(k)] = weight;
      sum += weight;
    }
    std::int32_t* weights = axis.weights.data() + static_cast<std::size_t>(i) * axis.most;
    for (int k = 0; k < count; ++k) {
      double weight = exact[static_cast<std::size_t>(k)];
      if (sum != 0.0) weight /= sum;
      const double scaled = weight * (1 << kPrecision);
      weights[k] = static_cast<std::int32_t>(scaled < 0.0 ? scaled - 0.5 : scaled + 0.5);
    }
    axis.first.push_back(low);
    axis.count.push_back(count);
  }
  return axis;
}

std::uint8_t to_pixel(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> kPrecision, 0, 255));
}

Image resize_columns(const ImageView& image, const Axis& axis) {
  const int channels = image.channels;
  Image result(image.height, static_cast<int>(axis.first.size()), channels, image.order);
  for (int y = 0; y < image.height; ++y) {
    const std::uint8_t* row = image.row<std::uint8_t>(y);
    std::uint8_t* out = result.row(y);
    for (std::size_t x = 0; x < axis.first.size(); ++x) {
      const std::int32_t* weights = axis.of(x);
      const std::uint8_t* from = row + static_cast<std::ptrdiff_t>(axis.first[x]) * channels;
      for (int c = 0; c < channels; ++c) {
        std::int32_t sum = kHalf;
        for (int k = 0; k < axis.count[x]; ++k) sum += from[k * channels + c] * weights[k];
        *out++ = to_pixel(sum);
      }
    }
  }
  return result;
}

Image resize_rows(const ImageView& image, const Axis& axis) {
  const auto bytes =
      static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.channels);
  Image result(static_cast<int>(axis.first.size()), image.width, image.channels, image.order);
  std::vector<std::int32_t> sums(bytes);
  for (std::size_t y = 0; y < axis.first.size(); ++y) {
    std::fill(sums.begin(), sums.end(), kHalf);
    for (int k = 0; k < axis.count[y]; ++k) {
      const std::uint8_t* row = image.row<std::uint8_t>(axis.first[y] + k);
      const std::int32_t weight = axis.of(y)[k];
      for (std::size_t i = 0; i < bytes; ++i) sums[i] += row[i] * weight;
    }
    std::transform(sums.begin(), sums.end(), result.row(static_cast<int>(y)), to_pixel);
  }
  return result;
}

// Means of cells of factor_x x factor_y pixels; the last ones may be smaller.
Image reduce(const ImageView& image, int factor_x, int factor_y) {
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

Image pillow_resize(const ImageView& image, const PixelSize& size, PillowKernel kernel,
                    const SourceBox& box) {
  check(size.width > 0 && size.height > 0 && !image.empty(), ErrorCode::kInvalidInput,
        "cannot resize a picture of ", image.width, "x", image.height, " to ", size.width, "x",
        size.height);
  check(static_cast<std::int64_t>(size.width) * std::max(size.height, image.height) <= kMaxPixels,
        ErrorCode::kInvalidInput, "the resized picture ", size.width, "x", size.height,
        " is too large; at most ", kMaxPixels, " pixels are supported");
  const auto axis = [&](bool across) {
    return across ? make_axis(image.width, box.left, box.right, size.width, kernel)
                  : make_axis(image.height, box.top, box.bottom, size.height, kernel);
  };
  const SourceBox all = whole(image);
  const bool wide = size.width != image.width || box.left != all.left || box.right != all.right;
  const bool tall = size.height != image.height || box.top != all.top || box.bottom != all.bottom;
  const int fewer_rows = image.height - size.height;
  const bool rows_first = fewer_rows > 0 && fewer_rows > 2 * (image.width - size.width);
  if (wide && tall)
    return rows_first ? resize_columns(resize_rows(image, axis(false)).view(), axis(true))
                      : resize_rows(resize_columns(image, axis(true)).view(), axis(false));
  if (tall) return resize_rows(image, axis(false));
  return resize_columns(image, axis(true));
}

Image pillow_resize(const ImageView& image, const PixelSize& size, PillowKernel kernel) {
  return pillow_resize(image, size, kernel, whole(image));
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
  if (across == 1 && down == 1) return pillow_resize(image.view(), size, PillowKernel::kCubic);
  const SourceBox box{0, 0, static_cast<float>(static_cast<double>(image.width) / across),
                      static_cast<float>(static_cast<double>(image.height) / down)};
  return pillow_resize(reduce(image.view(), across, down).view(), size, PillowKernel::kCubic, box);
}

}  // namespace hpinfer::vision

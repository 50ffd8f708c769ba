// Pictures in memory: interleaved (HWC), rows possibly strided.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/dtype.h"
#include "core/error.h"

namespace hpinfer {

enum class ColorOrder { kBgr, kRgb, kGray };

// A non-owning, read-only picture. Pixels are interleaved and tightly packed within a row; rows are
// `row_stride` bytes apart (negative for a flipped view). dtype is kUInt8 or kFloat32.
struct ImageView {
  const void* data = nullptr;
  int height = 0;
  int width = 0;
  int channels = 3;
  std::ptrdiff_t row_stride = 0;
  DType dtype = DType::kUInt8;
  ColorOrder order = ColorOrder::kBgr;

  bool empty() const noexcept { return height <= 0 || width <= 0; }

  template <typename T>
  const T* row(int y) const noexcept {
    return reinterpret_cast<const T*>(static_cast<const std::byte*>(data) + y * row_stride);
  }

  // The rectangle [x, x+w) × [y, y+h), sharing memory.
  ImageView crop(int x, int y, int w, int h) const {
    check(x >= 0 && y >= 0 && w >= 0 && h >= 0 && x + w <= width && y + h <= height,
          ErrorCode::kInvalidInput, "crop ", w, "x", h, "+", x, "+", y, " leaves the picture ",
          width, "x", height);
    ImageView view = *this;
    view.data =
        static_cast<const std::byte*>(data) + y * row_stride +
        static_cast<std::ptrdiff_t>(x) * channels * static_cast<std::ptrdiff_t>(dtype_size(dtype));
    view.height = h;
    view.width = w;
    return view;
  }
};

// A uint8 picture with its own tightly packed memory.
struct Image {
  std::vector<std::uint8_t> pixels;
  int height = 0;
  int width = 0;
  int channels = 3;
  ColorOrder order = ColorOrder::kBgr;

  Image() = default;
  Image(int h, int w, int c, ColorOrder o)
      : pixels(static_cast<std::size_t>(h) * static_cast<std::size_t>(w) *
               static_cast<std::size_t>(c)),
        height(h),
        width(w),
        channels(c),
        order(o) {}

  std::ptrdiff_t row_stride() const noexcept {
    return static_cast<std::ptrdiff_t>(width) * channels;
  }
  std::uint8_t* row(int y) noexcept { return pixels.data() + y * row_stride(); }
  ImageView view() const noexcept {
    return {pixels.data(), height, width, channels, row_stride(), DType::kUInt8, order};
  }
};

}  // namespace hpinfer

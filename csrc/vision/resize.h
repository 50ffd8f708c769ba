// Bilinear resize of uint8 pictures, bit for bit what cv2.resize(INTER_LINEAR) of the x86 OpenCV
// wheels gives; optionally fused with normalisation and a planar float32 layout.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/cpu.h"
#include "core/image.h"
#include "core/thread_pool.h"
#include "vision/normalizer.h"
#include "vision/operators.h"
#include "vision/resize_taps.h"
#include "vision/row_kernels.h"

namespace hpinfer::vision {

// The longest side of a source or resized picture.
inline constexpr int kMaxSide = 1 << 24;

// Memory for kernels is made of these: a vector register that straddles two is read twice.
struct alignas(64) CacheLine {
  std::byte bytes[64];
};

struct Region {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;
};

// float32 planes: element (c, y, x) is at base[c * plane_stride + y * row_stride + x].
struct PlanarOutput {
  float* base = nullptr;
  std::ptrdiff_t plane_stride = 0;
  std::ptrdiff_t row_stride = 0;
  bool reverse_channels = false;  // plane c takes source channel 2 - c
};

// Where row y of the planes goes, by source channel.
RowTarget row_target(const PlanarOutput& out, const Normalizer& normalizer, int y);

// One resize of three-channel pictures of one size, with its sampling positions; only a region of
// the resized picture is computed. Immutable: any number of threads may run bands of rows, each
// with its own scratch.
class BilinearResize {
 public:
  // How the pixels are made.
  enum class Path {
    kCopy,   // same size
    kHalve,  // exactly half in both axes: OpenCV takes the mean of 2x2 pixels
    kBlend,  // two passes with 11-bit weights
  };

  BilinearResize(int source_height, int source_width, int height, int width, const Region& region,
                 Isa isa = active_isa(), TapRule rule = TapRule::kCentre);

  Path path() const noexcept { return path_; }
  const Region& region() const noexcept { return region_; }
  // int16 elements of scratch that a running band needs.
  std::size_t scratch_size() const noexcept { return scratch_size_; }

  // Rows [begin, end) of the region; `out` is the region's first row.
  void run(const ImageView& source, int begin, int end, std::uint8_t* out,
           std::ptrdiff_t row_stride, std::span<std::int16_t> scratch) const;
  void run(const ImageView& source, int begin, int end, const PlanarOutput& out,
           const Normalizer& normalizer, std::span<std::int16_t> scratch) const;

 private:
  template <typename Emit>
  void blend_rows(const ImageView& source, int begin, int end, std::span<std::int16_t> scratch,
                  const Emit& emit) const;
  const std::uint8_t* plain_row(const ImageView& source, int y, std::uint8_t* scratch) const;
  void halve(const ImageView& source, int y, std::uint8_t* out) const;

  const RowKernels* kernels_;
  Region region_;
  Path path_;
  std::size_t scratch_size_ = 0;
  std::vector<std::int32_t> offsets_;
  std::vector<std::uint8_t> shifts_;
  std::vector<std::uint32_t> weights_;
  std::vector<std::int32_t> windows_;
  std::vector<std::uint8_t> places_;
  ColumnTaps columns_;
  std::vector<RowTap> rows_;
};

std::string_view path_name(BilinearResize::Path path) noexcept;

// The picture resized to height x width; uint8, three channels, or one if linear. Throws
// Error(kInvalidInput) for an empty picture or a target that is not positive, Error(kInvalidType)
// for float pixels, Error(kUnsupported) for one channel with another interpolation.
Image resize(const ImageView& source, int height, int width, ThreadPool* pool = nullptr,
             Interpolation interpolation = Interpolation::kLinear);

// Splits rows into bands and calls run(begin, end, scratch) for each, on the pool if there is one
// and the work is worth it. `cost` is the work of a row in pixels.
template <typename Run>
void for_each_band(int rows, int cost, std::size_t scratch_size, ThreadPool* pool, const Run& run);

// A bilinear resize of a one-channel picture; portable code only.
void resize_gray(const ImageView& source, Image& target);

template <typename Run>
void for_each_band(int rows, int cost, std::size_t scratch_size, ThreadPool* pool, const Run& run) {
  constexpr std::int64_t kPixelsPerBand = 1 << 16;  // some ten microseconds
  const std::int64_t pixels = static_cast<std::int64_t>(rows) * cost;
  const auto wanted = static_cast<int>(std::min<std::int64_t>(pixels / kPixelsPerBand + 1, rows));
  const int bands = pool == nullptr ? 1 : std::min(wanted, 4 * pool->threads());
  constexpr std::size_t kLineWords = sizeof(CacheLine) / sizeof(std::int16_t);
  const std::size_t lines = (scratch_size + kLineWords - 1) / kLineWords;
  std::vector<CacheLine> scratch(lines * static_cast<std::size_t>(bands));
  const auto band = [&](int i) {
    const auto limit = [&](int k) {
      return static_cast<int>(static_cast<std::int64_t>(rows) * k / bands);
    };
    auto* own =
        reinterpret_cast<std::int16_t*>(scratch.data() + lines * static_cast<std::size_t>(i));
    run(limit(i), limit(i + 1), std::span(own, scratch_size));
  };
  if (bands <= 1) {
    if (rows > 0) band(0);
    return;
  }
  pool->parallel_for(bands, band);
}

}  // namespace hpinfer::vision

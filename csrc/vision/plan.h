// A pre-processing chain compiled to one fused pass: uint8 HWC picture to planar float32.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "core/image.h"
#include "core/thread_pool.h"
#include "vision/normalizer.h"
#include "vision/operators.h"
#include "vision/placement.h"
#include "vision/resize.h"

namespace hpinfer::vision {

// The largest tensor that a picture is placed in, in pixels: 805 MB of float32. A picture of a few
// kilobytes can ask for more, when one side is a pixel and the other many and the ratio is kept.
inline constexpr std::int64_t kMaxPlanPixels = std::int64_t{1} << 26;

// Where a run writes: element (c, y, x) at base[c * plane_stride + y * row_stride + x].
struct TensorTarget {
  float* base = nullptr;
  std::ptrdiff_t plane_stride = 0;
  std::ptrdiff_t row_stride = 0;
};

// Immutable after compile: any number of threads may place and run.
class TransformPlan {
 public:
  // Order: at most one resize, then at most one crop; the colour order before the normalisation;
  // padding after resize and crop; ToChw after the normalisation and before nothing but padding.
  // Throws Error(kConfig) for another order or a value out of range, Error(kUnsupported) for
  // gray.
  static TransformPlan compile(std::span<const Operator> operators);

  // The geometry for a picture of this size. Throws Error(kInvalidInput) when there is none (empty
  // picture, crop larger than the picture, picture larger than its padding, tensor above
  // kMaxPlanPixels).
  Placement place(int height, int width) const;

  // Whether a picture's width follows its ratio and is padded: text lines.
  bool pads_lines() const noexcept { return std::holds_alternative<RecResize>(resize_); }

  // Writes all of out_height x out_width, the padding too. The placement is place()'s for this
  // picture; out_* may have been enlarged. Work is split over the pool when one is given.
  void run(const ImageView& image, const Placement& placement, const TensorTarget& target,
           ThreadPool* pool = nullptr) const;

  // What a device needs to do a run by itself.
  struct Fused {
    const Normalizer* normalizer = nullptr;  // of the plan
    std::array<float, 3> fill{};             // of the padding, by plane
    bool reverse = false;                    // plane c takes source channel 2 - c
  };
  // Nothing where a run is more than a copy or a bilinear resize of the picture as it is. Throws as
  // run() for a picture that does not fit.
  std::optional<Fused> fused(const ImageView& image, const Placement& placement) const;

  // What a run does, one step a line.
  std::string explain() const;

 private:
  using Resize = std::variant<std::monostate, DetResize, RecResize, ResizeExact, ResizeSide,
                              ResizeKeepRatio, CenterFrame>;
  struct Compiler;

  TransformPlan() = default;
  Interpolation interpolation() const;
  bool reverses(const ImageView& image) const;
  void run_linear(const ImageView& source, const Placement& placement, const PlanarOutput& out,
                  const TensorTarget& target, ThreadPool* pool) const;
  void run_sampled(const ImageView& source, const Placement& placement, const PlanarOutput& out,
                   const TensorTarget& target, ThreadPool* pool) const;
  template <typename Rows>
  void run_rows(const Rows& rows, const ImageView& source, const Placement& placement,
                const PlanarOutput& out, const TensorTarget& target, ThreadPool* pool) const;
  void fill(const Placement& placement, int begin, int end, const TensorTarget& target) const;

  Resize resize_;
  std::optional<CenterCrop> crop_;
  std::optional<ColorOrder> color_;
  std::optional<Pad> pad_;
  Normalize normalize_;
  Normalizer normalizer_;
  std::array<float, 3> fill_{0.0F, 0.0F, 0.0F};  // as it is in the tensor, by plane
};

}  // namespace hpinfer::vision

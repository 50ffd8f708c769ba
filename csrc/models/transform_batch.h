// Pictures on their way to the transform kernel: what it reads, in one block of memory, so that one
// copy brings all of it to a GPU.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "core/image.h"
#include "core/shape.h"
#include "vision/plan.h"

namespace hpinfer::models {

// A picture and its place in the network's input.
struct PlacedPicture {
  ImageView image;
  vision::Placement placement;
};

class TransformBatch {
 public:
  // Pictures whose tensors have one size. Nothing if the kernel does not have what the plan does
  // with one of them.
  static std::optional<TransformBatch> of(const vision::TransformPlan& plan,
                                          std::span<const PlacedPicture> pictures);

  // [pictures, 3, height, width], float32.
  const Shape& shape() const noexcept { return shape_; }
  int count() const noexcept { return static_cast<int>(items_.size()); }
  int width() const noexcept { return static_cast<int>(shape_[3]); }
  int height() const noexcept { return static_cast<int>(shape_[2]); }
  // Bytes of the block; it begins with the tasks.
  std::size_t bytes() const noexcept { return bytes_; }

  // Fills `staging` with the block as it is to be at `device`, for planes from `out` on.
  void write(std::byte* staging, const std::byte* device, float* out) const;

 private:
  struct Item {
    PlacedPicture picture;
    vision::TransformPlan::Fused fused;
    std::size_t columns = 0;  // offsets in the block
    std::size_t rows = 0;
    std::size_t pixels = 0;
  };

  std::size_t reserve(std::size_t bytes);
  void write_item(std::size_t index, std::byte* staging, const std::byte* device, float* out) const;

  Shape shape_;
  std::vector<Item> items_;
  std::size_t tables_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace hpinfer::models

// What a compiled model takes and gives: its tensors, and the shapes that it was compiled for.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "engines/ascend/api.h"
#include "engines/engine.h"

namespace hpinfer::ascend {

// How atc, the compiler, was told to let shapes vary.
enum class ShapeChoice {
  kFixed,
  kBatchSizes,  // --dynamic_batch_size: some sizes of the first dimension
  kImageSizes,  // --dynamic_image_size: some heights and widths
  kDimensions,  // --dynamic_dims: some sets of any dimensions
  kFree,        // --input_shape with open dimensions: every size, or those of a range
};

// Shapes that belong together, one for each input, and how AscendCL is told of them.
struct ShapeSet {
  std::vector<Shape> inputs;
  std::uint64_t batch = 0;
  std::uint64_t height = 0;
  std::uint64_t width = 0;
  abi::Dims dims{};
};

// One tensor of the model.
struct Port {
  std::size_t index = 0;  // in the model, which has inputs of the compiler's own besides
  std::size_t bytes = 0;  // at the largest shape; 0 if there is none
  abi::Format format = 0;
};

struct Signature {
  std::vector<TensorInfo> inputs;
  std::vector<TensorInfo> outputs;
  std::vector<Port> input_ports;
  std::vector<Port> output_ports;
  std::size_t model_inputs = 0;  // with the compiler's own
  ShapeChoice choice = ShapeChoice::kFixed;
  std::optional<Port> shape_input;   // of the models with several shapes
  std::vector<ShapeSet> shape_sets;  // empty for kFixed and kFree

  // The set that the inputs have; null if there is none.
  const ShapeSet* find(std::span<const TensorView> views) const noexcept;
  // Throws Error(kInvalidInput) with the shapes that the model was compiled for.
  [[noreturn]] void refuse(std::span<const TensorView> views) const;
};

// Throws Error: kUnsupported for element types and inputs that hpinfer does not have, kModelFormat
// for shapes that make no sense.
Signature read_signature(const Api& api, abi::ModelDesc* model);

// kUnknownRank gives an unranked info, open dimensions are dynamic.
void set_shape(TensorInfo& info, const abi::Dims& dims);

}  // namespace hpinfer::ascend

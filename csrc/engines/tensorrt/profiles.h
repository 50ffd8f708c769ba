// The ranges of shapes that an engine is built for, and which of them serves a call.
#pragma once

#include <NvInfer.h>

#include <optional>
#include <span>
#include <vector>

#include "engines/engine.h"

namespace hpinfer::tensorrt {

nvinfer1::Dims to_dims(const Shape& shape);
// Throws Error(kUnsupported) for more dimensions than a Shape has.
Shape to_shape(const nvinfer1::Dims& dims);

// Throws Error(kUnsupported) for a type that hpinfer has no tensors of.
DType to_dtype(nvinfer1::DataType type, std::string_view name);

// Ranges of every input in graph order, one entry a profile.
class ProfileTable {
 public:
  ProfileTable() = default;
  ProfileTable(const nvinfer1::ICudaEngine& engine, const std::vector<TensorInfo>& inputs);

  // The profile that holds the shapes, of several the one with the smallest upper bounds: an engine
  // is tuned for the usual shape of each. nullopt if none does.
  std::optional<int> find(std::span<const TensorView> inputs) const;

  // Throws Error(kInvalidInput) that names the input, what came and every range.
  [[noreturn]] void refuse(std::span<const TensorView> inputs,
                           const std::vector<TensorInfo>& infos) const;

 private:
  std::vector<std::vector<ShapeRange>> profiles_;
};

// Checks given profiles against the inputs of a network: each names every input with free
// dimensions and no other, with ranges that grow and fit. Throws Error(kConfig).
void check_profiles(const std::vector<ShapeProfile>& profiles,
                    const std::vector<TensorInfo>& inputs);

}  // namespace hpinfer::tensorrt

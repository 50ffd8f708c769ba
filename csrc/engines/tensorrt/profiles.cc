#include "engines/tensorrt/profiles.h"

#include <algorithm>

namespace hpinfer::tensorrt {
namespace {

bool within(const ShapeRange& range, const Shape& shape) {
  if (shape.rank() != range.smallest.rank()) return false;
  for (std::size_t i = 0; i < shape.rank(); ++i)
    if (shape[i] < range.smallest[i] || shape[i] > range.largest[i]) return false;
  return true;
}

double volume(const std::vector<ShapeRange>& profile) {
  double sum = 0;
  for (const ShapeRange& range : profile) sum += static_cast<double>(range.largest.num_elements());
  return sum;
}

std::string range_text(const ShapeRange& range) {
  return range.smallest.to_string() + " to " + range.largest.to_string();
}

void check_range(const TensorInfo& input, const ShapeRange& range) {
  const std::string given = range.smallest.to_string() + ", " + range.usual.to_string() + ", " +
                            range.largest.to_string();
  for (const Shape* shape : {&range.smallest, &range.usual, &range.largest})
    check(input.shape.accepts(*shape), ErrorCode::kConfig, "dynamic_shapes of input '", input.name,
          "' must fit ", input.shape.to_string(), "; got ", given);
  for (std::size_t i = 0; i < range.usual.rank(); ++i)
    check(range.smallest[i] >= 0 && range.smallest[i] <= range.usual[i] &&
              range.usual[i] <= range.largest[i],
          ErrorCode::kConfig, "dynamic_shapes of input '", input.name,
          "' must grow from smallest to usual to largest; got ", given);
}

}  // namespace

nvinfer1::Dims to_dims(const Shape& shape) {
  static_assert(Shape::kMaxRank <= nvinfer1::Dims::MAX_DIMS);
  nvinfer1::Dims dims{};
  dims.nbDims = static_cast<std::int32_t>(shape.rank());
  std::copy(shape.begin(), shape.end(), dims.d);
  return dims;
}

Shape to_shape(const nvinfer1::Dims& dims) {
  check(dims.nbDims >= 0, ErrorCode::kEngine, "TensorRT cannot tell the shape of a tensor");
  return Shape(std::span(dims.d, static_cast<std::size_t>(dims.nbDims)));
}

DType to_dtype(nvinfer1::DataType type, std::string_view name) {
  switch (type) {
    case nvinfer1::DataType::kFLOAT:
      return DType::kFloat32;
    case nvinfer1::DataType::kHALF:
      return DType::kFloat16;
    case nvinfer1::DataType::kINT8:
      return DType::kInt8;
    case nvinfer1::DataType::kINT32:
      return DType::kInt32;
    case nvinfer1::DataType::kBOOL:
      return DType::kBool;
    case nvinfer1::DataType::kUINT8:
      return DType::kUInt8;
    case nvinfer1::DataType::kINT64:
      return DType::kInt64;
    default:
      fail(ErrorCode::kUnsupported, "tensor '", name, "' has TensorRT's data type ",
           static_cast<int>(type), ", which hpinfer has no tensors of");
  }
}

ProfileTable::ProfileTable(const nvinfer1::ICudaEngine& engine,
                           const std::vector<TensorInfo>& inputs) {
  using Selector = nvinfer1::OptProfileSelector;
  for (std::int32_t i = 0; i < engine.getNbOptimizationProfiles(); ++i) {
    std::vector<ShapeRange> ranges;
    for (const TensorInfo& input : inputs) {
      const auto shape = [&](Selector selector) {
        return to_shape(engine.getProfileShape(input.name.c_str(), i, selector));
      };
      ranges.push_back({shape(Selector::kMIN), shape(Selector::kOPT), shape(Selector::kMAX)});
    }
    profiles_.push_back(std::move(ranges));
  }
}

std::optional<int> ProfileTable::find(std::span<const TensorView> inputs) const {
  std::optional<int> best;
  for (std::size_t i = 0; i < profiles_.size(); ++i) {
    bool fits = true;
    for (std::size_t k = 0; k < inputs.size(); ++k)
      fits = fits && within(profiles_[i][k], inputs[k].shape);
    const auto current = static_cast<std::size_t>(best.value_or(0));
    if (fits && (!best || volume(profiles_[i]) < volume(profiles_[current])))
      best = static_cast<int>(i);
  }
  return best;
}

void ProfileTable::refuse(std::span<const TensorView> inputs,
                          const std::vector<TensorInfo>& infos) const {
  std::size_t culprit = 0;  // the first input that no profile takes, else the combination is new
  for (std::size_t k = inputs.size(); k-- > 0;)
    if (std::none_of(profiles_.begin(), profiles_.end(),
                     [&](const auto& profile) { return within(profile[k], inputs[k].shape); }))
      culprit = k;
  std::string ranges;
  for (const auto& profile : profiles_)
    ranges += (ranges.empty() ? "" : " or ") + range_text(profile[culprit]);
  fail(ErrorCode::kInvalidInput, "input '", infos[culprit].name, "' has shape ",
       inputs[culprit].shape.to_string(), "; the TensorRT engine is built for ", ranges,
       ": widen dynamic_shapes, or set outside_shapes to other_engine or new_profile");
}

void check_profiles(const std::vector<ShapeProfile>& profiles,
                    const std::vector<TensorInfo>& inputs) {
  for (const TensorInfo& input : inputs) {
    if (input.shape.is_static()) continue;
    check(
        !profiles.empty(), ErrorCode::kConfig, "input '", input.name, "' has the free shape ",
        input.shape.to_string(),
        ": TensorRT needs dynamic_shapes for it (smallest, usual and largest shape); hpinfer tune "
        "--collect-shapes finds them");
  }
  for (const ShapeProfile& profile : profiles) {
    for (const TensorInfo& input : inputs) {
      const auto found = profile.find(input.name);
      check(found != profile.end() || input.shape.is_static(), ErrorCode::kConfig,
            "dynamic_shapes lacks input '", input.name, "', whose shape is ",
            input.shape.to_string());
      if (found != profile.end()) check_range(input, found->second);
    }
    for (const auto& [name, range] : profile) {
      const bool known = std::any_of(inputs.begin(), inputs.end(),
                                     [&](const TensorInfo& input) { return input.name == name; });
      check(known, ErrorCode::kConfig, "dynamic_shapes: the model has no input '", name,
            "'; it has ", inputs.empty() ? "none" : "'" + inputs.front().name + "'",
            inputs.size() > 1 ? " and others" : "");
    }
  }
}

}  // namespace hpinfer::tensorrt

#include "engines/ascend/signature.h"

#include <algorithm>
#include <memory>
#include <string>

namespace hpinfer::ascend {
namespace {

// A message names this many of the shapes that a model was compiled for.
constexpr std::size_t kNamedSets = 8;

std::string text_of(const char* name) { return name != nullptr ? name : ""; }

DType checked_dtype(abi::DataType type, const std::string& name) {
  const auto dtype = to_dtype(type);
  check(dtype.has_value(), ErrorCode::kUnsupported, "'", name,
        "' has an element type that hpinfer does not support (AscendCL's number ", type,
        "): convert the model with atc --input_fp16_nodes, --output_type or a type of its own");
  return *dtype;
}

void read_inputs(const Api& api, abi::ModelDesc* model, Signature& signature) {
  signature.model_inputs = api.aclmdlGetNumInputs(model);
  for (std::size_t i = 0; i < signature.model_inputs; ++i) {
    const std::string name = text_of(api.aclmdlGetInputNameByIndex(model, i));
    const Port port{i, api.aclmdlGetInputSizeByIndex(model, i), api.aclmdlGetInputFormat(model, i)};
    check(name != abi::kPreprocessingInput, ErrorCode::kUnsupported,
          "the model was compiled with dynamic AIPP, which hpinfer does not set: compile it "
          "without --insert_op_conf");
    if (name == abi::kShapeInput) {
      signature.shape_input = port;
      continue;
    }
    TensorInfo info{name, checked_dtype(api.aclmdlGetInputDataType(model, i), name), Shape{}};
    abi::Dims dims{};
    api.check_status(api.aclmdlGetInputDims(model, i, &dims), "tell the shape of '" + name + "'");
    set_shape(info, dims);
    signature.inputs.push_back(std::move(info));
    signature.input_ports.push_back(port);
  }
}

void read_outputs(const Api& api, abi::ModelDesc* model, Signature& signature) {
  const std::size_t count = api.aclmdlGetNumOutputs(model);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name = text_of(api.aclmdlGetOutputNameByIndex(model, i));
    TensorInfo info{name, checked_dtype(api.aclmdlGetOutputDataType(model, i), name), Shape{}};
    abi::Dims dims{};
    api.check_status(api.aclmdlGetOutputDims(model, i, &dims), "tell the shape of '" + name + "'");
    set_shape(info, dims);
    signature.outputs.push_back(std::move(info));
    signature.output_ports.push_back({i, api.aclmdlGetOutputSizeByIndex(model, i), 0});
  }
}

// The shapes of all inputs with their open dimensions filled in order, again for each input.
std::vector<Shape> filled(const std::vector<TensorInfo>& inputs,
                          std::span<const std::int64_t> values) {
  std::vector<Shape> shapes;
  for (const TensorInfo& info : inputs) {
    Shape shape = info.shape;
    std::size_t next = 0;
    for (std::size_t i = 0; i < shape.rank(); ++i) {
      if (shape[i] >= 0) continue;
      check(next < values.size(), ErrorCode::kModelFormat, "input '", info.name, "' of shape ",
            info.shape.to_string(), " has more open dimensions than the model has sizes for (",
            values.size(), ")");
      shape[i] = values[next++];
    }
    shapes.push_back(shape);
  }
  return shapes;
}

bool read_batch_sizes(const Api& api, abi::ModelDesc* model, Signature& signature) {
  abi::BatchSizes sizes{};
  api.check_status(api.aclmdlGetDynamicBatch(model, &sizes), "tell the batch sizes of the model");
  for (std::size_t i = 0; i < std::min(sizes.count, std::size(sizes.sizes)); ++i) {
    ShapeSet set;
    set.batch = sizes.sizes[i];
    const auto value = static_cast<std::int64_t>(set.batch);
    set.inputs = filled(signature.inputs, std::span(&value, 1));
    signature.shape_sets.push_back(std::move(set));
  }
  return sizes.count > 0;
}

bool read_image_sizes(const Api& api, abi::ModelDesc* model, Signature& signature) {
  abi::ImageSizes sizes{};
  api.check_status(api.aclmdlGetDynamicHW(model, abi::kAnyIndex, &sizes),
                   "tell the image sizes of the model");
  for (std::size_t i = 0; i < std::min(sizes.count, std::size(sizes.sizes)); ++i) {
    ShapeSet set;
    set.height = sizes.sizes[i][0];
    set.width = sizes.sizes[i][1];
    const std::int64_t values[] = {static_cast<std::int64_t>(set.height),
                                   static_cast<std::int64_t>(set.width)};
    set.inputs = filled(signature.inputs, values);
    signature.shape_sets.push_back(std::move(set));
  }
  return sizes.count > 0;
}

// A set holds the dimensions of all inputs, one input after the other.
ShapeSet split(const abi::Dims& dims, const std::vector<TensorInfo>& inputs) {
  ShapeSet set;
  set.dims = dims;
  std::size_t next = 0;
  for (const TensorInfo& info : inputs) {
    const std::size_t rank = info.shape.rank();
    check(next + rank <= std::min(dims.count, std::size(dims.dims)), ErrorCode::kModelFormat,
          "the model tells ", dims.count, " dimensions for a set of shapes, too few for input '",
          info.name, "'");
    set.inputs.emplace_back(std::span(dims.dims + next, rank));
    next += rank;
  }
  return set;
}

void read_dimensions(const Api& api, abi::ModelDesc* model, Signature& signature) {
  std::size_t count = 0;
  api.check_status(api.aclmdlGetInputDynamicGearCount(model, abi::kAnyIndex, &count),
                   "count the sets of shapes of the model");
  check(count > 0, ErrorCode::kModelFormat, "the model has an input '", abi::kShapeInput,
        "' but tells no batch sizes, image sizes or dimensions for it: compile it again");
  const auto sets = std::make_unique<abi::Dims[]>(count);
  api.check_status(api.aclmdlGetInputDynamicDims(model, abi::kAnyIndex, sets.get(), count),
                   "tell the sets of shapes of the model");
  for (std::size_t i = 0; i < count; ++i)
    signature.shape_sets.push_back(split(sets[i], signature.inputs));
}

// What differs between the sets is dynamic, whatever the library told of the dimension.
void open_what_varies(Signature& signature) {
  const ShapeSet& first = signature.shape_sets.front();
  for (std::size_t i = 0; i < signature.inputs.size(); ++i) {
    Shape& shape = signature.inputs[i].shape;
    for (std::size_t d = 0; d < shape.rank(); ++d) {
      const bool varies = std::ranges::any_of(signature.shape_sets, [&](const ShapeSet& set) {
        return set.inputs[i][d] != first.inputs[i][d];
      });
      shape[d] = varies ? kDynamicDim : first.inputs[i][d];
    }
  }
}

}  // namespace

void set_shape(TensorInfo& info, const abi::Dims& dims) {
  const std::span<const std::int64_t> all(dims.dims, std::min(dims.count, std::size(dims.dims)));
  info.ranked = std::ranges::find(all, abi::kUnknownRank) == all.end();
  if (info.ranked) info.shape = Shape(all);
}

const ShapeSet* Signature::find(std::span<const TensorView> views) const noexcept {
  const auto fits = [&](const ShapeSet& set) {
    return std::ranges::equal(set.inputs, views, [](const Shape& shape, const TensorView& view) {
      return shape == view.shape;
    });
  };
  const auto found = std::ranges::find_if(shape_sets, fits);
  return found == shape_sets.end() ? nullptr : &*found;
}

void Signature::refuse(std::span<const TensorView> views) const {
  const auto list = [](const auto& shapes, auto shape_of) {
    std::string text;
    for (const auto& item : shapes) text += (text.empty() ? "" : " ") + shape_of(item).to_string();
    return text;
  };
  std::string known;
  for (std::size_t i = 0; i < std::min(shape_sets.size(), kNamedSets); ++i)
    known +=
        (i == 0 ? "" : ", ") + list(shape_sets[i].inputs, [](const Shape& shape) { return shape; });
  if (shape_sets.size() > kNamedSets)
    known += " and " + std::to_string(shape_sets.size() - kNamedSets) + " more";
  fail(ErrorCode::kInvalidInput, "the model was compiled for inputs of ", known, "; got ",
       list(views, [](const TensorView& view) { return view.shape; }),
       ": bring the input to one of them, or compile the model for it too (atc "
       "--dynamic_batch_size, --dynamic_image_size or --dynamic_dims)");
}

Signature read_signature(const Api& api, abi::ModelDesc* model) {
  Signature signature;
  read_inputs(api, model, signature);
  read_outputs(api, model, signature);
  if (!signature.shape_input) {
    const bool open = std::ranges::any_of(signature.inputs, [](const TensorInfo& info) {
      return !info.ranked || !info.shape.is_static();
    });
    signature.choice = open ? ShapeChoice::kFree : ShapeChoice::kFixed;
    return signature;
  }
  if (read_batch_sizes(api, model, signature)) {
    signature.choice = ShapeChoice::kBatchSizes;
  } else if (read_image_sizes(api, model, signature)) {
    signature.choice = ShapeChoice::kImageSizes;
  } else {
    read_dimensions(api, model, signature);
    signature.choice = ShapeChoice::kDimensions;
  }
  open_what_varies(signature);
  return signature;
}

}  // namespace hpinfer::ascend

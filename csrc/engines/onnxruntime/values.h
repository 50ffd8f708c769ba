// Tensors of the model's graph and of a run, in hpinfer's terms.
#pragma once

#include "engines/engine.h"
#include "engines/onnxruntime/api.h"

namespace hpinfer::ort {

// Name, dtype and shape of every input or output, in graph order. Throws Error(kUnsupported) naming
// one that is not a tensor of a dtype that hpinfer has.
std::vector<TensorInfo> input_infos(const Api& api, const abi::Session* session);
std::vector<TensorInfo> output_infos(const Api& api, const abi::Session* session);

// A value over memory that must outlive it; nothing is copied. `memory` says where the view lies.
Handle<abi::Value> borrow_value(const Api& api, const TensorView& view,
                                const abi::MemoryInfo* memory);

// A result's shape and memory, which is on `device`. Throws Error(kEngine) if it is not of the
// announced dtype.
TensorView value_view(const Api& api, abi::Value* value, DType dtype, Device device);

}  // namespace hpinfer::ort

// A run through I/O binding: inputs where they are and results where they are wanted, also on a
// GPU.
#pragma once

#include <span>
#include <vector>

#include "engines/onnxruntime/api.h"

namespace hpinfer::ort {

// Names of a model's inputs and outputs, in graph order.
struct TensorNames {
  std::vector<const char*> inputs;
  std::vector<const char*> outputs;
};

// One output: the value that it is written into, or the memory that a new value is made in.
struct BoundOutput {
  Handle<abi::Value> value;
  const abi::MemoryInfo* memory = nullptr;  // where `value` is null
};

// Runs with everything bound; on success every output has its value. ONNX Runtime copies what lies
// on another device than it is needed on, and has finished all work when the call returns.
std::optional<Failure> run_bound(const Api& api, abi::Session* session,
                                 const abi::RunOptions* options, const TensorNames& names,
                                 std::span<const Handle<abi::Value>> inputs,
                                 std::span<BoundOutput> outputs);

}  // namespace hpinfer::ort

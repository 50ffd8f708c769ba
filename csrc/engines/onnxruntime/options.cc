#include "engines/onnxruntime/options.h"

#include <algorithm>

namespace hpinfer::ort {
namespace {

abi::OptimizationLevel optimization_level(GraphOptimization level) {
  switch (level) {
    case GraphOptimization::kNone:
      return abi::kDisableAll;
    case GraphOptimization::kBasic:
      return abi::kBasic;
    case GraphOptimization::kExtended:
      return abi::kExtended;
    case GraphOptimization::kAll:
      return abi::kAll;
  }
  return abi::kAll;
}

// Options that mean something to other engines only.
void refuse_options_without_effect(const SessionOptions& options) {
  check(options.precision == Precision::kFloat32, ErrorCode::kUnsupported,
        "ONNX Runtime computes in the precision that the model is stored in; precision='",
        precision_name(options.precision),
        "' needs a converted model, or engine='openvino' on a CPU that has it");
  check(options.cache_dir.empty(), ErrorCode::kConfig,
        "cache_dir has no effect on ONNX Runtime: only OpenVINO keeps compiled models; remove it");
  check(options.device.type != DeviceType::kNpu, ErrorCode::kUnsupported, "device '",
        to_string(options.device), "' is not supported through ONNX Runtime");
}

void set_threads(const Api& api, abi::SessionOptions* native, const SessionOptions& options) {
  // A caller's thread takes part in its own inference, so the streams together keep to the budget.
  const int threads = std::max(1, options.num_threads / options.num_streams);
  api.call<abi::SetIntraOpNumThreads>(native, threads);
  api.call<abi::SetInterOpNumThreads>(native, 1);
  api.call<abi::SetSessionExecutionMode>(native, abi::kSequential);
}

// Entries that hold unless engine_config says otherwise. Idle threads that spin take the processor
// from pre- and post-processing, and from other sessions.
const std::map<std::string, std::string>& default_config() {
  static const std::map<std::string, std::string> entries{
      {"session.inter_op.allow_spinning", "0"},
      {"session.intra_op.allow_spinning", "0"},
  };
  return entries;
}

// ONNX Runtime takes any key, and ignores those that it does not know: only it could tell them
// apart, so a misspelt key cannot be reported.
void set_config(const Api& api, abi::SessionOptions* native,
                const std::map<std::string, std::string>& given) {
  auto entries = given;
  entries.insert(default_config().begin(), default_config().end());
  for (const auto& [key, value] : entries) {
    const auto failure =
        api.try_call<abi::AddSessionConfigEntry>(native, key.c_str(), value.c_str());
    check(!failure, ErrorCode::kConfig, "engine_config '", key, "' = '", value,
          "': ", failure ? failure->message : "");
  }
}

// Memory for inputs of many sizes. Measured on PP-OCRv4 (2 threads, resident MB after 300
// recogniser runs of random batch and width; mean ms of one): arena without patterns 159 to 162 MB,
// 42 ms; with patterns 194 to 197 and growing, 76 ms; no arena 149 to 229, 67 ms (page faults); an
// arena that grows by the request alone 300 to 469, 54 ms. So: the arena, no patterns. What one
// huge picture leaves in the arena goes back at the next shrink (session.cc): detector after
// 1920x1920, 599 MB; 64 small pictures later, 85 MB; without shrinking it stays 611 MB.
void set_memory(const Api& api, abi::SessionOptions* native, MemoryPolicy memory) {
  if (memory == MemoryPolicy::kBounded) api.call<abi::DisableMemPattern>(native);
}

}  // namespace

Handle<abi::SessionOptions> native_options(const Api& api, const SessionOptions& options) {
  refuse_options_without_effect(options);
  auto native = api.create<abi::CreateSessionOptions, abi::ReleaseSessionOptions>();
  api.call<abi::SetUserLoggingFunction>(native.get(), &forward_log, nullptr);
  api.call<abi::SetSessionLogSeverityLevel>(native.get(), static_cast<int>(logging_level()));
  api.call<abi::SetSessionGraphOptimizationLevel>(native.get(),
                                                  optimization_level(options.graph_optimization));
  set_threads(api, native.get(), options);
  set_memory(api, native.get(), options.memory);
  set_config(api, native.get(), options.engine_config);
  return native;
}

}  // namespace hpinfer::ort

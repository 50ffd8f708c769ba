#include "engines/onnxruntime/options.h"

#include <algorithm>

#include "engines/onnxruntime/assignment.h"

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
  refuse_compile_options(options, "onnxruntime");
  if (options.device.type == DeviceType::kCpu) refuse_gpu_options(options, "onnxruntime");
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
void set_config(const Api& api, abi::SessionOptions* native, const SessionOptions& options) {
  auto entries = options.engine_config;
  if (options.device.type != DeviceType::kCpu) entries.try_emplace(kRecordAssignment, "1");
  entries.insert(default_config().begin(), default_config().end());
  for (const auto& [key, value] : entries) {
    const auto failure =
        api.try_call<abi::AddSessionConfigEntry>(native, key.c_str(), value.c_str());
    check(!failure, ErrorCode::kConfig, "engine_config '", key, "' = '", value,
          "': ", failure ? failure->message : "");
  }
}

// Memory for inputs of many sizes. Measured with PP-OCRv4's recogniser on 2 threads, resident MB
// after 150 to 300 runs of random batch and width, and mean processor time of one:
//   arena, no patterns                   160 to 165 MB    80 to 87 ms
//   the same, shrunk every 64 runs       161 to 174 MB    83 to 85 ms
//   arena and patterns                   187 to 197 MB    81 to 90 ms, still growing
//   no arena                             154 to 238 MB   117 to 146 ms (page faults)
//   arena that grows by the request only 412 to 469 MB    75 to 88 ms
// Hence the arena without patterns. Shrinking (session.cc) gives back what one huge picture needed:
// the detector holds 599 MB after 1920x1920 and 85 MB 64 small pictures later; without, 611 MB.
void set_memory(const Api& api, abi::SessionOptions* native, MemoryPolicy memory) {
  if (memory == MemoryPolicy::kBounded) api.call<abi::DisableMemPattern>(native);
}

// A session that writes its graph warns each time that the graph is for this processor only.
abi::LoggingLevel session_level(const SessionOptions& options) {
  return options.optimized_model.empty() ? logging_level() : std::max(logging_level(), abi::kError);
}

}  // namespace

Handle<abi::SessionOptions> native_options(const Api& api, const SessionOptions& options) {
  refuse_options_without_effect(options);
  auto native = api.create<abi::CreateSessionOptions, abi::ReleaseSessionOptions>();
  api.call<abi::SetUserLoggingFunction>(native.get(), &forward_log, nullptr);
  api.call<abi::SetSessionLogSeverityLevel>(native.get(), static_cast<int>(session_level(options)));
  api.call<abi::SetSessionGraphOptimizationLevel>(native.get(),
                                                  optimization_level(options.graph_optimization));
  set_threads(api, native.get(), options);
  set_memory(api, native.get(), options.memory);
  set_config(api, native.get(), options);
  return native;
}

}  // namespace hpinfer::ort

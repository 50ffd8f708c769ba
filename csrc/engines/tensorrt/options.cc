#include "engines/tensorrt/options.h"

#include <NvInferVersion.h>

#include <charconv>

namespace hpinfer::tensorrt {
namespace {

constexpr int kMaxOptimizationLevel = 5;
constexpr int kMaxWorkspaceMib = 1 << 20;

int number(std::string_view key, const std::string& text, int most) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  check(error == std::errc{} && end == text.data() + text.size() && value >= 0 && value <= most,
        ErrorCode::kConfig, "engine_config ", key, " must be a number from 0 to ", most, "; got '",
        text, "'");
  return value;
}

void check_common(const SessionOptions& options) {
  check(options.device.type == DeviceType::kGpu, ErrorCode::kUnsupported,
        "the tensorrt engine runs on device 'gpu' only; got '", to_string(options.device), "'");
  check(options.graph_optimization == GraphOptimization::kAll, ErrorCode::kConfig,
        "graph_optimization has no effect on the tensorrt engine; use optimization_level in "
        "engine_config");
  check(options.providers.empty(), ErrorCode::kConfig,
        "providers are ONNX Runtime's execution providers; the tensorrt engine has none");
  check(options.optimized_model.empty(), ErrorCode::kConfig,
        "optimized_model has no effect on the tensorrt engine: it writes no graph");
  check(options.cache_dir.empty(), ErrorCode::kConfig,
        "cache_dir has no effect on the tensorrt engine: hpinfer keeps its plans in the artifact "
        "cache");
  check(
      options.gpu_memory_mib == 0, ErrorCode::kConfig,
      "gpu_memory_mib has no effect on the tensorrt engine; workspace_mib in engine_config limits "
      "what building takes");
#if NV_TENSORRT_MAJOR >= 11
  check(options.precision == Precision::kFloat32, ErrorCode::kUnsupported,
        "TensorRT 11 computes in the precision that the model is stored in; precision='",
        precision_name(options.precision), "' needs a model converted to it, or TensorRT 10");
#endif
}

}  // namespace

BuildSettings check_options(const SessionOptions& options) {
  check_common(options);
  BuildSettings settings;
  for (const auto& [key, value] : options.engine_config) {
    if (key == "optimization_level") {
      settings.optimization_level = number(key, value, kMaxOptimizationLevel);
    } else if (key == "workspace_mib") {
      settings.workspace_bytes = static_cast<std::size_t>(number(key, value, kMaxWorkspaceMib))
                                 << 20;
    } else if (key == "tf32") {
      settings.tf32 = number(key, value, 1) == 1;
    } else {
      fail(ErrorCode::kConfig, "engine_config of the tensorrt engine has no key '", key,
           "'; it has optimization_level, workspace_mib and tf32");
    }
  }
  return settings;
}

}  // namespace hpinfer::tensorrt

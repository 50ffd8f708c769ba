#include "engines/ascend/options.h"

namespace hpinfer::ascend {

void check_options(const SessionOptions& options) {
  check(options.device.type == DeviceType::kNpu, ErrorCode::kUnsupported,
        "the om engine runs on device 'npu' only, got '", to_string(options.device),
        "': set the device to 'npu:0', or take the model's .onnx with another engine");
  check(options.precision == Precision::kFloat32, ErrorCode::kUnsupported,
        "an .om computes in the precision that it was compiled for; precision='",
        precision_name(options.precision), "' needs a model compiled with atc --precision_mode");
  check(options.graph_optimization == GraphOptimization::kAll, ErrorCode::kConfig,
        "graph_optimization has no effect on the om engine: the model is compiled");
  check(options.providers.empty(), ErrorCode::kConfig,
        "providers are ONNX Runtime's execution providers; the om engine has none");
  check(options.optimized_model.empty() && options.cache_dir.empty(), ErrorCode::kConfig,
        "optimized_model and cache_dir have no effect on the om engine: it writes no files");
  check(options.profiles.empty(), ErrorCode::kConfig,
        "profiles have no effect on the om engine: atc compiles the shapes into the model");
  check(options.output_order.empty(), ErrorCode::kConfig,
        "output_order has no effect on the om engine: outputs are in the order of the model");
  refuse_gpu_options(options, "om");
  check(options.engine_config.empty(), ErrorCode::kConfig,
        "the om engine has no engine_config; got '",
        options.engine_config.empty() ? "" : options.engine_config.begin()->first, "'");
}

}  // namespace hpinfer::ascend

#include "engines/openvino/options.h"

#include <algorithm>
#include <array>

#include "engines/openvino/cache.h"

namespace hpinfer::openvino {
namespace {

constexpr const char* kPrecisionKey = "INFERENCE_PRECISION_HINT";
constexpr int kMaxStreams = 1024;

// Compiled kernels that OpenVINO keeps for shapes seen before, counted over all layers of a model;
// its own default is 5000. A new width costs the PP-OCRv4 recogniser 10 ms of compilation, so a
// large cache pays where pages come again: the OCR pipeline on 49 mixed pages (2 cores, two
// streams), beside RapidOCR with 5000 in the same run, needs 1.03 times its time with 1000, 0.95
// with 2000, 0.89 with 2500. On pages seen once the size hardly matters. Resident after 400 pages
// of random sizes: 1.15 GB with 1000, 1.5 GB with 2000, 1.7 GB with 2500, almost flat by then.
constexpr const char* kKernelCacheKey = "CPU_RUNTIME_CACHE_CAPACITY";
constexpr const char* kBoundedKernelCache = "2000";

struct OwnOption {
  std::string_view key;
  std::string_view option;
};

constexpr std::array<OwnOption, 4> kOwnOptions{{{"INFERENCE_NUM_THREADS", "num_threads"},
                                                {"NUM_STREAMS", "num_streams"},
                                                {kPrecisionKey, "precision"},
                                                {"CACHE_DIR", "cache_dir"}}};

// Keys whose value is not text: the C interface would take the text for a structure.
constexpr std::string_view kCallbackKey = "CACHE_ENCRYPTION_CALLBACKS";

std::string_view openvino_name(Precision precision) {
  switch (precision) {
    case Precision::kFloat32:
      return "f32";
    case Precision::kFloat16:
      return "f16";
    case Precision::kBFloat16:
      return "bf16";
  }
  fail(ErrorCode::kInternal, "unknown precision");
}

void check_options(const SessionOptions& options) {
  check(options.device.type == DeviceType::kCpu, ErrorCode::kUnsupported,
        "the openvino engine runs on device 'cpu' only; got '", to_string(options.device),
        "': for hpinfer 'gpu' is an NVIDIA GPU, which OpenVINO does not drive");
  check(options.graph_optimization == GraphOptimization::kAll, ErrorCode::kConfig,
        "graph_optimization has no effect on the openvino engine, which always optimises; leave it "
        "at 'all'");
  check(options.optimized_model.empty(), ErrorCode::kConfig,
        "optimized_model has no effect on the openvino engine: it keeps what it compiles in "
        "cache_dir");
  check(options.providers.empty(), ErrorCode::kConfig,
        "providers are ONNX Runtime's execution providers; the openvino engine has none");
  refuse_compile_options(options, "openvino");
  refuse_gpu_options(options, "openvino");
  check(options.num_streams <= kMaxStreams, ErrorCode::kConfig, "num_streams must be at most ",
        kMaxStreams, "; got ", options.num_streams);
  for (const auto& [key, value] : options.engine_config) {
    for (const OwnOption& own : kOwnOptions)
      check(key != own.key, ErrorCode::kConfig, "engine_config key ", key, " has an option: use ",
            own.option);
    check(key != kCallbackKey, ErrorCode::kConfig, "engine_config key ", key,
          " takes functions, which cannot be given as text");
  }
}

}  // namespace

Properties compile_properties(const SessionOptions& options, const ModelSource& model,
                              const InspectedModel& inspected) {
  check_options(options);
  Properties properties{
      {"INFERENCE_NUM_THREADS", std::to_string(options.num_threads)},
      // More streams than threads cannot run; OpenVINO would drop the rest without a word.
      {"NUM_STREAMS", std::to_string(std::min(options.num_streams, options.num_threads))},
      {kPrecisionKey, std::string(openvino_name(options.precision))},
  };
  const auto set_default = [&](const char* key, const char* value) {
    if (!options.engine_config.contains(key)) properties.emplace_back(key, value);
  };
  // Pinned threads of several processes would share the first processors.
  set_default("ENABLE_CPU_PINNING", "NO");
  if (options.memory == MemoryPolicy::kBounded) set_default(kKernelCacheKey, kBoundedKernelCache);
  if (!options.cache_dir.empty()) {
    const auto folder = cache_folder(options.cache_dir, model, inspected);
    properties.emplace_back("CACHE_DIR", folder.string());
  }
  for (const auto& entry : options.engine_config) properties.push_back(entry);
  return properties;
}

void check_engine_config(const Api& api, const SessionOptions& options) {
  if (options.engine_config.empty()) return;
  const auto core = api.create_core(ErrorCode::kEngine);  // its own: properties stay set
  // Properties are checked by the CPU plugin, and only once it is loaded; a question loads it.
  char* device_name = nullptr;
  api.check_status(api.ov_core_get_property(core.get(), "CPU", "FULL_DEVICE_NAME", &device_name),
                   ErrorCode::kEngine, "cannot load OpenVINO's CPU plugin");
  api.ov_free(device_name);
  for (const auto& [key, value] : options.engine_config)
    api.check_status(api.ov_core_set_property(core.get(), "CPU", key.c_str(), value.c_str()),
                     ErrorCode::kConfig, "engine_config " + key + "=" + value + " is refused");
}

void check_precision(const Api& api, const abi::CompiledModel* model,
                     const SessionOptions& options) {
  char* text = nullptr;
  api.check_status(api.ov_compiled_model_get_property(model, kPrecisionKey, &text),
                   ErrorCode::kEngine, "cannot read the precision of the compiled model");
  const std::string used = api.take_string(text);
  check(used == openvino_name(options.precision), ErrorCode::kUnsupported,
        "OpenVINO cannot run in ", precision_name(options.precision), " on this CPU (it would use ",
        used, "); use precision 'fp32'");
}

}  // namespace hpinfer::openvino

#include "engines/tensorrt/builder.h"

#include <algorithm>
#include <atomic>
#include <mutex>

#include "core/log.h"
#include "engines/mapped_file.h"
#include "engines/onnx_signature.h"
#include "engines/tensorrt/logger.h"
#include "engines/tensorrt/options.h"
#include "engines/tensorrt/profiles.h"

namespace hpinfer::tensorrt {
namespace {

using nvinfer1::IBuilder;
using nvinfer1::IBuilderConfig;
using nvinfer1::INetworkDefinition;

// The parser may find a fault in every node; the first ones tell.
constexpr int kMaxParserErrors = 3;

// Hands TensorRT's phases on, and the wish to stop back.
class Monitor final : public nvinfer1::IProgressMonitor {
 public:
  explicit Monitor(const ProgressFunction& function) : function_(function) {}

  bool cancelled() const noexcept { return cancelled_.load(); }

  void phaseStart(const char* phase, const char* /*parent*/, std::int32_t steps) noexcept override {
    guarded([&] {
      const std::lock_guard lock(mutex_);
      steps_[phase] = steps;
    });
    tell(phase, 0);
  }
  bool stepComplete(const char* phase, std::int32_t step) noexcept override {
    tell(phase, step + 1);
    return !cancelled();
  }
  void phaseFinish(const char* phase) noexcept override {
    guarded([&] {
      const std::lock_guard lock(mutex_);
      steps_.erase(phase);
    });
  }

 private:
  void tell(const char* phase, int step) noexcept {
    guarded([&] {
      CompileProgress progress{phase, step, 0};
      {
        const std::lock_guard lock(mutex_);
        const auto found = steps_.find(phase);
        progress.steps = found == steps_.end() ? 0 : found->second;
      }
      if (function_ && !cancelled() && !function_(progress)) cancelled_.store(true);
    });
  }
  // TensorRT takes no exceptions; a progress function that throws stops the build.
  template <typename Action>
  void guarded(const Action& action) noexcept {
    try {
      action();
    } catch (...) {
      cancelled_.store(true);
    }
  }

  const ProgressFunction& function_;
  std::atomic<bool> cancelled_{false};
  std::mutex mutex_;
  std::map<std::string, int> steps_;
};

std::string text_of(const char* text) { return text == nullptr ? "" : text; }

std::string parser_errors(const nvonnxparser::IParser& parser, const ErrorCapture& captured) {
  std::string text;
  const int count = parser.getNbErrors();
  for (int i = 0; i < std::min(count, kMaxParserErrors); ++i) {
    const nvonnxparser::IParserError* error = parser.getError(i);
    text += text.empty() ? "" : "; ";
    const std::string op = text_of(error->nodeOperator());
    if (error->node() >= 0 && !op.empty())
      text += "node " + std::to_string(error->node()) + " '" + text_of(error->nodeName()) + "' (" +
              op + "): ";
    text += text_of(error->desc());
  }
  if (count > kMaxParserErrors)
    text += "; and " + std::to_string(count - kMaxParserErrors) + " further errors";
  return text.empty() ? captured.text() : text;
}

std::string model_text(const ModelSource& model) {
  return model.in_memory() ? "the model in memory" : model.path.string();
}

void parse(nvonnxparser::IParser& parser, const ModelSource& model) {
  const ErrorCapture errors;
  bool parsed = false;
  if (model.in_memory()) {
    parsed = parser.parse(model.bytes.data(), model.bytes.size());
  } else {
    // With its path the parser finds external weights beside the file.
    constexpr int kWarnings = static_cast<int>(nvinfer1::ILogger::Severity::kWARNING);
    parsed = parser.parseFromFile(model.path.c_str(), kWarnings);
  }
  check(parsed, ErrorCode::kModelFormat, "TensorRT cannot read ", model_text(model), ": ",
        parser_errors(parser, errors));
}

std::vector<TensorInfo> input_infos(const INetworkDefinition& network) {
  std::vector<TensorInfo> infos;
  for (std::int32_t i = 0; i < network.getNbInputs(); ++i) {
    const nvinfer1::ITensor* tensor = network.getInput(i);
    check(!tensor->isShapeTensor(), ErrorCode::kUnsupported, "input '", tensor->getName(),
          "' holds a shape, for which TensorRT needs values at build time; use another engine");
    infos.push_back({tensor->getName(), to_dtype(tensor->getType(), tensor->getName()),
                     to_shape(tensor->getDimensions())});
  }
  return infos;
}

void add_profiles(IBuilder& builder, IBuilderConfig& config,
                  const std::vector<ShapeProfile>& profiles) {
  using Selector = nvinfer1::OptProfileSelector;
  for (const ShapeProfile& given : profiles) {
    const ErrorCapture errors;
    nvinfer1::IOptimizationProfile* profile = builder.createOptimizationProfile();
    bool taken = profile != nullptr;
    for (const auto& [name, range] : given)
      taken = taken &&
              profile->setDimensions(name.c_str(), Selector::kMIN, to_dims(range.smallest)) &&
              profile->setDimensions(name.c_str(), Selector::kOPT, to_dims(range.usual)) &&
              profile->setDimensions(name.c_str(), Selector::kMAX, to_dims(range.largest));
    check(taken && config.addOptimizationProfile(profile) >= 0, ErrorCode::kConfig,
          "TensorRT refuses dynamic_shapes: ", errors.text());
  }
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

// Up to TensorRT 10 the network is typed weakly: flags allow lower precisions. A model that is
// quantised itself (QuantizeLinear) needs its flag too. From 11 on the file decides alone.
void set_precision([[maybe_unused]] const INetworkDefinition& network, IBuilderConfig& config,
                   [[maybe_unused]] Precision precision, bool tf32) {
  using nvinfer1::BuilderFlag;
  if (!tf32) config.clearFlag(BuilderFlag::kTF32);
#if NV_TENSORRT_MAJOR < 11
  if (precision == Precision::kFloat16) config.setFlag(BuilderFlag::kFP16);
  if (precision == Precision::kBFloat16) config.setFlag(BuilderFlag::kBF16);
  for (std::int32_t i = 0; i < network.getNbLayers(); ++i) {
    const nvinfer1::ILayer* layer = network.getLayer(i);
    if (layer->getType() != nvinfer1::LayerType::kQUANTIZE) continue;
    const bool fp8 = layer->getOutputType(0) == nvinfer1::DataType::kFP8;
    config.setFlag(fp8 ? BuilderFlag::kFP8 : BuilderFlag::kINT8);
  }
#endif
}

#pragma GCC diagnostic pop

// The cache of another release or GPU is refused; building without it only takes longer.
std::unique_ptr<nvinfer1::ITimingCache> use_timing_cache(IBuilderConfig& config,
                                                         std::span<const std::byte> bytes) {
  for (const bool given : {true, false}) {
    if (given && bytes.empty()) continue;
    std::unique_ptr<nvinfer1::ITimingCache> cache(
        config.createTimingCache(given ? bytes.data() : nullptr, given ? bytes.size() : 0));
    if (cache != nullptr && config.setTimingCache(*cache, false)) return cache;
    log(LogLevel::kInfo, "TensorRT refuses the timing cache: a new one is begun");
  }
  return nullptr;
}

std::vector<std::byte> bytes_of(const nvinfer1::IHostMemory* memory) {
  if (memory == nullptr) return {};
  const auto* first = static_cast<const std::byte*>(memory->data());
  return {first, first + memory->size()};
}

std::vector<std::byte> timing_bytes(const IBuilderConfig& config) {
  const nvinfer1::ITimingCache* cache = config.getTimingCache();
  if (cache == nullptr) return {};
  const std::unique_ptr<nvinfer1::IHostMemory> memory(cache->serialize());
  return bytes_of(memory.get());
}

std::vector<std::string> output_names(const INetworkDefinition& network) {
  std::vector<std::string> names;
  for (std::int32_t i = 0; i < network.getNbOutputs(); ++i)
    names.emplace_back(network.getOutput(i)->getName());
  return names;
}

std::mutex& build_mutex() {
  static std::mutex mutex;
  return mutex;
}

}  // namespace

bool is_onnx(std::span<const std::byte> bytes) { return read_onnx_signature(bytes).has_value(); }

CompiledModel build_plan(const Library& library, const ModelSource& model,
                         const SessionOptions& options, std::span<const std::byte> timing_cache,
                         const ProgressFunction& progress) {
  const BuildSettings settings = check_options(options);
  const std::lock_guard lock(build_mutex());
  const CurrentDevice device(library.cuda(), options.device.index);
  const auto builder = library.create_builder();
  const std::unique_ptr<INetworkDefinition> network(builder->createNetworkV2(0));
  check(network != nullptr, ErrorCode::kEngine, "TensorRT cannot make a network");
  const auto parser = library.create_parser(*network);  // holds the weights until the build is done
  parse(*parser, model);
  check_profiles(options.profiles, input_infos(*network));

  Monitor monitor(progress);  // outlives the configuration that refers to it
  const std::unique_ptr<IBuilderConfig> config(builder->createBuilderConfig());
  check(config != nullptr, ErrorCode::kEngine, "TensorRT cannot make a build configuration");
  set_precision(*network, *config, options.precision, settings.tf32);
  add_profiles(*builder, *config, options.profiles);
  config->setBuilderOptimizationLevel(settings.optimization_level);
  if (settings.workspace_bytes)
    config->setMemoryPoolLimit(nvinfer1::MemoryPoolType::kWORKSPACE, *settings.workspace_bytes);
  const auto timing = use_timing_cache(*config, timing_cache);
  config->setProgressMonitor(&monitor);

  const ErrorCapture errors;
  const std::unique_ptr<nvinfer1::IHostMemory> plan(
      builder->buildSerializedNetwork(*network, *config));
  check(!monitor.cancelled(), ErrorCode::kCancelled, "building the TensorRT engine of ",
        model_text(model), " was cancelled");
  check(plan != nullptr, ErrorCode::kEngine, "TensorRT cannot build ", model_text(model), ": ",
        errors.text());
  return {bytes_of(plan.get()), timing_bytes(*config), output_names(*network)};
}

}  // namespace hpinfer::tensorrt

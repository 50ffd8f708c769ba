// A stand-in for libnvinfer: builds plans that hold the ONNX file, which ONNX Runtime runs.
#include <array>
#include <chrono>
#include <cstdlib>
#include <set>
#include <sstream>
#include <thread>

#include "defaults.h"
#include "engines/registry.h"
#include "stand_in_cuda.h"
#include "stand_in_network.h"
#include "stand_in_runtime.h"

namespace stand_in {
namespace {

using hpinfer::TensorInfo;
using nvinfer1::Dims;
using nvinfer1::ITensor;
using Severity = nvinfer1::ILogger::Severity;

std::atomic<nvinfer1::ILogger*> the_logger{nullptr};

class TensorFacts final : public nvinfer1::apiv::DefaultVTensor {
 public:
  explicit TensorFacts(TensorInfo info) : info_(std::move(info)) {}
  const char* getName() const noexcept override { return info_.name.c_str(); }
  Dims getDimensions() const noexcept override { return dims_of(info_.shape); }
  nvinfer1::DataType getType() const noexcept override { return type_of(info_.dtype); }
  bool isShapeTensor() const noexcept override { return info_.name.starts_with("shape_"); }

 private:
  TensorInfo info_;
};

class LayerFacts final : public nvinfer1::apiv::DefaultVLayer {
 public:
  explicit LayerFacts(Node node) : node_(std::move(node)) {}
  nvinfer1::LayerType getType() const noexcept override {
    return node_.op == "QuantizeLinear" ? nvinfer1::LayerType::kQUANTIZE
                                        : nvinfer1::LayerType::kIDENTITY;
  }
  nvinfer1::DataType getOutputType(std::int32_t) const noexcept override {
    return node_.op == "QuantizeLinear" ? nvinfer1::DataType::kINT8 : nvinfer1::DataType::kFLOAT;
  }

 private:
  Node node_;
};

class Network final : public nvinfer1::apiv::DefaultVNetworkDefinition {
 public:
  std::string set_model(std::string bytes) {
    try {
      model = load_model(std::move(bytes));
    } catch (const std::exception& error) {
      return error.what();
    }
    for (const TensorInfo& info : model->session->inputs())
      inputs_.push_back(std::make_unique<Facade<ITensor, TensorFacts>>(info));
    for (const TensorInfo& info : model->session->outputs())
      outputs_.push_back(std::make_unique<Facade<ITensor, TensorFacts>>(info));
    for (const Node& node : model->nodes)
      layers_.push_back(std::make_unique<Facade<nvinfer1::ILayer, LayerFacts>>(node));
    return {};
  }

  std::int32_t getNbInputs() const noexcept override {
    return static_cast<std::int32_t>(inputs_.size());
  }
  ITensor* getInput(std::int32_t index) const noexcept override {
    return inputs_[static_cast<std::size_t>(index)].get();
  }
  std::int32_t getNbOutputs() const noexcept override {
    return static_cast<std::int32_t>(outputs_.size());
  }
  ITensor* getOutput(std::int32_t index) const noexcept override {
    return outputs_[static_cast<std::size_t>(index)].get();
  }
  std::int32_t getNbLayers() const noexcept override {
    return static_cast<std::int32_t>(layers_.size());
  }
  nvinfer1::ILayer* getLayer(std::int32_t index) const noexcept override {
    return layers_[static_cast<std::size_t>(index)].get();
  }

  std::shared_ptr<const Model> model;

 private:
  std::vector<std::unique_ptr<Facade<ITensor, TensorFacts>>> inputs_;
  std::vector<std::unique_ptr<Facade<ITensor, TensorFacts>>> outputs_;
  std::vector<std::unique_ptr<Facade<nvinfer1::ILayer, LayerFacts>>> layers_;
};

using NetworkFacade = Facade<nvinfer1::INetworkDefinition, Network>;

class ProfileFacts final : public nvinfer1::apiv::DefaultVOptimizationProfile {
 public:
  bool setDimensions(const char* name, nvinfer1::OptProfileSelector selector,
                     const Dims& dims) noexcept override {
    profile[name][static_cast<std::size_t>(selector)] = dims;
    return true;
  }
  Profile profile;
};

using ProfileFacade = Facade<nvinfer1::IOptimizationProfile, ProfileFacts>;

// The kinds of layers that were timed.
class TimingCache final : public nvinfer1::apiv::DefaultVTimingCache {
 public:
  static std::string head() { return "TIMING-" + std::to_string(NV_TENSORRT_VERSION); }
  nvinfer1::IHostMemory* serialize() const noexcept override {
    std::string text = head();
    for (const std::string& op : timed) text += "\n" + op;
    return new Facade<nvinfer1::IHostMemory, HostMemory>(text);
  }
  std::set<std::string> timed;
};

using TimingFacade = Facade<nvinfer1::ITimingCache, TimingCache>;

class Config final : public nvinfer1::apiv::DefaultVBuilderConfig {
 public:
  void setFlag(nvinfer1::BuilderFlag flag) noexcept override {
    flags.insert(static_cast<int>(flag));
  }
  void clearFlag(nvinfer1::BuilderFlag flag) noexcept override {
    flags.erase(static_cast<int>(flag));
  }
  std::int32_t addOptimizationProfile(
      const nvinfer1::IOptimizationProfile* given) noexcept override {
    profiles.push_back(static_cast<const ProfileFacade*>(given)->implementation.profile);
    return static_cast<std::int32_t>(profiles.size()) - 1;
  }
  void setBuilderOptimizationLevel(std::int32_t given) noexcept override { level = given; }
  void setMemoryPoolLimit(nvinfer1::MemoryPoolType, std::size_t bytes) noexcept override {
    workspace = bytes;
  }
  void setProgressMonitor(nvinfer1::IProgressMonitor* given) noexcept override { monitor = given; }
  nvinfer1::ITimingCache* createTimingCache(const void* blob,
                                            std::size_t size) const noexcept override {
    auto made = std::make_unique<TimingFacade>();
    std::istringstream lines(std::string(static_cast<const char*>(blob), size));
    std::string line;
    if (size > 0 && (!std::getline(lines, line) || line != TimingCache::head())) {
      report(Severity::kERROR, "the timing cache is of another version");
      return nullptr;
    }
    while (std::getline(lines, line)) made->implementation.timed.insert(line);
    return made.release();
  }
  bool setTimingCache(const nvinfer1::ITimingCache& given, bool) noexcept override {
    timing = const_cast<TimingFacade*>(static_cast<const TimingFacade*>(&given));
    return true;
  }
  const nvinfer1::ITimingCache* getTimingCache() const noexcept override { return timing; }

  std::set<int> flags{static_cast<int>(nvinfer1::BuilderFlag::kTF32)};
  std::vector<Profile> profiles;
  std::int32_t level = 3;
  std::size_t workspace = 0;
  nvinfer1::IProgressMonitor* monitor = nullptr;
  TimingFacade* timing = nullptr;
};

using ConfigFacade = Facade<nvinfer1::IBuilderConfig, Config>;

// Times every layer whose kind is not in the cache; false if the monitor stops it.
bool time_layers(const Model& model, Config& config, int& measured) {
  const char* pause = std::getenv("HPINFER_STAND_IN_BUILD_MS");
  const std::chrono::milliseconds step(pause == nullptr ? 0 : std::atoi(pause));
  const auto count = static_cast<std::int32_t>(model.nodes.size());
  if (config.monitor != nullptr) config.monitor->phaseStart("Building", nullptr, count);
  bool go_on = true;
  for (std::int32_t i = 0; i < count && go_on; ++i) {
    const Node& node = model.nodes[static_cast<std::size_t>(i)];
    if (config.timing == nullptr || config.timing->implementation.timed.insert(node.op).second)
      ++measured;
    std::this_thread::sleep_for(step);
    go_on = config.monitor == nullptr || config.monitor->stepComplete("Building", i);
  }
  if (config.monitor != nullptr) config.monitor->phaseFinish("Building");
  return go_on;
}

std::string flag_text(const std::set<int>& flags) {
  std::string text;
  for (const int flag : flags) text += (text.empty() ? "" : ",") + std::to_string(flag);
  return text.empty() ? "none" : text;
}

class Builder final : public nvinfer1::apiv::DefaultVBuilder {
 public:
  nvinfer1::IBuilderConfig* createBuilderConfig() noexcept override { return new ConfigFacade(); }
  nvinfer1::INetworkDefinition* createNetworkV2(
      nvinfer1::NetworkDefinitionCreationFlags) noexcept override {
    return new NetworkFacade();
  }
  nvinfer1::IOptimizationProfile* createOptimizationProfile() noexcept override {
    profiles_.push_back(std::make_unique<ProfileFacade>());  // the builder owns them
    return profiles_.back().get();
  }
  // NOLINTNEXTLINE: named by the interface
  nvinfer1::IHostMemory* buildSerializedNetwork(nvinfer1::INetworkDefinition& network,
                                                nvinfer1::IBuilderConfig& given) noexcept override {
    const Model& model = *static_cast<NetworkFacade&>(network).implementation.model;
    Config& config = static_cast<ConfigFacade&>(given).implementation;
    for (const TensorInfo& info : model.session->inputs())
      if (!info.shape.is_static() && config.profiles.empty()) {
        report(Severity::kERROR, "the network has dynamic inputs, but no optimization profile");
        return nullptr;
      }
    int measured = 0;
    if (!time_layers(model, config, measured)) return nullptr;
    for (const Node& node : model.nodes)
      if (node.name.starts_with("unbuildable")) {
        report(Severity::kERROR, "could not find any implementation for node " + node.name);
        return nullptr;
      }
    const Plan plan{stand_in_gpu(),
                    {{"flags", flag_text(config.flags)},
                     {"level", std::to_string(config.level)},
                     {"measured", std::to_string(measured)},
                     {"workspace", std::to_string(config.workspace)}},
                    config.profiles,
                    model.bytes};
    return new Facade<nvinfer1::IHostMemory, HostMemory>(write_plan(plan));
  }

 private:
  std::vector<std::unique_ptr<ProfileFacade>> profiles_;
};

}  // namespace

void report(Severity severity, const std::string& message) {
  if (nvinfer1::ILogger* logger = the_logger.load()) logger->log(severity, message.c_str());
}

void set_logger(nvinfer1::ILogger* logger) { the_logger.store(logger); }

std::shared_ptr<const Model> load_model(std::string bytes) {
  auto model = std::make_shared<Model>();
  model->bytes = std::move(bytes);
  model->nodes = nodes(model->bytes);
  const auto engine = hpinfer::open_engine("onnxruntime", {});
  hpinfer::SessionOptions options;
  options.num_threads = 1;
  model->session = engine->create_session(
      {{}, std::as_bytes(std::span(model->bytes.data(), model->bytes.size())), {}}, options);
  return model;
}

Dims dims_of(const hpinfer::Shape& shape) {
  Dims dims{};
  dims.nbDims = static_cast<std::int32_t>(shape.rank());
  std::copy(shape.begin(), shape.end(), dims.d);
  return dims;
}

hpinfer::Shape shape_of(const Dims& dims) {
  return hpinfer::Shape(std::span(dims.d, static_cast<std::size_t>(dims.nbDims)));
}

nvinfer1::DataType type_of(hpinfer::DType dtype) {
  using hpinfer::DType;
  switch (dtype) {
    case DType::kFloat16:
      return nvinfer1::DataType::kHALF;
    case DType::kInt8:
      return nvinfer1::DataType::kINT8;
    case DType::kUInt8:
      return nvinfer1::DataType::kUINT8;
    case DType::kInt32:
      return nvinfer1::DataType::kINT32;
    case DType::kInt64:
      return nvinfer1::DataType::kINT64;
    case DType::kBool:
      return nvinfer1::DataType::kBOOL;
    default:
      return nvinfer1::DataType::kFLOAT;
  }
}

}  // namespace stand_in

std::string stand_in_set_model(nvinfer1::INetworkDefinition& network, std::string bytes) {
  return static_cast<stand_in::NetworkFacade&>(network).implementation.set_model(std::move(bytes));
}

extern "C" {

STAND_IN_EXPORT void* createInferBuilder_INTERNAL(void* logger, std::int32_t /*version*/) noexcept {
  stand_in::set_logger(static_cast<nvinfer1::ILogger*>(logger));
  return static_cast<nvinfer1::IBuilder*>(
      new stand_in::Facade<nvinfer1::IBuilder, stand_in::Builder>());
}

STAND_IN_EXPORT void* createInferRuntime_INTERNAL(void* logger, std::int32_t /*version*/) noexcept {
  stand_in::set_logger(static_cast<nvinfer1::ILogger*>(logger));
  return stand_in::make_runtime();
}

// Another version on request, for the test of the check.
STAND_IN_EXPORT std::int32_t getInferLibVersion() noexcept {
  const char* text = std::getenv("HPINFER_STAND_IN_VERSION");
  return text == nullptr ? NV_TENSORRT_VERSION : std::atoi(text);
}

}  // extern "C"

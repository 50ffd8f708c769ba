#include "stand_in_runtime.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <mutex>
#include <sstream>

#include "stand_in_cuda.h"

namespace stand_in {
namespace {

using hpinfer::Shape;
using hpinfer::Tensor;
using hpinfer::TensorInfo;
using hpinfer::TensorView;
using nvinfer1::Dims;
using Severity = nvinfer1::ILogger::Severity;

constexpr const char* kMagic = "HPINFER-STAND-IN-PLAN";

bool within(const Dims& dims, const std::array<Dims, 3>& range) {
  if (dims.nbDims != range[0].nbDims) return false;
  for (int i = 0; i < dims.nbDims; ++i)
    if (dims.d[i] < range[0].d[i] || dims.d[i] > range[2].d[i]) return false;
  return true;
}

void write_dims(std::ostream& out, const Dims& dims) {
  out << dims.nbDims;
  for (int i = 0; i < dims.nbDims; ++i) out << ' ' << dims.d[i];
  out << ' ';
}

Dims read_dims(std::istream& in) {
  Dims dims{};
  in >> dims.nbDims;
  for (int i = 0; i < dims.nbDims; ++i) in >> dims.d[i];
  return dims;
}

// Throws std::string.
Plan read_plan(std::string_view bytes) {
  std::istringstream in{std::string(bytes)};
  std::string magic;
  int version = 0;
  std::size_t size = 0;
  in >> magic >> version >> size;
  if (magic != kMagic) throw std::string("the magic tag does not match");
  if (version != NV_TENSORRT_VERSION)
    throw "the plan is of version " + std::to_string(version) + ", the runtime of " +
        std::to_string(NV_TENSORRT_VERSION);
  if (size != bytes.size()) throw std::string("the plan is truncated");
  Plan plan;
  std::size_t facts = 0;
  std::size_t profiles = 0;
  in.ignore();
  std::getline(in, plan.gpu);
  if (plan.gpu != stand_in_gpu())
    throw "the plan is for " + plan.gpu + ", this is " + stand_in_gpu();
  in >> facts;
  for (std::size_t i = 0; i < facts; ++i) {
    std::string key;
    in >> key >> plan.facts[key];
  }
  in >> profiles;
  for (std::size_t i = 0; i < profiles; ++i) {
    std::size_t inputs = 0;
    in >> inputs;
    Profile& profile = plan.profiles.emplace_back();
    for (std::size_t k = 0; k < inputs; ++k) {
      std::string name;
      in >> name;
      for (Dims& dims : profile[name]) dims = read_dims(in);
    }
  }
  std::string rest_of_line;
  for (int i = 0; i < 2; ++i) std::getline(in, rest_of_line);  // an empty line ends the head
  plan.onnx = bytes.substr(static_cast<std::size_t>(in.tellg()));
  return plan;
}

// What the contexts of one engine share.
struct Shared {
  Plan plan;
  std::shared_ptr<const Model> model;
  std::mutex mutex;
  std::map<std::vector<std::vector<std::int64_t>>, std::vector<Shape>> output_shapes;

  const TensorInfo* input(std::string_view name) const {
    return find(model->session->inputs(), name);
  }
  const TensorInfo* output(std::string_view name) const {
    return find(model->session->outputs(), name);
  }
  static const TensorInfo* find(const std::vector<TensorInfo>& infos, std::string_view name) {
    for (const TensorInfo& info : infos)
      if (info.name == name) return &info;
    return nullptr;
  }
};

// Shapes of the outputs: those that depend on values, not on shapes alone, are -1.
std::vector<Shape> output_shapes(Shared& shared, const std::map<std::string, Dims>& shapes) {
  std::vector<std::vector<std::int64_t>> key;
  for (const TensorInfo& info : shared.model->session->inputs()) {
    const Dims& dims = shapes.at(info.name);
    key.emplace_back(dims.d, dims.d + dims.nbDims);
  }
  const std::lock_guard lock(shared.mutex);
  const auto known = shared.output_shapes.find(key);
  if (known != shared.output_shapes.end()) return known->second;
  std::vector<Shape> result;
  for (const int value : {0, 1}) {
    std::vector<Tensor> inputs;
    std::vector<TensorView> views;
    for (const TensorInfo& info : shared.model->session->inputs()) {
      inputs.push_back(Tensor::allocate(info.dtype, shape_of(shapes.at(info.name))));
      std::memset(inputs.back().data(), value, inputs.back().view().num_bytes());
      views.push_back(inputs.back().view());
    }
    std::vector<Tensor> outputs(shared.model->session->outputs().size());
    shared.model->session->run(views, outputs);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (value == 0) {
        result.push_back(outputs[i].shape());
        continue;
      }
      for (std::size_t k = 0; k < result[i].rank(); ++k)
        if (result[i][k] != outputs[i].shape()[k]) result[i][k] = -1;
    }
  }
  shared.output_shapes[key] = result;
  return result;
}

class Context final : public nvinfer1::apiv::DefaultVExecutionContext {
 public:
  explicit Context(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  bool setOptimizationProfileAsync(std::int32_t index, cudaStream_t) noexcept override {
    const Use use(*this);
    const auto count = static_cast<std::int32_t>(shared_->plan.profiles.size());
    if (index < 0 || index >= std::max(1, count)) return false;
    profile_ = index;
    shapes_.clear();
    return true;
  }
  bool setInputShape(const char* name, const Dims& dims) noexcept override {
    const Use use(*this);
    const TensorInfo* info = shared_->input(name);
    if (profile_ < 0) return refuse("a context without profile: " + std::string(name));
    if (info == nullptr || !info->shape.accepts(shape_of(dims))) return refuse(name);
    if (!shared_->plan.profiles.empty()) {
      const Profile& profile = shared_->plan.profiles[static_cast<std::size_t>(profile_)];
      const auto range = profile.find(name);
      if (range != profile.end() && !within(dims, range->second)) return refuse(name);
    }
    shapes_[name] = dims;
    return true;
  }
  Dims getTensorShape(const char* name) const noexcept override {
    const auto& outputs = shared_->model->session->outputs();
    const std::vector<Shape> shapes = output_shapes(*shared_, shapes_);
    for (std::size_t i = 0; i < outputs.size(); ++i)
      if (outputs[i].name == name) return dims_of(shapes[i]);
    return shapes_.at(name);
  }
  bool setTensorAddress(const char* name, void* data) noexcept override {
    addresses_[name] = data;
    return true;
  }
  bool setInputTensorAddress(const char* name, const void* data) noexcept override {
    addresses_[name] = const_cast<void*>(data);
    return true;
  }
  bool setOutputAllocator(const char* name, nvinfer1::IOutputAllocator* given) noexcept override {
    allocators_[name] = given;
    return true;
  }
  bool enqueueV3(cudaStream_t stream) noexcept override;

 private:
  // One context must not be used by two threads at once.
  class Use {
   public:
    explicit Use(Context& context) : context_(context) {
      if (context.busy_.exchange(true)) not_in_the_stand_in("context for two threads at once");
    }
    ~Use() { context_.busy_.store(false); }

   private:
    Context& context_;
  };

  static bool refuse(const std::string& name) {
    report(Severity::kERROR, "the shape of " + name + " is not within the optimization profile");
    return false;
  }

  std::shared_ptr<Shared> shared_;
  std::int32_t profile_ = -1;  // as any but the first context of an engine
  std::map<std::string, Dims> shapes_;
  std::map<std::string, void*> addresses_;
  std::map<std::string, nvinfer1::IOutputAllocator*> allocators_;
  std::atomic<bool> busy_{false};
};

bool Context::enqueueV3(cudaStream_t stream) noexcept {
  const Use use(*this);
  const hpinfer::Session& session = *shared_->model->session;
  std::vector<TensorView> inputs;
  for (const TensorInfo& info : session.inputs()) {
    void* data = stand_in_host_address(addresses_[info.name]);
    if (data == nullptr) {
      report(Severity::kERROR, "the address of " + info.name + " is no memory of the GPU");
      return false;
    }
    inputs.push_back({info.dtype, shape_of(shapes_.at(info.name)), data, {}});
  }
  struct Target {
    std::string name;
    void* data;
    nvinfer1::IOutputAllocator* allocator;
  };
  std::vector<Target> targets;
  bool asks = false;
  for (const TensorInfo& info : session.outputs()) {
    const auto allocator = allocators_.find(info.name);
    Target target{info.name, nullptr, allocator == allocators_.end() ? nullptr : allocator->second};
    if (target.allocator == nullptr) {
      target.data = stand_in_host_address(addresses_[info.name]);
      if (target.data == nullptr) {
        report(Severity::kERROR, "the address of " + info.name + " is no memory of the GPU");
        return false;
      }
    }
    asks = asks || target.allocator != nullptr;
    targets.push_back(target);
  }
  const auto work = [shared = shared_, inputs, targets, stream] {
    std::vector<Tensor> outputs(targets.size());
    shared->model->session->run(inputs, outputs);
    for (std::size_t i = 0; i < targets.size(); ++i) {
      const TensorView& view = outputs[i].view();
      void* data = targets[i].data;
      if (targets[i].allocator != nullptr) {
        const char* name = targets[i].name.c_str();
        void* memory = targets[i].allocator->reallocateOutputAsync(name, nullptr, view.num_bytes(),
                                                                   256, stream);
        targets[i].allocator->notifyShape(name, dims_of(view.shape));
        data = stand_in_host_address(memory);
        if (data == nullptr) return false;
      }
      std::memcpy(data, view.data, view.num_bytes());
    }
    return true;
  };
  if (!asks) {
    stand_in_enqueue(stream, work);
    return true;
  }
  // TensorRT waits for such outputs itself: it has to know their size.
  cudaStreamSynchronize(stream);
  if (work()) return true;
  report(Severity::kERROR, "no memory for an output");
  return false;
}

class Engine final : public nvinfer1::apiv::DefaultVCudaEngine {
 public:
  explicit Engine(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {
    for (const TensorInfo& info : shared_->model->session->inputs()) names_.push_back(info.name);
    // In another order than the graph, as TensorRT may have them.
    const auto& outputs = shared_->model->session->outputs();
    for (auto info = outputs.rbegin(); info != outputs.rend(); ++info) names_.push_back(info->name);
  }

  std::int32_t getNbIOTensors() const noexcept override {
    return static_cast<std::int32_t>(names_.size());
  }
  const char* getIOTensorName(std::int32_t index) const noexcept override {
    return names_[static_cast<std::size_t>(index)].c_str();
  }
  nvinfer1::TensorIOMode getTensorIOMode(const char* name) const noexcept override {
    return shared_->input(name) != nullptr ? nvinfer1::TensorIOMode::kINPUT
                                           : nvinfer1::TensorIOMode::kOUTPUT;
  }
  nvinfer1::TensorLocation getTensorLocation(const char* /*name*/) const noexcept override {
    return nvinfer1::TensorLocation::kDEVICE;
  }
  nvinfer1::DataType getTensorDataType(const char* name) const noexcept override {
    return type_of(info(name).dtype);
  }
  Dims getTensorShape(const char* name) const noexcept override {
    if (info(name).ranked) return dims_of(info(name).shape);
    Dims unknown{};
    unknown.nbDims = -1;
    return unknown;
  }
  std::int32_t getNbOptimizationProfiles() const noexcept override {
    return std::max(1, static_cast<std::int32_t>(shared_->plan.profiles.size()));
  }
  Dims getProfileShape(const char* name, std::int32_t index,
                       nvinfer1::OptProfileSelector selector) const noexcept override {
    if (!shared_->plan.profiles.empty()) {
      const Profile& profile = shared_->plan.profiles[static_cast<std::size_t>(index)];
      const auto found = profile.find(name);
      if (found != profile.end()) return found->second[static_cast<std::size_t>(selector)];
    }
    return dims_of(info(name).shape);
  }
  nvinfer1::IExecutionContext* createExecutionContext(
      nvinfer1::ExecutionContextAllocationStrategy) noexcept override {
    return new Facade<nvinfer1::IExecutionContext, Context>(shared_);
  }

 private:
  const TensorInfo& info(const char* name) const {
    const TensorInfo* input = shared_->input(name);
    return input != nullptr ? *input : *shared_->output(name);
  }

  std::shared_ptr<Shared> shared_;
  std::vector<std::string> names_;
};

class Runtime final : public nvinfer1::apiv::DefaultVRuntime {
 public:
  nvinfer1::ICudaEngine* deserializeCudaEngine(const void* blob,
                                               std::size_t size) noexcept override {
    try {
      auto shared = std::make_shared<Shared>();
      shared->plan = read_plan({static_cast<const char*>(blob), size});
      shared->model = load_model(shared->plan.onnx);
      return new Facade<nvinfer1::ICudaEngine, Engine>(std::move(shared));
    } catch (const std::string& problem) {
      report(Severity::kERROR, "cannot deserialize the engine: " + problem);
    } catch (const std::exception& error) {
      report(Severity::kERROR, error.what());
    }
    return nullptr;
  }
#if NV_TENSORRT_MAJOR < 11
  using DefaultVRuntime::deserializeCudaEngine;
#endif
};

}  // namespace

std::string write_plan(const Plan& plan) {
  std::ostringstream out;
  out << plan.gpu << '\n' << plan.facts.size() << '\n';
  for (const auto& [key, value] : plan.facts) out << key << ' ' << value << '\n';
  out << plan.profiles.size() << '\n';
  for (const Profile& profile : plan.profiles) {
    out << profile.size() << '\n';
    for (const auto& [name, range] : profile) {
      out << name << ' ';
      for (const Dims& dims : range) write_dims(out, dims);
      out << '\n';
    }
  }
  const std::string rest = out.str() + "\n" + plan.onnx;
  std::string head = std::string(kMagic) + ' ' + std::to_string(NV_TENSORRT_VERSION) + ' ';
  std::size_t size = head.size() + rest.size() + 1;
  while (size != head.size() + rest.size() + 1 + std::to_string(size).size())
    size = head.size() + rest.size() + 1 + std::to_string(size).size();
  return head + std::to_string(size) + '\n' + rest;
}

nvinfer1::IRuntime* make_runtime() { return new Facade<nvinfer1::IRuntime, Runtime>(); }

}  // namespace stand_in

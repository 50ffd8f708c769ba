#include "engines/onnxruntime/session.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <limits>
#include <mutex>
#include <system_error>
#include <utility>

#include "core/log.h"
#include "core/process_memory.h"
#include "engines/onnxruntime/assignment.h"
#include "engines/onnxruntime/bound_run.h"
#include "engines/onnxruntime/options.h"
#include "engines/onnxruntime/provider_failure.h"
#include "engines/onnxruntime/providers.h"
#include "engines/onnxruntime/values.h"

namespace hpinfer::ort {
namespace {

// Runs of a bounded session between two returns of free arena memory to the system: rare enough to
// cost nothing measurable, and what one huge picture needed is not kept for long.
constexpr std::uint64_t kRunsBetweenShrinks = 64;

ErrorCode load_error_code(abi::ErrorCode code, bool configured) {
  switch (code) {
    case abi::kNoSuchFile:
      return ErrorCode::kModelNotFound;
    case abi::kNoModel:
    case abi::kInvalidProtobuf:
    case abi::kInvalidGraph:
      return ErrorCode::kModelFormat;
    case abi::kNotImplemented:
      return ErrorCode::kUnsupported;
    // The two codes below cover both a model's and an option's faults; without options that
    // ONNX Runtime reads by itself, only the model is left.
    case abi::kFail:
      return configured ? ErrorCode::kEngine : ErrorCode::kModelFormat;
    case abi::kInvalidArgument:
      return configured ? ErrorCode::kConfig : ErrorCode::kModelFormat;
    default:
      return ErrorCode::kEngine;
  }
}

Handle<abi::Session> load(const Api& api, const ModelSource& model,
                          const abi::SessionOptions* native, bool configured) {
  abi::Session* session = nullptr;
  const auto failure =
      model.in_memory()
          ? api.try_call<abi::CreateSessionFromArray>(api.env(), model.bytes.data(),
                                                      model.bytes.size(), native, &session)
          : api.try_call<abi::CreateSession>(api.env(), model.path.c_str(), native, &session);
  if (failure)
    fail(is_device_failure(failure->message)
             ? ErrorCode::kEngineUnavailable
             : failure_code(failure->message, load_error_code(failure->code, configured)),
         "ONNX Runtime cannot load ",
         model.in_memory() ? "the model in memory" : model.path.string(), ": ",
         plain_failure(failure->message), provider_remedy(failure->message));
  return api.own<abi::ReleaseSession>(session);
}

// Where the optimised graph goes: written by ONNX Runtime while it loads a model, under another
// name until it is complete.
class GraphFile {
 public:
  GraphFile(const Api& api, abi::SessionOptions* native, const std::filesystem::path& path)
      : path_(path) {
    if (path_.empty()) return;
    partial_ = path_;
    static std::atomic<unsigned> count{0};  // threads may write the same graph at the same time
    partial_ += "." + std::to_string(getpid()) + "." + std::to_string(count.fetch_add(1));
    api.call<abi::SetOptimizedModelFilePath>(native, partial_.c_str());
  }
  GraphFile(const GraphFile&) = delete;
  GraphFile& operator=(const GraphFile&) = delete;
  ~GraphFile() {
    std::error_code ignored;
    if (!partial_.empty()) std::filesystem::remove(partial_, ignored);
  }

  void complete() {
    if (partial_.empty()) return;
    std::error_code error;
    std::filesystem::rename(partial_, path_, error);
    check(!error, ErrorCode::kEngine, "optimized_model ", path_.string(),
          " cannot be written: ", error.message());
  }

 private:
  std::filesystem::path path_;
  std::filesystem::path partial_;  // empty: nothing is written
};

// What results in engine memory keep alive: the model and its allocator.
struct LoadedModel {
  std::shared_ptr<const Api> api;
  Handle<abi::Session> session;
};

class OnnxRuntimeSession : public Session {
 public:
  OnnxRuntimeSession(std::shared_ptr<const Api> api, const ModelSource& model,
                     SessionOptions options);

  std::vector<std::string> notes() const override { return notes_; }
  void trim() const override;

 protected:
  void do_run(std::span<const TensorView> inputs, std::span<Tensor> outputs) const override {
    run_model(inputs, outputs, options_.outputs_on_device);
  }
  void do_run_on_device(std::span<const TensorView> inputs,
                        std::span<Tensor> outputs) const override {
    run_model(inputs, outputs, on_gpu());
  }

 private:
  const Api& api() const { return *model_->api; }
  bool on_gpu() const { return options_.device.type != DeviceType::kCpu; }
  const abi::MemoryInfo* memory_of(Device device) const {
    return device.type == DeviceType::kCpu ? api().cpu_memory() : gpu_memory_.get();
  }
  void set_shrinking();
  bool shrink_due() const;
  void note_shapes(std::span<const TensorView> inputs) const;
  void run_smallest() const;
  void run_model(std::span<const TensorView> inputs, std::span<Tensor> outputs,
                 bool on_device) const;
  std::optional<Failure> run_once(std::span<const Handle<abi::Value>> inputs,
                                  std::span<BoundOutput> outputs,
                                  const abi::RunOptions* run_options) const;
  BoundOutput result_slot(std::size_t index, const Tensor& output, bool on_device) const;
  void collect(std::span<BoundOutput> values, std::span<Tensor> outputs) const;
  [[noreturn]] void fail_run(const Failure& failure, std::span<Tensor> outputs) const;

  std::shared_ptr<const LoadedModel> model_;
  TensorNames names_;
  std::vector<bool> passed_on_;  // outputs that are inputs of the graph
  std::vector<std::string> notes_;
  Handle<abi::MemoryInfo> gpu_memory_;  // null on the CPU
  Handle<abi::RunOptions> shrink_options_;
  mutable std::atomic<bool> shrinks_{true};
  mutable std::atomic<std::uint64_t> runs_{0};
  mutable std::atomic<bool> shrink_next_{false};
  // The inputs with the fewest elements that the model has run with.
  mutable std::atomic<std::size_t> smallest_elements_{std::numeric_limits<std::size_t>::max()};
  mutable std::mutex smallest_mutex_;
  mutable std::vector<Shape> smallest_shapes_;
};

std::vector<bool> outputs_among_inputs(const std::vector<TensorInfo>& inputs,
                                       const std::vector<TensorInfo>& outputs) {
  std::vector<bool> among;
  for (const TensorInfo& output : outputs)
    among.push_back(std::any_of(inputs.begin(), inputs.end(), [&](const TensorInfo& input) {
      return input.name == output.name;
    }));
  return among;
}

std::vector<const char*> names_of(const std::vector<TensorInfo>& infos) {
  std::vector<const char*> names;
  for (const TensorInfo& info : infos) names.push_back(info.name.c_str());
  return names;
}

OnnxRuntimeSession::OnnxRuntimeSession(std::shared_ptr<const Api> api, const ModelSource& model,
                                       SessionOptions options)
    : gpu_memory_(api->own<abi::ReleaseMemoryInfo>(static_cast<abi::MemoryInfo*>(nullptr))),
      shrink_options_(api->create<abi::CreateRunOptions, abi::ReleaseRunOptions>()) {
  options_ = std::move(options);
  options_.providers = wanted_providers(options_);
  if (options_.device.type == DeviceType::kCpu) options_.device = device_of(options_.providers);
  const auto native = native_options(*api, options_);
  append_providers(*api, native.get(), options_.providers);
  const bool configured = !options_.providers.empty() || !options_.engine_config.empty() ||
                          !options_.optimized_model.empty();
  GraphFile graph(*api, native.get(), options_.optimized_model);
  auto session = load(*api, model, native.get(), configured);
  graph.complete();
  inputs_ = input_infos(*api, session.get());
  outputs_ = output_infos(*api, session.get());
  names_ = {names_of(inputs_), names_of(outputs_)};
  passed_on_ = outputs_among_inputs(inputs_, outputs_);
  if (on_gpu()) {
    if (const auto assignment = node_assignment(*api, session.get()))
      notes_ = judge_assignment(*assignment, options_.providers);
    gpu_memory_ = api->create<abi::CreateMemoryInfo, abi::ReleaseMemoryInfo>(
        "Cuda", abi::kDeviceAllocator, options_.device.index, abi::kDefaultMemory);
  }
  model_ = std::make_shared<const LoadedModel>(std::move(api), std::move(session));
  set_shrinking();
}

void OnnxRuntimeSession::set_shrinking() {
  std::string arenas = "cpu:0";
  if (on_gpu()) arenas += ";gpu:" + std::to_string(options_.device.index);
  api().call<abi::AddRunConfigEntry>(shrink_options_.get(), "memory.enable_memory_arena_shrinkage",
                                     arenas.c_str());
}

// ONNX Runtime gives arena memory back only at the end of a run that asks for it.
bool OnnxRuntimeSession::shrink_due() const {
  if (!shrinks_.load(std::memory_order_relaxed)) return false;
  const bool asked = shrink_next_.load(std::memory_order_relaxed) && shrink_next_.exchange(false);
  if (options_.memory != MemoryPolicy::kBounded) return asked;
  return (runs_.fetch_add(1, std::memory_order_relaxed) + 1) % kRunsBetweenShrinks == 0 || asked;
}

void OnnxRuntimeSession::note_shapes(std::span<const TensorView> inputs) const {
  std::size_t elements = 0;
  for (const TensorView& view : inputs) elements += view.shape.num_elements();
  if (elements >= smallest_elements_.load(std::memory_order_relaxed)) return;
  std::vector<Shape> shapes;
  for (const TensorView& view : inputs) shapes.push_back(view.shape);
  const std::lock_guard lock(smallest_mutex_);
  if (elements >= smallest_elements_.load(std::memory_order_relaxed)) return;
  smallest_elements_.store(elements, std::memory_order_relaxed);
  smallest_shapes_ = std::move(shapes);
}

// Memory goes back at the end of a run only, so there is one, of the least size that is known to
// work. Only for real numbers, whose values cannot make it fail; else the next run gives back.
void OnnxRuntimeSession::trim() const {
  shrink_next_.store(true);
  const bool real = std::all_of(inputs_.begin(), inputs_.end(), [](const TensorInfo& info) {
    return info.dtype == DType::kFloat32 || info.dtype == DType::kFloat16;
  });
  if (real) run_smallest();
  release_free_heap();
}

void OnnxRuntimeSession::run_smallest() const {
  std::vector<Shape> shapes;
  {
    const std::lock_guard lock(smallest_mutex_);
    shapes = smallest_shapes_;
  }
  if (shapes.empty()) return;  // nothing has run, so there is nothing to give back
  std::vector<Tensor> zeros;
  std::vector<TensorView> views;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    zeros.push_back(Tensor::allocate(inputs_[i].dtype, shapes[i]));
    views.push_back(zeros.back().view());
    std::memset(views.back().data, 0, views.back().num_bytes());
  }
  std::vector<Tensor> results(outputs_.size());
  do_run(views, results);
}

void OnnxRuntimeSession::run_model(std::span<const TensorView> inputs, std::span<Tensor> outputs,
                                   bool on_device) const {
  std::vector<Handle<abi::Value>> in;
  for (const TensorView& view : inputs)
    in.push_back(borrow_value(api(), view, memory_of(view.device)));
  std::vector<BoundOutput> out;
  for (std::size_t i = 0; i < outputs.size(); ++i)
    out.push_back(result_slot(i, outputs[i], on_device));
  const bool shrinks = shrink_due();
  auto failure = run_once(in, out, shrinks ? shrink_options_.get() : nullptr);
  if (failure && shrinks && failure->message.find("arena") != std::string::npos) {
    // An arena of this session cannot be shrunk: that must not cost anybody a result.
    shrinks_.store(false);
    log(LogLevel::kWarning, "onnxruntime: memory is not given back: " + failure->message);
    failure = run_once(in, out, nullptr);
  }
  if (failure) fail_run(*failure, outputs);
  note_shapes(inputs);
  collect(out, outputs);
}

std::optional<Failure> OnnxRuntimeSession::run_once(std::span<const Handle<abi::Value>> inputs,
                                                    std::span<BoundOutput> outputs,
                                                    const abi::RunOptions* run_options) const {
  abi::Session* const session = model_->session.get();
  if (on_gpu()) return run_bound(api(), session, run_options, names_, inputs, outputs);
  std::vector<const abi::Value*> in;
  for (const auto& value : inputs) in.push_back(value.get());
  std::vector<abi::Value*> out;
  for (const BoundOutput& output : outputs) out.push_back(output.value.get());
  auto failure = api().try_call<abi::Run>(session, run_options, names_.inputs.data(), in.data(),
                                          in.size(), names_.outputs.data(), out.size(), out.data());
  for (std::size_t i = 0; i < out.size(); ++i)
    if (outputs[i].value == nullptr) outputs[i].value.reset(out[i]);
  return failure;
}

// A value over the memory given for an output, or where ONNX Runtime is to allocate one. It never
// writes an output that is an input: it returns the input's memory, which collect() copies, and
// which is therefore wanted on the host.
BoundOutput OnnxRuntimeSession::result_slot(std::size_t index, const Tensor& output,
                                            bool on_device) const {
  if (!output.empty() && !passed_on_[index])
    return {borrow_value(api(), output.view(), memory_of(output.view().device)), nullptr};
  check(output.empty() || output.view().device.type == DeviceType::kCpu, ErrorCode::kUnsupported,
        "output '", outputs_[index].name, "' is an input of the model: give it memory of the host");
  return {api().own<abi::ReleaseValue>(static_cast<abi::Value*>(nullptr)),
          on_device && !passed_on_[index] ? gpu_memory_.get() : api().cpu_memory()};
}

void OnnxRuntimeSession::collect(std::span<BoundOutput> values, std::span<Tensor> outputs) const {
  struct Kept {
    std::shared_ptr<const LoadedModel> model;
    Handle<abi::Value> value;  // freed before the model
  };
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    Tensor& output = outputs[i];
    if (!output.empty() && !passed_on_[i]) continue;
    const bool on_host = values[i].memory == api().cpu_memory();
    const TensorView result = value_view(api(), values[i].value.get(), outputs_[i].dtype,
                                         on_host ? Device{} : options_.device);
    if (!passed_on_[i]) {
      output = Tensor::borrow(result, std::make_shared<Kept>(model_, std::move(values[i].value)));
    } else if (output.empty()) {
      output = Tensor::borrow(result).clone();
    } else {
      check(result.shape == output.shape(), ErrorCode::kInvalidInput, "output '", outputs_[i].name,
            "' has shape ", result.shape.to_string(), " for these inputs; got memory of shape ",
            output.shape().to_string());
      std::memcpy(output.data(), result.data, result.num_bytes());
    }
  }
}

void OnnxRuntimeSession::fail_run(const Failure& failure, std::span<Tensor> outputs) const {
  // Memory of another shape than the result's is an argument error in newer releases only.
  const bool wrong_output = failure.message.find("shape verification failed") != std::string::npos;
  std::string given;
  for (std::size_t i = 0; i < outputs.size(); ++i)
    if (!outputs[i].empty())
      given += (given.empty() ? "; memory given for '" : ", '") + outputs_[i].name + "' " +
               outputs[i].shape().to_string();
  fail(wrong_output || failure.code == abi::kInvalidArgument ? ErrorCode::kInvalidInput
                                                             : failure_code(failure.message),
       "ONNX Runtime cannot run the model: ", failure.message, given);
}

}  // namespace

std::shared_ptr<const Session> open_session(std::shared_ptr<const Api> api,
                                            const ModelSource& model,
                                            const SessionOptions& options) {
  check_model_source(model);
  check(model.weights.empty(), ErrorCode::kConfig,
        "weights has no effect on ONNX Runtime: an ONNX model is one file; remove it");
  return std::make_shared<const OnnxRuntimeSession>(std::move(api), model,
                                                    resolve_options(options));
}

}  // namespace hpinfer::ort

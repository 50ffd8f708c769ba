#include "engines/tensorrt/session.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "engines/tensorrt/logger.h"
#include "engines/tensorrt/options.h"

namespace hpinfer::tensorrt {
namespace {

std::shared_ptr<nvinfer1::ICudaEngine> deserialize(const Library& library,
                                                   std::span<const std::byte> plan) {
  static std::mutex mutex;  // one runtime for all, which is not said to be safe for threads
  const std::lock_guard lock(mutex);
  const ErrorCapture errors;
  std::shared_ptr<nvinfer1::ICudaEngine> engine(
      library.runtime().deserializeCudaEngine(plan.data(), plan.size()));
  check(engine != nullptr, ErrorCode::kModelFormat, "the plan is not one of this TensorRT (",
        library.version(), ") and GPU: ", errors.text(), "; build it again");
  return engine;
}

void check_place(const TensorView& view, Device device, std::string_view role,
                 const TensorInfo& info) {
  check(view.device.type == DeviceType::kCpu || view.device == device, ErrorCode::kInvalidInput,
        role, " '", info.name, "' is on ", to_string(view.device), "; the session runs on ",
        to_string(device));
}

}  // namespace

TensorRtSession::TensorRtSession(std::shared_ptr<const Library> library,
                                 std::span<const std::byte> plan, SessionOptions options)
    : library_(std::move(library)) {
  options_ = std::move(options);
  const CurrentDevice device(library_->cuda(), options_.device.index);
  engine_ = deserialize(*library_, plan);
  read_tensors();
  order_outputs();
  profiles_ = ProfileTable(*engine_, inputs_);
  // Leased results may outlive the session: the pool owns the engine and the library too.
  pool_ = std::make_shared<RequestPool<Execution>>(
      static_cast<std::size_t>(options_.num_streams),
      [library = library_, engine = engine_, index = options_.device.index,
       memory = options_.memory] {
        return std::make_unique<Execution>(library->cuda(), index, engine, memory);
      });
}

void TensorRtSession::read_tensors() {
  for (std::int32_t i = 0; i < engine_->getNbIOTensors(); ++i) {
    const char* name = engine_->getIOTensorName(i);
    const bool input = engine_->getTensorIOMode(name) == nvinfer1::TensorIOMode::kINPUT;
    check(engine_->getTensorLocation(name) == nvinfer1::TensorLocation::kDEVICE,
          ErrorCode::kUnsupported, input ? "input '" : "output '", name,
          "' holds a shape, which the plan wants on the host; use another engine");
    TensorInfo info{name, to_dtype(engine_->getTensorDataType(name), name), Shape{}};
    const nvinfer1::Dims dims = engine_->getTensorShape(name);
    info.ranked = dims.nbDims >= 0;
    if (info.ranked) info.shape = to_shape(dims);
    (input ? inputs_ : outputs_).push_back(std::move(info));
  }
}

// A plan may hold its outputs in another order than the graph.
void TensorRtSession::order_outputs() {
  if (options_.output_order.empty()) return;
  std::vector<TensorInfo> ordered;
  for (const std::string& name : options_.output_order)
    for (const TensorInfo& info : outputs_)
      if (info.name == name) ordered.push_back(info);
  check(ordered.size() == outputs_.size() && ordered.size() == options_.output_order.size(),
        ErrorCode::kConfig, "output_order names ", options_.output_order.size(),
        " outputs; the plan has ", outputs_.size(), ", of which it names ", ordered.size());
  outputs_ = std::move(ordered);
}

bool TensorRtSession::accepts(std::span<const TensorView> inputs) const {
  return inputs.size() == inputs_.size() && profiles_.find(inputs).has_value();
}

void TensorRtSession::do_run(std::span<const TensorView> inputs, std::span<Tensor> outputs) const {
  const Device device = options_.device;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    check_place(inputs[i], device, "input", inputs_[i]);
  bool leased = false;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i].empty())
      leased = true;
    else
      check_place(outputs[i].view(), device, "output", outputs_[i]);
  }
  const auto profile = profiles_.find(inputs);
  if (!profile) profiles_.refuse(inputs, inputs_);
  const CurrentDevice current(library_->cuda(), device.index);
  auto run = pool_->start();
  run->run(*profile, inputs, inputs_, outputs, outputs_, options_.outputs_on_device);
  if (!leased) return run.finish();
  std::vector<TensorView> results;
  for (std::size_t i = 0; i < outputs.size(); ++i) results.push_back(run->result(i));
  const std::shared_ptr<void> lease = run.finish_with_lease();
  for (std::size_t i = 0; i < outputs.size(); ++i)
    if (outputs[i].empty())
      outputs[i] = Tensor::borrow(results[i], lease, Tensor::Lifetime::kLease);
}

}  // namespace hpinfer::tensorrt

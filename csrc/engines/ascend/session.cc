#include "engines/ascend/session.h"

#include <algorithm>
#include <utility>

namespace hpinfer::ascend {
namespace {

// What every copy of a model is made from.
struct Material {
  Material(const Api& used_api, int used_device, const ModelSource& source)
      : api(used_api),
        device(used_device),
        file(source),
        memory(file.memory(api)),
        weights(api, device, memory.weights) {}

  std::unique_ptr<Execution> make() const {
    return std::make_unique<Execution>(api, device, file, memory, weights.data());
  }

  const Api& api;
  const int device;
  const ModelFile file;
  const ModelMemory memory;
  const SharedWeights weights;
};

void check_place(const TensorView& view, std::string_view role, const TensorInfo& info) {
  check(view.device.type == DeviceType::kCpu, ErrorCode::kInvalidInput, role, " '", info.name,
        "' is on ", to_string(view.device), "; the om engine takes memory of the host");
}

}  // namespace

Execution::Execution(const Api& api, int device, const ModelFile& file, const ModelMemory& memory,
                     void* weights)
    : context_(api, device) {
  const CurrentContext current(context_);
  model_ = std::make_unique<LoadedModel>(api, file, memory, weights);
}

Execution::~Execution() {
  try {
    const CurrentContext current(context_);
    model_.reset();
  } catch (const Error&) {
    model_.reset();  // each of its steps is tried and logged
  }
}

std::vector<Shape> Execution::output_shapes(const ShapeSet& set) {
  const CurrentContext current(context_);
  return model_->output_shapes(set);
}

void Execution::run(std::span<const TensorView> inputs, std::span<Tensor> outputs,
                    const std::shared_ptr<BufferPool>& results) {
  const CurrentContext current(context_);
  model_->run(inputs, outputs, results);
}

AscendSession::AscendSession(const Api& api, const ModelSource& source, SessionOptions options) {
  options_ = std::move(options);
  const auto streams = static_cast<std::size_t>(options_.num_streams);
  const auto material = std::make_shared<const Material>(api, options_.device.index, source);
  pool_ =
      std::make_shared<RequestPool<Execution>>(streams, [material] { return material->make(); });
  auto first = pool_->start();  // one copy at once: it shows whether the model loads
  signature_ = first->signature();
  read_infos(*first);
  first.finish();
  results_ = std::make_shared<BufferPool>(streams * outputs_.size());
}

// Outputs have open dimensions where the sets of shapes differ.
void AscendSession::read_infos(Execution& execution) {
  inputs_ = signature_.inputs;
  outputs_ = signature_.outputs;
  if (signature_.shape_sets.empty()) return;
  std::vector<Shape> first = execution.output_shapes(signature_.shape_sets.front());
  std::vector<Shape> open = first;
  for (const ShapeSet& set : signature_.shape_sets) {
    const std::vector<Shape> shapes = execution.output_shapes(set);
    for (std::size_t i = 0; i < shapes.size(); ++i)
      for (std::size_t d = 0; d < std::min(shapes[i].rank(), first[i].rank()); ++d)
        if (shapes[i][d] != first[i][d]) open[i][d] = kDynamicDim;
  }
  for (std::size_t i = 0; i < outputs_.size(); ++i) outputs_[i].shape = open[i];
}

bool AscendSession::accepts(std::span<const TensorView> inputs) const {
  return signature_.shape_sets.empty() || signature_.find(inputs) != nullptr;
}

void AscendSession::do_run(std::span<const TensorView> inputs, std::span<Tensor> outputs) const {
  for (std::size_t i = 0; i < inputs.size(); ++i) check_place(inputs[i], "input", inputs_[i]);
  for (std::size_t i = 0; i < outputs.size(); ++i)
    if (!outputs[i].empty()) check_place(outputs[i].view(), "output", outputs_[i]);
  if (!accepts(inputs)) signature_.refuse(inputs);
  auto run = pool_->start();
  std::vector<Tensor> taken(outputs.size());
  try {
    std::ranges::transform(outputs, taken.begin(), [](const Tensor& given) {
      return given.empty() ? Tensor() : Tensor::borrow(given.view());
    });
    run->run(inputs, taken, results_);
  } catch (const Error& error) {
    // What is wrong with the caller's tensors was found before the device had them.
    if (error.code() == ErrorCode::kInvalidInput) run.finish();
    throw;
  }
  run.finish();
  for (std::size_t i = 0; i < outputs.size(); ++i)
    if (outputs[i].empty()) outputs[i] = std::move(taken[i]);
}

void AscendSession::trim() const {
  pool_->drop_idle();
  results_->clear();
}

}  // namespace hpinfer::ascend

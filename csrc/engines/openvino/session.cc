#include "engines/openvino/session.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "core/log.h"
#include "core/process_memory.h"

namespace hpinfer::openvino {
namespace {

struct Port {
  TensorInfo info;
  Shape smallest;
};

// The dimensions of a port: kDynamicDim where the size is open, and the least size of each.
void read_shape(const Api& api, const abi::ConstPort* port, Port& result) {
  abi::PartialShape raw{};
  api.check_status(api.ov_port_get_partial_shape(port, &raw), ErrorCode::kEngine,
                   "cannot read the shape of '" + result.info.name + "'");
  const Handle<abi::PartialShape> owner(&raw, api.ov_partial_shape_free);
  result.info.ranked = raw.rank.min == raw.rank.max;
  if (!result.info.ranked) return;
  std::vector<std::int64_t> dims;
  std::vector<std::int64_t> least;
  for (std::int64_t i = 0; i < raw.rank.max; ++i) {
    const abi::Dimension dim = raw.dims[i];
    dims.push_back(dim.min == dim.max && dim.min >= 0 ? dim.min : kDynamicDim);
    least.push_back(std::max<std::int64_t>(dim.min, 0));
  }
  result.info.shape = Shape(dims);
  result.smallest = Shape(least);
}

Port read_port(const Api& api, const abi::ConstPort* port) {
  Port result;
  char* name = nullptr;
  api.check_status(api.ov_port_get_any_name(port, &name), ErrorCode::kEngine,
                   "cannot read the name of an input or output");
  result.info.name = api.take_string(name);
  abi::ElementType type = 0;
  api.check_status(api.ov_port_get_element_type(port, &type), ErrorCode::kEngine,
                   "cannot read the element type of '" + result.info.name + "'");
  const auto dtype = api.dtype(type);
  check(dtype.has_value(), ErrorCode::kUnsupported, "'", result.info.name,
        "' has an element type that hpinfer does not support (", api.type_name(type), ")");
  result.info.dtype = *dtype;
  read_shape(api, port, result);
  return result;
}

using PortByIndex = abi::Status (*)(const abi::CompiledModel*, std::size_t, abi::ConstPort**);

std::vector<Port> read_ports(const Api& api, const abi::CompiledModel* model, std::size_t count,
                             PortByIndex by_index) {
  std::vector<Port> ports;
  for (std::size_t i = 0; i < count; ++i) {
    abi::ConstPort* raw = nullptr;
    api.check_status(by_index(model, i, &raw), ErrorCode::kEngine,
                     "cannot read the inputs and outputs of the model");
    const Handle<abi::ConstPort> port(raw, api.ov_output_const_port_free);
    ports.push_back(read_port(api, port.get()));
  }
  return ports;
}

bool has_input(const Api& api, const abi::CompiledModel* model, const std::string& name) {
  abi::ConstPort* raw = nullptr;
  if (api.ov_compiled_model_input_by_name(model, name.c_str(), &raw) != abi::kOk) return false;
  api.ov_output_const_port_free(raw);
  return true;
}

std::shared_ptr<abi::CompiledModel> share(Handle<abi::CompiledModel> model) {
  return {model.release(), model.get_deleter()};
}

}  // namespace

InferRequest::InferRequest(const Api& api, const abi::CompiledModel* model)
    : api_(api), request_(nullptr, api.ov_infer_request_free) {
  abi::InferRequest* raw = nullptr;
  api.check_status(api.ov_compiled_model_create_infer_request(model, &raw), ErrorCode::kEngine,
                   "cannot create an infer request");
  request_.reset(raw);
}

void InferRequest::set_input(std::size_t port, const TensorInfo& info, const TensorView& view) {
  const auto tensor = api_.wrap_tensor(view.dtype, view.shape, view.data);
  api_.check_status(
      api_.ov_infer_request_set_input_tensor_by_index(request_.get(), port, tensor.get()),
      ErrorCode::kInvalidInput, "input '" + info.name + "' is refused");
}

void InferRequest::set_output(std::size_t port, const TensorView& view) {
  const auto tensor = api_.wrap_tensor(view.dtype, view.shape, view.data);
  api_.check_status(
      api_.ov_infer_request_set_output_tensor_by_index(request_.get(), port, tensor.get()),
      ErrorCode::kInvalidInput, "the memory given for an output is refused");
}

void InferRequest::restore_output(std::size_t port, DType dtype, const Shape& shape) {
  const auto tensor = api_.allocate_tensor(dtype, shape);
  api_.check_status(
      api_.ov_infer_request_set_output_tensor_by_index(request_.get(), port, tensor.get()),
      ErrorCode::kEngine, "cannot reset an output");
}

void InferRequest::infer() {
  api_.check_status(api_.ov_infer_request_infer(request_.get()), ErrorCode::kEngine,
                    "inference failed");
}

TensorView InferRequest::output(std::size_t port, DType dtype) const {
  abi::Tensor* raw = nullptr;
  api_.check_status(api_.ov_infer_request_get_output_tensor_by_index(request_.get(), port, &raw),
                    ErrorCode::kEngine, "cannot read an output");
  const Handle<abi::Tensor> tensor(raw, api_.ov_tensor_free);
  TensorView view{dtype, api_.tensor_shape(raw), nullptr, Device{}};
  if (view.shape.num_elements() > 0)
    api_.check_status(api_.ov_tensor_data(raw, &view.data), ErrorCode::kEngine,
                      "cannot read the memory of an output");
  return view;
}

OpenVinoSession::OpenVinoSession(const Api& api, Handle<abi::CompiledModel> model,
                                 const std::optional<OnnxSignature>& signature,
                                 SessionOptions options)
    : api_(api), model_(share(std::move(model))) {
  options_ = std::move(options);
  read_inputs(signature);
  read_outputs(signature);
  warn_of_narrowing();
  // The pool owns the compiled model too: leased results may outlive the session.
  pool_ = std::make_shared<Pool>(
      static_cast<std::size_t>(options_.num_streams),
      [&api, owner = model_] { return std::make_unique<InferRequest>(api, owner.get()); });
}

void OpenVinoSession::read_inputs(const std::optional<OnnxSignature>& signature) {
  std::size_t count = 0;
  api_.check_status(api_.ov_compiled_model_inputs_size(model_.get(), &count), ErrorCode::kEngine,
                    "cannot count the inputs");
  const auto ports = read_ports(api_, model_.get(), count, api_.ov_compiled_model_input_by_index);
  std::size_t next = 0;
  if (signature) {
    for (const OnnxValue& value : signature->inputs) {
      const bool used = next < count && has_input(api_, model_.get(), value.name);
      check(used || value.dtype.has_value(), ErrorCode::kUnsupported, "input '", value.name,
            "' is not a tensor of a dtype that hpinfer supports");
      TensorInfo info{value.name, value.dtype.value_or(DType::kFloat32), value.shape, value.ranked};
      if (used) info = {value.name, ports[next].info.dtype, ports[next].info.shape};
      inputs_.push_back(std::move(info));
      input_ports_.push_back(used ? std::optional(next++) : std::nullopt);
    }
    if (next == count) return;
    inputs_.clear();  // ports that are not inputs of the file: OpenVINO's own names
    input_ports_.clear();
  }
  for (std::size_t i = 0; i < count; ++i) {
    inputs_.push_back(ports[i].info);
    input_ports_.emplace_back(i);
  }
}

void OpenVinoSession::read_outputs(const std::optional<OnnxSignature>& signature) {
  std::size_t count = 0;
  api_.check_status(api_.ov_compiled_model_outputs_size(model_.get(), &count), ErrorCode::kEngine,
                    "cannot count the outputs");
  const bool named = signature && signature->outputs.size() == count;
  for (Port& port : read_ports(api_, model_.get(), count, api_.ov_compiled_model_output_by_index)) {
    passed_on_.push_back(has_input(api_, model_.get(), port.info.name));
    if (named) port.info.name = signature->outputs[outputs_.size()].name;
    outputs_.push_back(std::move(port.info));
    smallest_outputs_.push_back(port.smallest);
  }
}

// The CPU plugin computes in 32 bits whatever the model says; ports keep their dtype. For real
// numbers that is a loss of digits, for whole numbers it would be another number.
void OpenVinoSession::warn_of_narrowing() const {
  for (const auto* infos : {&inputs_, &outputs_})
    for (const TensorInfo& info : *infos)
      if (info.dtype == DType::kFloat64)
        log(LogLevel::kWarning,
            "'" + info.name + "' is float64; OpenVINO computes it in float32 precision");
}

void OpenVinoSession::check_range(const TensorInfo& info, const TensorView& view) const {
  if (info.dtype != DType::kInt64) return;
  using Limits = std::numeric_limits<std::int32_t>;
  for (const std::int64_t value : view.elements<const std::int64_t>())
    check(value >= Limits::min() && value <= Limits::max(), ErrorCode::kUnsupported, "input '",
          info.name, "' holds ", value,
          "; OpenVINO computes int64 in 32 bits: use engine 'onnxruntime' for such numbers");
}

void OpenVinoSession::do_run(std::span<const TensorView> inputs, std::span<Tensor> outputs) const {
  const bool given = std::any_of(outputs.begin(), outputs.end(),
                                 [](const Tensor& output) { return !output.empty(); });
  {
    Pool::Run run = pool_->start();
    try {
      infer(run, inputs, outputs);
      collect(run, outputs);
      return;
    } catch (const Error&) {
      if (!given) throw;
    }
  }
  // OpenVINO refuses a result that does not fit the caller's memory without telling its shape.
  check_given_outputs(inputs, outputs);
}

void OpenVinoSession::infer(Pool::Run& run, std::span<const TensorView> inputs,
                            std::span<Tensor> outputs) const {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!input_ports_[i]) continue;
    check_range(inputs_[i], inputs[i]);
    run->set_input(*input_ports_[i], inputs_[i], inputs[i]);
  }
  for (std::size_t i = 0; i < outputs.size(); ++i)
    if (!outputs[i].empty() && !passed_on_[i]) run->set_output(i, outputs[i].view());
  run->infer();
}

// Engine memory is handed out as leases of the request; memory of the caller is taken out of the
// request again, so that no later run writes there.
void OpenVinoSession::collect(Pool::Run& run, std::span<Tensor> outputs) const {
  std::vector<std::optional<TensorView>> leased(outputs.size());
  bool any_leased = false;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const TensorView view = run->output(i, outputs_[i].dtype);
    if (outputs[i].empty() && passed_on_[i]) {
      outputs[i] = Tensor::borrow(view).clone();
      continue;
    }
    if (outputs[i].empty()) {
      leased[i] = view;
      any_leased = true;
      continue;
    }
    check(view.shape == outputs[i].shape(), ErrorCode::kInvalidInput, "output '", outputs_[i].name,
          "' has shape ", view.shape.to_string(), "; the given memory has ",
          outputs[i].shape().to_string());
    if (passed_on_[i])
      std::memcpy(outputs[i].data(), view.data, view.num_bytes());
    else
      run->restore_output(i, outputs_[i].dtype, smallest_outputs_[i]);
  }
  if (!any_leased) return run.finish();
  const std::shared_ptr<void> lease = run.finish_with_lease();
  for (std::size_t i = 0; i < outputs.size(); ++i)
    if (leased[i]) outputs[i] = Tensor::borrow(*leased[i], lease, Tensor::Lifetime::kLease);
}

void OpenVinoSession::check_given_outputs(std::span<const TensorView> inputs,
                                          std::span<Tensor> outputs) const {
  std::vector<Tensor> results(outputs.size());
  do_run(inputs, results);
  for (std::size_t i = 0; i < outputs.size(); ++i)
    check(outputs[i].empty() || results[i].shape() == outputs[i].shape(), ErrorCode::kInvalidInput,
          "output '", outputs_[i].name, "' has shape ", results[i].shape().to_string(),
          "; the given memory has ", outputs[i].shape().to_string());
  fail(ErrorCode::kEngine, "OpenVINO cannot write into the memory given for the outputs");
}

void OpenVinoSession::trim() const {
  pool_->drop_idle();
  api_.release_memory(model_.get());
  release_free_heap();
}

}  // namespace hpinfer::openvino

#include "engines/ascend/loaded_model.h"

#include <string>

namespace hpinfer::ascend {
namespace {

void check_given(const Tensor& output, const TensorInfo& info, const Shape& shape) {
  check(output.empty() || output.shape() == shape, ErrorCode::kInvalidInput, "output '", info.name,
        "' has shape ", shape.to_string(), "; the given memory has ",
        output.empty() ? "" : output.shape().to_string());
}

}  // namespace

Tensor take_result(const std::shared_ptr<BufferPool>& pool, DType dtype, const Shape& shape) {
  struct Owner {
    std::shared_ptr<BufferPool> pool;  // outlives the tensor, which goes back to it
    Tensor tensor;
  };
  auto owner = std::make_shared<Owner>(Owner{pool, pool->take(dtype, shape)});
  const TensorView view = owner->tensor.view();
  return Tensor::borrow(view, std::move(owner));
}

DataSet::DataSet(const Api& api) : api_(api) {
  dataset_ = api_.check_made(api_.aclmdlCreateDataset(), "make a data set");
}

DataSet::~DataSet() { destroy(); }

void DataSet::destroy() noexcept {
  for (const Slot& slot : slots_) {
    void* address = api_.aclGetDataBufferAddr(slot.buffer);
    if (slot.memory->data() == nullptr && address != nullptr)
      api_.ignore_status(api_.aclrtFree(address), "free memory of the NPU");
    api_.ignore_status(api_.aclDestroyDataBuffer(slot.buffer), "destroy a data buffer");
  }
  api_.ignore_status(api_.aclmdlDestroyDataset(dataset_), "destroy a data set");
}

void DataSet::add(std::size_t bytes) {
  auto memory = std::make_unique<DeviceBuffer>(api_);
  void* data = memory->require(bytes);
  slots_.reserve(slots_.size() + 1);
  abi::DataBuffer* buffer =
      api_.check_made(api_.aclCreateDataBuffer(data, bytes), "make a data buffer");
  slots_.push_back({std::move(memory), buffer});
  api_.check_status(api_.aclmdlAddDatasetBuffer(dataset_, buffer), "add to a data set");
}

const DeviceBuffer& DataSet::resize(std::size_t index, std::size_t bytes) {
  const Slot& slot = slots_[index];
  void* data = slot.memory->require(bytes);
  api_.check_status(api_.aclUpdateDataBuffer(slot.buffer, data, bytes), "change a data buffer");
  return *slot.memory;
}

void DataSet::free_allocated() {
  for (const Slot& slot : slots_) {
    void* address = api_.aclGetDataBufferAddr(slot.buffer);
    if (slot.memory->data() != nullptr || address == nullptr) continue;
    api_.check_status(api_.aclUpdateDataBuffer(slot.buffer, nullptr, 0), "reset a data buffer");
    api_.ignore_status(api_.aclrtFree(address), "free memory of the NPU");
  }
}

// Descriptions of the inputs of one run.
class LoadedModel::TensorDescs {
 public:
  explicit TensorDescs(const Api& api) : api_(api) {}
  ~TensorDescs() {
    for (const abi::TensorDesc* desc : descs_) api_.aclDestroyTensorDesc(desc);
  }
  TensorDescs(const TensorDescs&) = delete;
  TensorDescs& operator=(const TensorDescs&) = delete;

  abi::TensorDesc* add(const TensorView& view, abi::Format format) {
    descs_.reserve(descs_.size() + 1);
    abi::TensorDesc* desc = api_.check_made(
        api_.aclCreateTensorDesc(from_dtype(view.dtype), static_cast<int>(view.shape.rank()),
                                 view.shape.data(), format),
        "describe a tensor");
    descs_.push_back(desc);
    return desc;
  }

 private:
  const Api& api_;
  std::vector<const abi::TensorDesc*> descs_;
};

LoadedModel::LoadedModel(const Api& api, const ModelFile& file, const ModelMemory& memory,
                         void* weights)
    : api_(api), workspace_(api) {
  id_ = file.load(api_, memory, workspace_.require(memory.workspace), weights);
  try {
    read_signature();
    make_data_sets();
  } catch (...) {
    outputs_.reset();
    inputs_.reset();
    if (desc_ != nullptr)
      api_.ignore_status(api_.aclmdlDestroyDesc(desc_), "destroy a description");
    api_.ignore_status(api_.aclmdlUnload(id_), "unload a model");
    throw;
  }
}

LoadedModel::~LoadedModel() {
  outputs_.reset();
  inputs_.reset();
  api_.ignore_status(api_.aclmdlDestroyDesc(desc_), "destroy a description");
  api_.ignore_status(api_.aclmdlUnload(id_), "unload a model");
}

void LoadedModel::read_signature() {
  desc_ = api_.check_made(api_.aclmdlCreateDesc(), "make a description");
  api_.check_status(api_.aclmdlGetDesc(desc_, id_), "describe the model");
  signature_ = ascend::read_signature(api_, desc_);
}

void LoadedModel::make_data_sets() {
  const bool free = signature_.choice == ShapeChoice::kFree;
  inputs_ = std::make_unique<DataSet>(api_);
  for (std::size_t i = 0; i < signature_.model_inputs; ++i)
    inputs_->add(free ? 0 : api_.aclmdlGetInputSizeByIndex(desc_, i));
  outputs_ = std::make_unique<DataSet>(api_);
  // Of free shapes, inputs tell their size with each run and AscendCL finds that of the results.
  for (const Port& port : signature_.output_ports) outputs_->add(free ? 0 : port.bytes);
}

void LoadedModel::choose(const ShapeSet& set) {
  const std::size_t index = signature_.shape_input->index;
  abi::Dataset* dataset = inputs_->get();
  switch (signature_.choice) {
    case ShapeChoice::kBatchSizes:
      return api_.check_status(api_.aclmdlSetDynamicBatchSize(id_, dataset, index, set.batch),
                               "choose a batch size");
    case ShapeChoice::kImageSizes:
      return api_.check_status(
          api_.aclmdlSetDynamicHWSize(id_, dataset, index, set.height, set.width),
          "choose an image size");
    case ShapeChoice::kDimensions:
      return api_.check_status(api_.aclmdlSetInputDynamicDims(id_, dataset, index, &set.dims),
                               "choose the dimensions");
    case ShapeChoice::kFixed:
    case ShapeChoice::kFree:
      fail(ErrorCode::kInternal, "a model without sets of shapes has none to choose");
  }
}

std::vector<Shape> LoadedModel::current_output_shapes() const {
  std::vector<Shape> shapes;
  for (std::size_t i = 0; i < signature_.outputs.size(); ++i) {
    abi::Dims dims{};
    api_.check_status(api_.aclmdlGetCurOutputDims(desc_, i, &dims),
                      "tell the shape of '" + signature_.outputs[i].name + "'");
    TensorInfo info;
    set_shape(info, dims);
    check(info.ranked && info.shape.is_static(), ErrorCode::kEngine,
          "AscendCL does not tell the shape of output '", signature_.outputs[i].name, "'");
    shapes.push_back(info.shape);
  }
  return shapes;
}

std::vector<Shape> LoadedModel::output_shapes(const ShapeSet& set) {
  choose(set);
  return current_output_shapes();
}

void LoadedModel::send(std::size_t input, const TensorView& view) {
  const std::size_t bytes = view.num_bytes();
  const std::size_t index = signature_.input_ports[input].index;
  const std::string& name = signature_.inputs[input].name;
  const bool free = signature_.choice == ShapeChoice::kFree;
  const DeviceBuffer& buffer = free ? inputs_->resize(index, bytes) : inputs_->memory(index);
  check(bytes <= buffer.capacity(), ErrorCode::kUnsupported, "input '", name, "' has ", bytes,
        " bytes; the model takes ", buffer.capacity(),
        ", which its shape does not tell (AIPP?): compile it without --insert_op_conf");
  if (bytes == 0) return;
  api_.check_status(
      api_.aclrtMemcpy(buffer.data(), buffer.capacity(), view.data, bytes, abi::kHostToDevice),
      "copy input '" + name + "' to the NPU");
}

void LoadedModel::execute() {
  api_.check_status(api_.aclmdlExecute(id_, inputs_->get(), outputs_->get()), "run the model");
}

void LoadedModel::run(std::span<const TensorView> inputs, std::span<Tensor> outputs,
                      const std::shared_ptr<BufferPool>& results) {
  if (signature_.choice == ShapeChoice::kFree) return run_free(inputs, outputs, results);
  std::vector<Shape> shapes;
  if (signature_.choice == ShapeChoice::kFixed) {
    for (const TensorInfo& info : signature_.outputs) shapes.push_back(info.shape);
  } else {
    const ShapeSet* set = signature_.find(inputs);
    if (set == nullptr) signature_.refuse(inputs);
    shapes = output_shapes(*set);
  }
  for (std::size_t i = 0; i < outputs.size(); ++i)
    check_given(outputs[i], signature_.outputs[i], shapes[i]);
  for (std::size_t i = 0; i < inputs.size(); ++i) send(i, inputs[i]);
  execute();
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const DeviceBuffer& memory = outputs_->memory(i);
    fetch(i, shapes[i], memory.data(), memory.capacity(), outputs[i], results);
  }
}

void LoadedModel::tell_shapes(std::span<const TensorView> inputs, TensorDescs& descs) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Port& port = signature_.input_ports[i];
    abi::TensorDesc* desc = descs.add(inputs[i], port.format);
    api_.check_status(api_.aclmdlSetDatasetTensorDesc(inputs_->get(), desc, port.index),
                      "tell the shape of input '" + signature_.inputs[i].name + "'");
  }
}

// Results are where AscendCL put them, and of the shapes that it found.
void LoadedModel::run_free(std::span<const TensorView> inputs, std::span<Tensor> outputs,
                           const std::shared_ptr<BufferPool>& results) {
  TensorDescs descs(api_);
  for (std::size_t i = 0; i < inputs.size(); ++i) send(i, inputs[i]);
  tell_shapes(inputs, descs);
  execute();
  try {
    fetch_allocated(outputs, results);
  } catch (const Error&) {
    outputs_->free_allocated();
    throw;
  }
  outputs_->free_allocated();
}

void LoadedModel::fetch_allocated(std::span<Tensor> outputs,
                                  const std::shared_ptr<BufferPool>& results) const {
  std::vector<Shape> shapes;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    shapes.push_back(shape_after_run(i));
    check_given(outputs[i], signature_.outputs[i], shapes[i]);
  }
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const abi::DataBuffer* buffer = outputs_->buffer(i);
    fetch(i, shapes[i], api_.aclGetDataBufferAddr(buffer), api_.aclGetDataBufferSizeV2(buffer),
          outputs[i], results);
  }
}

Shape LoadedModel::shape_after_run(std::size_t output) const {
  const std::string what = "tell the shape of output '" + signature_.outputs[output].name + "'";
  const abi::TensorDesc* desc =
      api_.check_made(api_.aclmdlGetDatasetTensorDesc(outputs_->get(), output), what);
  std::vector<std::int64_t> dims(api_.aclGetTensorDescNumDims(desc));
  for (std::size_t i = 0; i < dims.size(); ++i)
    api_.check_status(api_.aclGetTensorDescDimV2(desc, i, &dims[i]), what);
  return Shape(dims);
}

void LoadedModel::fetch(std::size_t output, const Shape& shape, const void* from,
                        std::size_t available, Tensor& target,
                        const std::shared_ptr<BufferPool>& results) const {
  const TensorInfo& info = signature_.outputs[output];
  if (target.empty()) target = take_result(results, info.dtype, shape);
  const std::size_t bytes = target.view().num_bytes();
  check(bytes <= available, ErrorCode::kEngine, "AscendCL gives ", available, " bytes for output '",
        info.name, "' of shape ", shape.to_string());
  if (bytes > 0)
    api_.check_status(api_.aclrtMemcpy(target.data(), bytes, from, bytes, abi::kDeviceToHost),
                      "copy output '" + info.name + "' from the NPU");
}

}  // namespace hpinfer::ascend

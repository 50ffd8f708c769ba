#include "engines/tensorrt/execution.h"

#include <cstdint>
#include <cstring>
#include <mutex>

#include "engines/tensorrt/logger.h"
#include "engines/tensorrt/profiles.h"

namespace hpinfer::tensorrt {
namespace {

// TensorRT does not promise that two contexts may be made at once.
std::mutex& context_mutex() {
  static std::mutex mutex;
  return mutex;
}

bool on_gpu(const TensorView& view) { return view.device.type == DeviceType::kGpu; }

// TensorRT wants this of every address; memory of others may begin inside an allocation.
bool is_aligned(const void* address) {
  constexpr std::uintptr_t kAlignment = 256;
  return reinterpret_cast<std::uintptr_t>(address) % kAlignment == 0;
}

}  // namespace

void* ResultMemory::reallocateOutputAsync(const char* /*name*/, void* /*current*/,
                                          std::uint64_t bytes, std::uint64_t /*alignment*/,
                                          cudaStream_t /*stream*/) noexcept {
  try {
    return buffer_.require(bytes);
  } catch (const Error&) {
    return nullptr;  // TensorRT fails the run and says so
  }
}

void ResultMemory::notifyShape(const char* /*name*/, const nvinfer1::Dims& dims) noexcept {
  dims_ = dims;
  known_ = true;
}

Shape ResultMemory::shape() const {
  check(known_, ErrorCode::kEngine, "TensorRT did not tell the shape of an output");
  return to_shape(dims_);
}

Execution::Execution(const CudaRuntime& cuda, int device,
                     std::shared_ptr<nvinfer1::ICudaEngine> engine, MemoryPolicy memory)
    : cuda_(cuda), device_(device), engine_(std::move(engine)), stream_(cuda) {
  using Strategy = nvinfer1::ExecutionContextAllocationStrategy;
  const ErrorCapture errors;
  const std::lock_guard lock(context_mutex());
  // Bounded: scratch memory for the profile in use, not for the largest of all.
  context_.reset(engine_->createExecutionContext(
      memory == MemoryPolicy::kBounded ? Strategy::kON_PROFILE_CHANGE : Strategy::kSTATIC));
  check(context_ != nullptr, ErrorCode::kEngine,
        "TensorRT cannot make an execution context: ", errors.text());
}

Execution::~Execution() {
  cuda_.set_device(device_);  // frees memory of that GPU, in whatever thread this runs
  cuda_.stream_synchronize(stream_.get());  // a failed run may have left work
}

void Execution::run(int profile, std::span<const TensorView> inputs,
                    const std::vector<TensorInfo>& in_infos, std::span<Tensor> outputs,
                    const std::vector<TensorInfo>& out_infos, bool on_device) {
  const ErrorCapture errors;
  use_profile(profile);
  while (inputs_.size() < inputs.size())
    inputs_.push_back(
        {GrowingBuffer(cuda_, MemoryKind::kDevice), GrowingBuffer(cuda_, MemoryKind::kPinned)});
  while (results_.size() < outputs.size())
    results_.push_back({std::make_unique<ResultMemory>(cuda_),
                        GrowingBuffer(cuda_, MemoryKind::kPinned), TensorView{}, false});
  for (std::size_t i = 0; i < inputs.size(); ++i) send(inputs_[i], in_infos[i], inputs[i]);
  for (std::size_t i = 0; i < outputs.size(); ++i) prepare(results_[i], out_infos[i], outputs[i]);
  check(context_->enqueueV3(stream_.get()), ErrorCode::kEngine,
        "TensorRT cannot run the model: ", errors.text());
  for (std::size_t i = 0; i < outputs.size(); ++i)
    collect(results_[i], out_infos[i], outputs[i], on_device);
  stream_.synchronize();
  for (std::size_t i = 0; i < outputs.size(); ++i) deliver(results_[i], outputs[i]);
}

void Execution::use_profile(int profile) {
  if (profile == profile_) return;
  const ErrorCapture errors;
  profile_ = -1;
  check(context_->setOptimizationProfileAsync(profile, stream_.get()), ErrorCode::kEngine,
        "TensorRT cannot change to profile ", profile, ": ", errors.text());
  stream_.synchronize();
  profile_ = profile;
}

void Execution::send(Input& slot, const TensorInfo& info, const TensorView& view) {
  const char* name = info.name.c_str();
  const ErrorCapture errors;
  check(context_->setInputShape(name, to_dims(view.shape)), ErrorCode::kInvalidInput,
        "TensorRT refuses shape ", view.shape.to_string(), " of input '", name,
        "': ", errors.text());
  const void* address = view.data;
  if (!on_gpu(view) || !is_aligned(address)) {
    const std::size_t bytes = view.num_bytes();
    void* device = slot.device.require(bytes);
    if (bytes > 0) {
      const void* source = view.data;
      if (!on_gpu(view)) source = std::memcpy(slot.pinned.require(bytes), view.data, bytes);
      const auto kind = on_gpu(view) ? cudaMemcpyDeviceToDevice : cudaMemcpyHostToDevice;
      cuda_.check_status(cuda_.memcpy_async(device, source, bytes, kind, stream_.get()),
                         "copy an input to the GPU");
    }
    address = device;
  }
  check(context_->setInputTensorAddress(name, address), ErrorCode::kEngine,
        "TensorRT refuses the memory of input '", name, "': ", errors.text());
}

// Where the shape follows from the inputs' shapes the memory is given beforehand; else TensorRT
// asks for it while it runs.
void Execution::prepare(Output& slot, const TensorInfo& info, const Tensor& output) {
  const char* name = info.name.c_str();
  const ErrorCapture errors;
  slot.memory->forget();
  slot.direct = false;
  const nvinfer1::Dims dims = context_->getTensorShape(name);
  const Shape shape = to_shape(dims);
  bool taken = false;
  if (shape.is_static()) {
    slot.view = {info.dtype, shape, nullptr, Device{DeviceType::kGpu, device_}};
    slot.direct = !output.empty() && on_gpu(output.view()) && output.shape() == shape &&
                  is_aligned(output.data());
    slot.view.data =
        slot.direct ? output.data() : slot.memory->buffer().require(slot.view.num_bytes());
    slot.memory->notifyShape(name, dims);
    taken = context_->setOutputAllocator(name, nullptr) &&
            context_->setTensorAddress(name, slot.view.data);
  } else {
    taken = context_->setTensorAddress(name, nullptr) &&
            context_->setOutputAllocator(name, slot.memory.get());
  }
  check(taken, ErrorCode::kEngine, "TensorRT refuses the memory of output '", name,
        "': ", errors.text());
}

void Execution::collect(Output& slot, const TensorInfo& info, const Tensor& output,
                        bool on_device) {
  const Shape shape = slot.memory->shape();
  check(output.empty() || output.shape() == shape, ErrorCode::kInvalidInput, "output '", info.name,
        "' has shape ", shape.to_string(), "; the given memory has ",
        output.empty() ? "" : output.shape().to_string());
  if (slot.direct) return;
  slot.view = {info.dtype, shape, slot.memory->buffer().data(), Device{DeviceType::kGpu, device_}};
  const std::size_t bytes = slot.view.num_bytes();
  if (!output.empty() && on_gpu(output.view())) {
    cuda_.check_status(cuda_.memcpy_async(output.data(), slot.view.data, bytes,
                                          cudaMemcpyDeviceToDevice, stream_.get()),
                       "copy an output on the GPU");
    return;
  }
  if (output.empty() && on_device) return;
  void* pinned = slot.pinned.require(bytes);
  if (bytes > 0)
    cuda_.check_status(
        cuda_.memcpy_async(pinned, slot.view.data, bytes, cudaMemcpyDeviceToHost, stream_.get()),
        "copy an output from the GPU");
  slot.view.data = pinned;
  slot.view.device = Device{};
}

void Execution::deliver(Output& slot, const Tensor& output) {
  if (output.empty() || on_gpu(output.view())) return;
  std::memcpy(output.data(), slot.view.data, slot.view.num_bytes());
}

}  // namespace hpinfer::tensorrt

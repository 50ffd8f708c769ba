// One execution context with the stream and the buffers of its runs.
#pragma once

#include <NvInfer.h>

#include <memory>
#include <vector>

#include "engines/engine.h"
#include "engines/tensorrt/cuda_runtime.h"

namespace hpinfer::tensorrt {

// Receives an output whose size is known only when it is computed.
class ResultMemory final : public nvinfer1::IOutputAllocator {
 public:
  explicit ResultMemory(const CudaRuntime& cuda) : buffer_(cuda, MemoryKind::kDevice) {}

  void* reallocateOutputAsync(const char* name, void* current, std::uint64_t bytes,
                              std::uint64_t alignment, cudaStream_t stream) noexcept override;
  void notifyShape(const char* name, const nvinfer1::Dims& dims) noexcept override;

  GrowingBuffer& buffer() noexcept { return buffer_; }
  // Throws Error(kEngine) if TensorRT told none.
  Shape shape() const;
  void forget() noexcept { known_ = false; }

 private:
  GrowingBuffer buffer_;
  nvinfer1::Dims dims_{};
  bool known_ = false;
};

// Used by one run at a time.
class Execution {
 public:
  Execution(const CudaRuntime& cuda, int device, std::shared_ptr<nvinfer1::ICudaEngine> engine,
            MemoryPolicy memory);
  ~Execution();

  // Runs with the shapes of a profile that holds them, and waits. Inputs may lie on the host or on
  // the GPU. Results lie where `outputs` has memory, else in memory of this object.
  void run(int profile, std::span<const TensorView> inputs, const std::vector<TensorInfo>& in_infos,
           std::span<Tensor> outputs, const std::vector<TensorInfo>& out_infos, bool on_device);

  // The result in memory of this object, after run().
  const TensorView& result(std::size_t output) const { return results_[output].view; }

 private:
  struct Input {
    GrowingBuffer device;
    GrowingBuffer pinned;
  };
  struct Output {
    std::unique_ptr<ResultMemory> memory;
    GrowingBuffer pinned;
    TensorView view;
    bool direct = false;  // written where the caller wants it
  };

  void use_profile(int profile);
  void send(Input& slot, const TensorInfo& info, const TensorView& view);
  void prepare(Output& slot, const TensorInfo& info, const Tensor& output);
  void collect(Output& slot, const TensorInfo& info, const Tensor& output, bool on_device);
  void deliver(Output& slot, const Tensor& output);

  const CudaRuntime& cuda_;
  const int device_;
  std::shared_ptr<nvinfer1::ICudaEngine> engine_;
  Stream stream_;
  std::vector<Input> inputs_;
  std::vector<Output> results_;
  int profile_ = -1;  // only the first context of an engine has one before it is told
  std::unique_ptr<nvinfer1::IExecutionContext> context_;  // before the buffers that it may use
};

}  // namespace hpinfer::tensorrt

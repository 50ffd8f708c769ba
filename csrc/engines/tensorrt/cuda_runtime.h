// The part of the CUDA runtime that a TensorRT session needs, opened at run time.
#pragma once

#include <NvInferRuntime.h>  // brings the CUDA runtime's types

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "core/device.h"
#include "core/dynamic_library.h"

namespace hpinfer::tensorrt {

// What a compiled model depends on, of a GPU.
struct GpuFacts {
  std::string name;
  std::string compute_capability;  // "8.6"
  std::string driver;              // newest CUDA release that the driver knows, "13.0"
  std::string runtime;             // release of the CUDA runtime library, "13.0"
};

// The loaded library. Immutable; functions are those of the CUDA runtime.
class CudaRuntime {
 public:
  // Opens HPINFER_CUDART_LIBRARY (then nothing else), else the runtime that pip's packages put
  // beside `neighbour`, a library of TensorRT, else the loader's. Throws
  // Error(kEngineUnavailable).
  static CudaRuntime open(const std::filesystem::path& neighbour);

  const std::filesystem::path& library() const noexcept { return library_.path(); }

  // Throws Error(kEngine) with CUDA's own words unless the status is success.
  void check_status(cudaError_t status, std::string_view action) const;

  // 0 where there is no GPU or no driver; `reason` then says why.
  int device_count(std::string* reason = nullptr) const;
  GpuFacts facts(int device) const;

  decltype(&cudaGetDeviceCount) get_device_count;
  decltype(&cudaSetDevice) set_device;
  decltype(&cudaGetDevice) get_device;
  decltype(&cudaDeviceGetAttribute) device_get_attribute;
  cudaError_t (*malloc)(void**, std::size_t);
  decltype(&cudaFree) free;
  cudaError_t (*host_alloc)(void**, std::size_t, unsigned);
  decltype(&cudaFreeHost) free_host;
  decltype(&cudaMemcpyAsync) memcpy_async;
  decltype(&cudaStreamCreateWithFlags) stream_create;
  decltype(&cudaStreamDestroy) stream_destroy;
  decltype(&cudaStreamSynchronize) stream_synchronize;
  decltype(&cudaGetErrorString) error_string;
  decltype(&cudaDriverGetVersion) driver_version;
  decltype(&cudaRuntimeGetVersion) runtime_version;

 private:
  explicit CudaRuntime(const DynamicLibrary& library);

  DynamicLibrary library_;
  cudaError_t (*get_properties_)(void*, int);
};

// Makes a GPU the current one of this thread, and the one before again at the end.
class CurrentDevice {
 public:
  CurrentDevice(const CudaRuntime& cuda, int device);
  ~CurrentDevice();
  CurrentDevice(const CurrentDevice&) = delete;
  CurrentDevice& operator=(const CurrentDevice&) = delete;

 private:
  const CudaRuntime& cuda_;
  int before_ = 0;
};

class Stream {
 public:
  explicit Stream(const CudaRuntime& cuda);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  cudaStream_t get() const noexcept { return stream_; }
  void synchronize() const;

 private:
  const CudaRuntime& cuda_;
  cudaStream_t stream_ = nullptr;
};

// Memory that grows and is kept: of the GPU, or of the host where the GPU copies it directly.
enum class MemoryKind { kDevice, kPinned };

class GrowingBuffer {
 public:
  GrowingBuffer(const CudaRuntime& cuda, MemoryKind kind) : cuda_(&cuda), kind_(kind) {}
  ~GrowingBuffer() { release(); }
  GrowingBuffer(GrowingBuffer&& other) noexcept
      : cuda_(other.cuda_),
        kind_(other.kind_),
        data_(std::exchange(other.data_, nullptr)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  GrowingBuffer& operator=(GrowingBuffer&&) = delete;

  // At least `bytes`; what was in it is lost when it grows.
  void* require(std::size_t bytes);
  void* data() const noexcept { return data_; }

 private:
  void release() noexcept;

  const CudaRuntime* cuda_;
  MemoryKind kind_;
  void* data_ = nullptr;
  std::size_t capacity_ = 0;
};

}  // namespace hpinfer::tensorrt

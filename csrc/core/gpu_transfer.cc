#include "core/gpu_transfer.h"

#include <string>

#include "core/dynamic_library.h"
#include "core/environment.h"

namespace hpinfer {
namespace {

// The part of the CUDA runtime's interface that is used; it has not changed since its first
// release. Statuses are numbers, 0 is success.
struct CudaCalls {
  int (*get_device)(int*);
  int (*set_device)(int);
  int (*memory_copy)(void* target, const void* source, std::size_t bytes, int kind);
  int (*stream_synchronize)(void* stream);
  const char* (*error_string)(int status);
};

constexpr int kDeviceToHost = 2;
constexpr const char* kSonames[] = {"libcudart.so.13", "libcudart.so.12", "libcudart.so"};

DynamicLibrary open_runtime() {
  if (const auto forced = environment("CUDART_LIBRARY")) return DynamicLibrary::open(*forced);
  std::string reasons;
  for (const char* name : kSonames) {
    try {
      return DynamicLibrary::open(name);
    } catch (const Error& error) {
      reasons += (reasons.empty() ? "" : "; ") + std::string(error.what());
    }
  }
  fail(ErrorCode::kEngineUnavailable,
       "memory of a GPU needs the CUDA runtime (pip install nvidia-cuda-runtime, or set "
       "HPINFER_CUDART_LIBRARY): ",
       reasons);
}

CudaCalls open_calls() {
  const DynamicLibrary library = open_runtime();
  CudaCalls calls{};
  const auto bind = [&](auto& function, const char* name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(library.symbol(name));
  };
  bind(calls.get_device, "cudaGetDevice");
  bind(calls.set_device, "cudaSetDevice");
  bind(calls.memory_copy, "cudaMemcpy");
  bind(calls.stream_synchronize, "cudaStreamSynchronize");
  bind(calls.error_string, "cudaGetErrorString");
  return calls;
}

const CudaCalls& cuda() {
  static const CudaCalls calls = open_calls();  // a failure is tried again by the next call
  return calls;
}

void check_status(int status, const char* action) {
  check(status == 0, ErrorCode::kEngine, "CUDA cannot ", action, ": ", cuda().error_string(status),
        " (error ", status, ")");
}

// Makes a GPU the current one of this thread for a while.
class CurrentDevice {
 public:
  explicit CurrentDevice(Device device) {
    check_status(cuda().get_device(&before_), "tell the current GPU");
    check_status(cuda().set_device(device.index), "use the GPU");
  }
  ~CurrentDevice() { cuda().set_device(before_); }
  CurrentDevice(const CurrentDevice&) = delete;
  CurrentDevice& operator=(const CurrentDevice&) = delete;

 private:
  int before_ = 0;
};

}  // namespace

void copy_to_host(const TensorView& source, void* target) {
  if (source.num_bytes() == 0) return;
  const CurrentDevice current(source.device);
  check_status(cuda().memory_copy(target, source.data, source.num_bytes(), kDeviceToHost),
               "copy from the GPU");
}

void wait_for_stream(Device device, std::uintptr_t stream) {
  const CurrentDevice current(device);
  check_status(cuda().stream_synchronize(reinterpret_cast<void*>(stream)),
               "finish the work of a stream");
}

}  // namespace hpinfer

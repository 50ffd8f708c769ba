// A stand-in for libcudart: memory of the host, streams that do their work when synchronised.
#include "stand_in_cuda.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace {

// Makes addresses that no processor of 48 or 57 address bits accepts.
constexpr std::uintptr_t kDeviceBit = std::uintptr_t{1} << 60;

struct State {
  std::mutex mutex;
  std::map<std::uintptr_t, std::size_t> device;  // by real address
  std::map<std::uintptr_t, std::size_t> pinned;
  int streams = 0;
  long allocations = 0;
};

State& state() {
  static auto* const kept = new State;
  return *kept;
}

int gpu_count() {
  const char* text = std::getenv("HPINFER_STAND_IN_GPUS");
  return text == nullptr ? 1 : std::atoi(text);
}

thread_local int current_device = 0;

bool within(const std::map<std::uintptr_t, std::size_t>& buffers, std::uintptr_t address,
            std::size_t bytes) {
  auto after = buffers.upper_bound(address);
  if (after == buffers.begin()) return false;
  --after;
  return address + bytes <= after->first + after->second;
}

std::uintptr_t number(const void* address) { return reinterpret_cast<std::uintptr_t>(address); }

bool is_device(const void* address) { return (number(address) & kDeviceBit) != 0; }

// The real address; null unless it lies in a buffer of that kind.
void* real(const void* address, std::size_t bytes, bool device) {
  const std::lock_guard lock(state().mutex);
  if (is_device(address) != device) return nullptr;
  const std::uintptr_t raw = number(address) & ~kDeviceBit;
  return within(device ? state().device : state().pinned, raw, bytes) ? reinterpret_cast<void*>(raw)
                                                                      : nullptr;
}

}  // namespace

struct CUstream_st {
  std::vector<std::function<void()>> work;
};

void* stand_in_host_address(const void* device_address) { return real(device_address, 0, true); }

void stand_in_enqueue(cudaStream_t stream, std::function<void()> work) {
  stream->work.push_back(std::move(work));
}

extern "C" {

int stand_in_device_buffers() {
  const std::lock_guard lock(state().mutex);
  return static_cast<int>(state().device.size());
}
int stand_in_pinned_buffers() {
  const std::lock_guard lock(state().mutex);
  return static_cast<int>(state().pinned.size());
}
int stand_in_streams() {
  const std::lock_guard lock(state().mutex);
  return state().streams;
}
long stand_in_allocations() {
  const std::lock_guard lock(state().mutex);
  return state().allocations;
}
const char* stand_in_gpu() {
  const char* text = std::getenv("HPINFER_STAND_IN_GPU");
  return text == nullptr ? "Stand-in GPU" : text;
}

STAND_IN_EXPORT cudaError_t cudaGetDeviceCount(int* count) {
  *count = gpu_count();
  return *count > 0 ? cudaSuccess : cudaErrorNoDevice;
}

STAND_IN_EXPORT cudaError_t cudaSetDevice(int device) {
  if (device < 0 || device >= gpu_count()) return cudaErrorInvalidDevice;
  current_device = device;
  return cudaSuccess;
}

STAND_IN_EXPORT cudaError_t cudaGetDevice(int* device) {
  *device = current_device;
  return cudaSuccess;
}

STAND_IN_EXPORT cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute,
                                                   int /*device*/) {
  if (attribute == cudaDevAttrComputeCapabilityMajor) *value = 8;
  if (attribute == cudaDevAttrComputeCapabilityMinor) *value = 6;
  return cudaSuccess;
}

// Declared here with the layout that all releases share: the name comes first.
STAND_IN_EXPORT cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  if (device >= gpu_count()) return cudaErrorInvalidDevice;
  std::snprintf(reinterpret_cast<char*>(properties), 256, "%s", stand_in_gpu());
  return cudaSuccess;
}

STAND_IN_EXPORT cudaError_t cudaDriverGetVersion(int* version) {
  *version = 13000;
  return cudaSuccess;
}

STAND_IN_EXPORT cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}

STAND_IN_EXPORT const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaErrorNoDevice:
      return "no CUDA-capable device is detected";
    case cudaErrorMemoryAllocation:
      return "out of memory";
    case cudaErrorInvalidDevice:
      return "invalid device ordinal";
    default:
      return "invalid argument";
  }
}

STAND_IN_EXPORT cudaError_t cudaMalloc(void** pointer, std::size_t bytes) {
  const char* limit = std::getenv("HPINFER_STAND_IN_LARGEST_BUFFER");
  if (limit != nullptr && bytes > std::strtoull(limit, nullptr, 10))
    return cudaErrorMemoryAllocation;
  void* memory = std::malloc(bytes);
  std::memset(memory, 0xA5, bytes);  // what was not copied there is not a result
  const std::lock_guard lock(state().mutex);
  state().device[number(memory)] = bytes;
  ++state().allocations;
  *pointer = reinterpret_cast<void*>(number(memory) | kDeviceBit);
  return cudaSuccess;
}

STAND_IN_EXPORT cudaError_t cudaFree(void* pointer) {
  const std::uintptr_t raw = number(pointer) & ~kDeviceBit;
  const std::lock_guard lock(state().mutex);
  if (!is_device(pointer) || state().device.erase(raw) == 0) return cudaErrorInvalidValue;
  std::free(reinterpret_cast<void*>(raw));
  return cudaSuccess;
}

STAND_IN_EXPORT cudaError_t cudaHostAlloc(void** pointer, std::size_t bytes, unsigned /*flags*/) {
  *pointer = std::malloc(bytes);
  const std::lock_guard lock(state().mutex);
  state().pinned[number(*pointer)] = bytes;
  return cudaSuccess;
}

STAND_IN_EXPORT cudaError_t cudaFreeHost(void* pointer) {
  const std::lock_guard lock(state().mutex);
  if (state().pinned.erase(number(pointer)) == 0) return cudaErrorInvalidValue;
  std::free(pointer);
  return cudaSuccess;
}

// Only pinned host memory: a copy of other memory would not be asynchronous on a GPU.
STAND_IN_EXPORT cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes,
                                            cudaMemcpyKind kind, cudaStream_t stream) {
  void* target = real(to, bytes, kind != cudaMemcpyDeviceToHost);
  const void* source = real(from, bytes, kind != cudaMemcpyHostToDevice);
  if (target == nullptr || source == nullptr) return cudaErrorInvalidValue;
  stand_in_enqueue(stream, [=] { std::memcpy(target, source, bytes); });
  return cudaSuccess;
}

STAND_IN_EXPORT cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned /*flags*/) {
  *stream = new CUstream_st;
  const std::lock_guard lock(state().mutex);
  ++state().streams;
  return cudaSuccess;
}

STAND_IN_EXPORT cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  const std::vector<std::function<void()>> work = std::move(stream->work);
  stream->work.clear();
  for (const auto& step : work) step();
  return cudaSuccess;
}

STAND_IN_EXPORT cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  delete stream;
  const std::lock_guard lock(state().mutex);
  --state().streams;
  return cudaSuccess;
}

}  // extern "C"

#include "engines/tensorrt/cuda_runtime.h"

#include <algorithm>
#include <array>
#include <vector>

#include "core/environment.h"

namespace hpinfer::tensorrt {
namespace {

namespace fs = std::filesystem;

// The properties structure differs between CUDA releases, but begins with the name in all of them.
constexpr std::size_t kNameBytes = 256;
constexpr std::size_t kAnyPropertiesBytes = 16384;

// Sonames, newest first; one process may have another in use already, which the loader then finds.
constexpr std::array<const char*, 3> kSonames{"libcudart.so.13", "libcudart.so.12", "libcudart.so"};

void add_matches(const fs::path& folder, std::vector<fs::path>& found) {
  std::error_code error;
  std::vector<fs::path> here;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (entry.path().filename().string().starts_with("libcudart.so")) here.push_back(entry.path());
  std::sort(here.rbegin(), here.rend());
  found.insert(found.end(), here.begin(), here.end());
}

// pip keeps TensorRT in tensorrt_libs/ and CUDA in nvidia/<package>/lib/ of the same folder.
std::vector<fs::path> candidates(const fs::path& neighbour) {
  if (const auto forced = environment("CUDART_LIBRARY")) return {*forced};
  std::vector<fs::path> found;
  const fs::path folder = neighbour.parent_path();
  add_matches(folder, found);
  std::error_code error;
  std::vector<fs::path> packages;
  for (const auto& entry : fs::directory_iterator(folder.parent_path() / "nvidia", error))
    packages.push_back(entry.path() / "lib");
  std::sort(packages.begin(), packages.end());
  for (const fs::path& package : packages) add_matches(package, found);
  found.insert(found.end(), kSonames.begin(), kSonames.end());
  return found;
}

std::string release_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

}  // namespace

CudaRuntime CudaRuntime::open(const fs::path& neighbour) {
  std::string reasons;
  for (const fs::path& path : candidates(neighbour)) {
    try {
      return CudaRuntime(DynamicLibrary::open(path));
    } catch (const Error& error) {
      reasons += (reasons.empty() ? "" : "; ") + std::string(error.what());
    }
  }
  fail(ErrorCode::kEngineUnavailable,
       "TensorRT needs the CUDA runtime (pip install nvidia-cuda-runtime, or set "
       "HPINFER_CUDART_LIBRARY): ",
       reasons);
}

CudaRuntime::CudaRuntime(const DynamicLibrary& library) : library_(library) {
  const auto bind = [&](auto& function, const char* name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(library.symbol(name));
  };
  bind(get_device_count, "cudaGetDeviceCount");
  bind(set_device, "cudaSetDevice");
  bind(get_device, "cudaGetDevice");
  bind(device_get_attribute, "cudaDeviceGetAttribute");
  bind(malloc, "cudaMalloc");
  bind(free, "cudaFree");
  bind(host_alloc, "cudaHostAlloc");
  bind(free_host, "cudaFreeHost");
  bind(memcpy_async, "cudaMemcpyAsync");
  bind(stream_create, "cudaStreamCreateWithFlags");
  bind(stream_destroy, "cudaStreamDestroy");
  bind(stream_synchronize, "cudaStreamSynchronize");
  bind(error_string, "cudaGetErrorString");
  bind(driver_version, "cudaDriverGetVersion");
  bind(runtime_version, "cudaRuntimeGetVersion");
  bind(get_properties_, "cudaGetDeviceProperties");
}

void CudaRuntime::check_status(cudaError_t status, std::string_view action) const {
  check(status == cudaSuccess, ErrorCode::kEngine, "CUDA cannot ", action, ": ",
        error_string(status), " (error ", static_cast<int>(status), ")");
}

int CudaRuntime::device_count(std::string* reason) const {
  int count = 0;
  const cudaError_t status = get_device_count(&count);
  if (status == cudaSuccess && count > 0) return count;
  if (reason != nullptr)
    *reason = status == cudaSuccess ? "no GPU is visible" : error_string(status);
  return 0;
}

GpuFacts CudaRuntime::facts(int device) const {
  GpuFacts facts;
  std::vector<char> properties(kAnyPropertiesBytes);
  check_status(get_properties_(properties.data(), device), "read the properties of a GPU");
  properties[kNameBytes - 1] = '\0';
  facts.name = properties.data();
  int major = 0;
  int minor = 0;
  check_status(device_get_attribute(&major, cudaDevAttrComputeCapabilityMajor, device),
               "read the compute capability");
  check_status(device_get_attribute(&minor, cudaDevAttrComputeCapabilityMinor, device),
               "read the compute capability");
  facts.compute_capability = std::to_string(major) + "." + std::to_string(minor);
  int version = 0;
  check_status(driver_version(&version), "read the driver's version");
  facts.driver = release_text(version);
  check_status(runtime_version(&version), "read the runtime's version");
  facts.runtime = release_text(version);
  return facts;
}

CurrentDevice::CurrentDevice(const CudaRuntime& cuda, int device) : cuda_(cuda) {
  cuda.check_status(cuda.get_device(&before_), "tell the current GPU");
  cuda.check_status(cuda.set_device(device), "use gpu:" + std::to_string(device));
}

CurrentDevice::~CurrentDevice() { cuda_.set_device(before_); }

Stream::Stream(const CudaRuntime& cuda) : cuda_(cuda) {
  cuda.check_status(cuda.stream_create(&stream_, cudaStreamNonBlocking), "make a stream");
}

Stream::~Stream() {
  // What is still running uses buffers that are freed next.
  cuda_.stream_synchronize(stream_);
  cuda_.stream_destroy(stream_);
}

void Stream::synchronize() const {
  cuda_.check_status(cuda_.stream_synchronize(stream_), "finish the work of a stream");
}

void* GrowingBuffer::require(std::size_t bytes) {
  if (bytes <= capacity_ && data_ != nullptr) return data_;
  release();
  const std::size_t size = std::max<std::size_t>(bytes, 1);
  const bool device = kind_ == MemoryKind::kDevice;
  cuda_->check_status(
      device ? cuda_->malloc(&data_, size) : cuda_->host_alloc(&data_, size, cudaHostAllocDefault),
      "allocate " + std::to_string(size) + (device ? " bytes on the GPU" : " pinned bytes"));
  capacity_ = size;
  return data_;
}

void GrowingBuffer::release() noexcept {
  if (data_ != nullptr) kind_ == MemoryKind::kDevice ? cuda_->free(data_) : cuda_->free_host(data_);
  data_ = nullptr;
  capacity_ = 0;
}

}  // namespace hpinfer::tensorrt

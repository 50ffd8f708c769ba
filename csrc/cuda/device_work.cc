#include "cuda/device_work.h"

#include <cstring>
#include <vector>

#include "cuda/kernels.h"
#include "cuda/status.h"

namespace hpinfer::cuda {
namespace {

// Makes a GPU the current one of this thread, and the one before again at the end.
class CurrentDevice {
 public:
  explicit CurrentDevice(int device) {
    check_cuda(cudaGetDevice(&before_), "telling the current GPU");
    check_cuda(cudaSetDevice(device), "choosing the GPU");
  }
  ~CurrentDevice() { cudaSetDevice(before_); }
  CurrentDevice(const CurrentDevice&) = delete;
  CurrentDevice& operator=(const CurrentDevice&) = delete;

 private:
  int before_ = 0;
};

}  // namespace

std::string device_problem(int device) {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  cudaGetLastError();
  if (status != cudaSuccess) return cudaGetErrorString(status);
  if (device >= count) return "there is no gpu:" + std::to_string(device);
  return {};
}

// Streams that nobody uses at the moment.
class DeviceWork::Streams {
 public:
  // A stream for one call.
  class Use {
   public:
    explicit Use(Streams& streams) : streams_(streams), stream_(streams.take()) {}
    ~Use() { streams_.give_back(stream_); }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

    cudaStream_t get() const noexcept { return stream_; }
    void wait() const { check_cuda(cudaStreamSynchronize(stream_), "finishing a kernel"); }

   private:
    Streams& streams_;
    cudaStream_t stream_;
  };

  // The process may be ending: what CUDA says to that has nobody to go to.
  ~Streams() {
    for (cudaStream_t stream : idle_) cudaStreamDestroy(stream);
  }

 private:
  cudaStream_t take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        cudaStream_t stream = idle_.back();
        idle_.pop_back();
        return stream;
      }
    }
    cudaStream_t stream = nullptr;
    check_cuda(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "making a stream");
    return stream;
  }

  // After a failure work may still be under way, in memory that is given back next.
  void give_back(cudaStream_t stream) noexcept {
    cudaStreamSynchronize(stream);
    const std::lock_guard lock(mutex_);
    idle_.push_back(stream);
  }

  std::mutex mutex_;
  std::vector<cudaStream_t> idle_;
};

DeviceWork::DeviceWork(int device)
    : device_(device),
      pinned_(MemoryKind::kPinned, device),
      memory_(MemoryKind::kDevice, device),
      streams_(std::make_unique<Streams>()) {}

DeviceWork::~DeviceWork() = default;

Block DeviceWork::take_pinned(std::size_t bytes) const {
  const CurrentDevice current(device_);
  return pinned_.take(bytes);
}

Block DeviceWork::take_device(std::size_t bytes) const {
  const CurrentDevice current(device_);
  return memory_.take(bytes);
}

void DeviceWork::transform(const Block& staging, const Block& target, std::size_t bytes, int count,
                           int width, int height) const {
  const CurrentDevice current(device_);
  const Streams::Use stream(*streams_);
  check_cuda(
      cudaMemcpyAsync(target.data(), staging.data(), bytes, cudaMemcpyHostToDevice, stream.get()),
      "copying pictures to the GPU");
  check_cuda(launch_transforms(static_cast<const TransformTask*>(target.data()), count, width,
                               height, stream.get()),
             "starting the transform");
  stream.wait();
}

void DeviceWork::row_maxima(const float* values, std::int32_t columns,
                            std::span<RowMaximum> maxima) const {
  const CurrentDevice current(device_);
  const Block found = memory_.take(maxima.size_bytes());
  const Block staging = pinned_.take(maxima.size_bytes());
  const Streams::Use stream(*streams_);
  check_cuda(launch_row_maxima(values, static_cast<std::int64_t>(maxima.size()), columns,
                               static_cast<RowMaximum*>(found.data()), stream.get()),
             "starting the arg-max");
  check_cuda(cudaMemcpyAsync(staging.data(), found.data(), maxima.size_bytes(),
                             cudaMemcpyDeviceToHost, stream.get()),
             "copying maxima from the GPU");
  stream.wait();
  std::memcpy(maxima.data(), staging.data(), maxima.size_bytes());
}

}  // namespace hpinfer::cuda

// How much of the memory's bandwidth the CUDA kernels use: JSON on the standard output.
// Bytes are those that must move: each input read once, each output written once.
#include <cstdio>
#include <functional>
#include <vector>

#include "cuda/kernels.h"
#include "cuda/memory.h"
#include "cuda/status.h"
#include "device_tasks.h"
#include "vision/plan.h"

namespace hpinfer::cuda {
namespace {

constexpr int kTurns = 50;

// Milliseconds of one turn, of many on one stream.
double time_on_gpu(const std::function<void(cudaStream_t)>& work) {
  cudaStream_t stream = nullptr;
  cudaEvent_t begin = nullptr;
  cudaEvent_t end = nullptr;
  check_cuda(cudaStreamCreate(&stream), "creating a stream");
  check_cuda(cudaEventCreate(&begin), "creating an event");
  check_cuda(cudaEventCreate(&end), "creating an event");
  for (int i = 0; i < 5; ++i) work(stream);
  check_cuda(cudaEventRecord(begin, stream), "recording");
  for (int i = 0; i < kTurns; ++i) work(stream);
  check_cuda(cudaEventRecord(end, stream), "recording");
  check_cuda(cudaEventSynchronize(end), "waiting");
  float milliseconds = 0;
  check_cuda(cudaEventElapsedTime(&milliseconds, begin, end), "timing");
  cudaEventDestroy(begin);
  cudaEventDestroy(end);
  cudaStreamDestroy(stream);
  return milliseconds / kTurns;
}

class Bandwidths {
 public:
  // Reads and writes half of `bytes` each.
  void copy(std::size_t bytes) {
    const Block from = memory_.take(bytes / 2);
    const Block to = memory_.take(bytes / 2);
    const double ms = time_on_gpu([&](cudaStream_t stream) {
      check_cuda(
          cudaMemcpyAsync(to.data(), from.data(), bytes / 2, cudaMemcpyDeviceToDevice, stream),
          "copying");
    });
    copy_rate_ = static_cast<double>(bytes) / ms;
    print("copy", bytes, ms);
  }

  // Pictures of the size of a page into tensors of 960 x 960.
  void transform(int pictures) {
    const vision::Normalize normalize{.mean = {0.485, 0.456, 0.406}, .std = {0.229, 0.224, 0.225}};
    const auto plan = vision::TransformPlan::compile(std::vector<vision::Operator>{
        vision::ResizeExact{.size = {960, 960}}, normalize, vision::ToChw{}});
    const Image page(1600, 1200, 3, ColorOrder::kBgr);
    const auto made =
        testing::make_transform(page.view(), plan.place(1600, 1200), normalize, false);
    std::vector<TransformTask> tasks;
    for (int i = 0; i < pictures; ++i) {
      TransformTask task = made.task;
      task.pixels = put(page.pixels.data(), page.pixels.size());
      task.columns = put(made.columns.data(), made.columns.size());
      task.rows = put(made.rows.data(), made.rows.size());
      task.tables = put(made.tables.data(), made.tables.size());
      task.out = put(made.out.data(), made.out.size());
      tasks.push_back(task);
    }
    const TransformTask* on_device = put(tasks.data(), tasks.size());
    const double ms = time_on_gpu([&](cudaStream_t stream) {
      check_cuda(launch_transforms(on_device, pictures, 960, 960, stream), "launch");
    });
    const auto count = static_cast<std::size_t>(pictures);
    print("transform", count * (page.pixels.size() + made.out.size() * sizeof(float)), ms);
  }

  // The output of a recogniser for many lines.
  void row_maxima(std::int64_t rows, std::int32_t columns) {
    const std::size_t bytes =
        static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns) * 4;
    const Block values = memory_.take(bytes);
    check_cuda(cudaMemset(values.data(), 0, bytes), "clearing");
    const Block maxima = memory_.take(static_cast<std::size_t>(rows) * sizeof(RowMaximum));
    const double ms = time_on_gpu([&](cudaStream_t stream) {
      check_cuda(launch_row_maxima(static_cast<const float*>(values.data()), rows, columns,
                                   static_cast<RowMaximum*>(maxima.data()), stream),
                 "launch");
    });
    print("row_maxima", bytes, ms);
  }

  void threshold(std::int64_t count) {
    const auto elements = static_cast<std::size_t>(count);
    const Block values = memory_.take(elements * sizeof(float));
    check_cuda(cudaMemset(values.data(), 0, elements * sizeof(float)), "clearing");
    const Block bitmap = memory_.take(elements);
    const double ms = time_on_gpu([&](cudaStream_t stream) {
      check_cuda(launch_threshold(static_cast<const float*>(values.data()), count, 0.3F,
                                  static_cast<std::uint8_t*>(bitmap.data()), stream),
                 "launch");
    });
    print("threshold", elements * 5, ms);
  }

 private:
  template <typename T>
  T* put(const T* values, std::size_t count) {
    blocks_.push_back(memory_.take(count * sizeof(T)));
    auto* copy = static_cast<T*>(blocks_.back().data());
    check_cuda(cudaMemcpy(copy, values, count * sizeof(T), cudaMemcpyHostToDevice), "copying");
    return copy;
  }
  void print(const char* name, std::size_t bytes, double ms) {
    std::printf("%s\"%s\": {\"bytes\": %zu, \"ms\": %.6f, \"gb_per_s\": %.1f, \"of_copy\": %.3f}",
                first_ ? "{" : ",\n ", name, bytes, ms, static_cast<double>(bytes) / ms / 1e6,
                static_cast<double>(bytes) / ms / copy_rate_);
    first_ = false;
  }

  MemoryPool memory_{MemoryKind::kDevice, 0};
  std::vector<Block> blocks_;
  double copy_rate_ = 1;
  bool first_ = true;
};

int measure() {
  int count = 0;
  if (cudaGetDeviceCount(&count) != cudaSuccess || count == 0) {
    std::fprintf(stderr, "not run: this machine has no NVIDIA GPU with a driver\n");
    return 77;
  }
  Bandwidths bandwidths;
  bandwidths.copy(std::size_t{4} << 30);
  bandwidths.transform(64);
  bandwidths.row_maxima(40 * 512, 6625);
  bandwidths.threshold(std::int64_t{1} << 28);
  std::printf("}\n");
  return 0;
}

}  // namespace
}  // namespace hpinfer::cuda

int main() {
  try {
    return hpinfer::cuda::measure();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}

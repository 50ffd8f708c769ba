#include "cuda/kernels.h"

namespace hpinfer::cuda {
namespace {

constexpr int kTileWidth = 32;  // a warp writes neighbouring elements of a plane
constexpr int kTileHeight = 8;
constexpr int kRowThreads = 256;
constexpr unsigned kAllLanes = 0xFFFFFFFFU;

dim3 tiles(int width, int height, int tasks) {
  return {static_cast<unsigned>((width + kTileWidth - 1) / kTileWidth),
          static_cast<unsigned>((height + kTileHeight - 1) / kTileHeight),
          static_cast<unsigned>(tasks)};
}

__device__ int column() { return static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x); }
__device__ int row() { return static_cast<int>(blockIdx.y * blockDim.y + threadIdx.y); }

__global__ void transform_pixels(const TransformTask* tasks) {
  const TransformTask& task = tasks[blockIdx.z];
  if (column() < task.out_width && row() < task.out_height) transform_pixel(task, column(), row());
}

__global__ void crop_pixels(const CropTask* tasks) {
  const CropTask& task = tasks[blockIdx.z];
  if (column() < task.crop_width && row() < task.crop_height) crop_pixel(task, column(), row());
}

__device__ RowMaximum of_lane(RowMaximum mine, int distance) {
  return {__shfl_down_sync(kAllLanes, mine.index, distance),
          __shfl_down_sync(kAllLanes, mine.value, distance)};
}

__device__ RowMaximum of_warp(RowMaximum best) {
  for (int distance = warpSize / 2; distance > 0; distance /= 2)
    best = greater_of(best, of_lane(best, distance));
  return best;
}

// A block a row. Threads beyond the row start with its first element, which changes nothing.
__global__ void row_maxima(const float* values, std::int32_t columns, RowMaximum* maxima) {
  __shared__ RowMaximum of_warps[kRowThreads / 32];
  const float* row = values + static_cast<std::size_t>(blockIdx.x) * columns;
  const auto thread = static_cast<std::int32_t>(threadIdx.x);
  RowMaximum best =
      thread < columns ? strided_maximum(row, thread, kRowThreads, columns) : RowMaximum{0, row[0]};
  best = of_warp(best);
  if (thread % warpSize == 0) of_warps[thread / warpSize] = best;
  __syncthreads();
  if (thread >= warpSize) return;
  best = of_warp(of_warps[thread % (kRowThreads / 32)]);
  if (thread == 0) maxima[blockIdx.x] = best;
}

__global__ void threshold_values(const float* values, std::int64_t count, float threshold,
                                 std::uint8_t* bitmap) {
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count;
       i += step)
    bitmap[i] = values[i] > threshold ? 255 : 0;
}

}  // namespace

cudaError_t launch_transforms(const TransformTask* tasks, int count, int width, int height,
                              cudaStream_t stream) {
  if (count > kMaxTasks) return cudaErrorInvalidConfiguration;
  if (count == 0 || width == 0 || height == 0) return cudaSuccess;
  transform_pixels<<<tiles(width, height, count), dim3(kTileWidth, kTileHeight), 0, stream>>>(
      tasks);
  return cudaGetLastError();
}

cudaError_t launch_crops(const CropTask* tasks, int count, int width, int height,
                         cudaStream_t stream) {
  if (count > kMaxTasks) return cudaErrorInvalidConfiguration;
  if (count == 0 || width == 0 || height == 0) return cudaSuccess;
  crop_pixels<<<tiles(width, height, count), dim3(kTileWidth, kTileHeight), 0, stream>>>(tasks);
  return cudaGetLastError();
}

cudaError_t launch_row_maxima(const float* values, std::int64_t rows, std::int32_t columns,
                              RowMaximum* maxima, cudaStream_t stream) {
  if (columns <= 0) return cudaErrorInvalidValue;
  if (rows == 0) return cudaSuccess;
  row_maxima<<<static_cast<unsigned>(rows), kRowThreads, 0, stream>>>(values, columns, maxima);
  return cudaGetLastError();
}

cudaError_t launch_threshold(const float* values, std::int64_t count, float threshold,
                             std::uint8_t* bitmap, cudaStream_t stream) {
  if (count == 0) return cudaSuccess;
  constexpr int kThreads = 256;
  constexpr std::int64_t kMaxBlocks = 4096;
  const std::int64_t blocks = (count + kThreads - 1) / kThreads;
  threshold_values<<<static_cast<unsigned>(blocks < kMaxBlocks ? blocks : kMaxBlocks), kThreads, 0,
                     stream>>>(values, count, threshold, bitmap);
  return cudaGetLastError();
}

}  // namespace hpinfer::cuda

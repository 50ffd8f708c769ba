// The kernels, put on a stream. Each returns at once, with CUDA's word on the launch; the result is
// there when the stream has come to it. Tasks and everything that they point to are device memory.
#pragma once

#include <cuda_runtime_api.h>

#include "cuda/crop_kernel.h"
#include "cuda/maximum_kernel.h"
#include "cuda/transform_kernel.h"

namespace hpinfer::cuda {

// Tasks of one launch: the largest grid in the third axis. More are cudaErrorInvalidConfiguration.
inline constexpr int kMaxTasks = 65535;

// Writes every task's output planes; `width` and `height` are the greatest of the tasks' outputs.
cudaError_t launch_transforms(const TransformTask* tasks, int count, int width, int height,
                              cudaStream_t stream);

// Writes every task's crop; `width` and `height` are the greatest of the crops, before the turn.
cudaError_t launch_crops(const CropTask* tasks, int count, int width, int height,
                         cudaStream_t stream);

// The greatest element of each of `rows` rows of `columns` floats, as numpy.argmax takes it.
cudaError_t launch_row_maxima(const float* values, std::int64_t rows, std::int32_t columns,
                              RowMaximum* maxima, cudaStream_t stream);

// 255 where a value is above the threshold, else 0, as DB wants its bitmap.
cudaError_t launch_threshold(const float* values, std::int64_t count, float threshold,
                             std::uint8_t* bitmap, cudaStream_t stream);

}  // namespace hpinfer::cuda

// CUDA's return values as our errors.
#pragma once

#include <cuda_runtime_api.h>

#include "core/error.h"

namespace hpinfer::cuda {

// Throws Error(kEngine) with CUDA's words; `what` is what was tried.
void check_cuda(cudaError_t status, const char* what);

}  // namespace hpinfer::cuda

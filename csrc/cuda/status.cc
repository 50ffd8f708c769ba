#include "cuda/status.h"

namespace hpinfer::cuda {

void check_cuda(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // an error that is not sticky must not be reported by the next call
  fail(ErrorCode::kEngine, "CUDA: ", what, " failed: ", cudaGetErrorString(status));
}

}  // namespace hpinfer::cuda

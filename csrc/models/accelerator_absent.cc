// A build without WITH_GPU has no kernels for GPUs.
#include "models/accelerator.h"

namespace hpinfer::models {

std::shared_ptr<const Accelerator> accelerator_for(const Session& /*session*/) { return nullptr; }

}  // namespace hpinfer::models

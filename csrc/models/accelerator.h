// What a model does on its session's GPU besides the network.
#pragma once

#include <memory>
#include <vector>

#include "engines/engine.h"
#include "models/transform_batch.h"
#include "postprocess/ctc_max.h"

namespace hpinfer::models {

// Thread-safe. Results are there when a call returns. Throws Error(kEngine).
class Accelerator {
 public:
  virtual ~Accelerator() = default;
  Accelerator(const Accelerator&) = delete;
  Accelerator& operator=(const Accelerator&) = delete;

  // The network's input, on the device: the same bits as TransformPlan::run gives.
  virtual Tensor transform(const TransformBatch& batch) const = 0;

  // The greatest element of each row (the last axis) of a float32 tensor on the device.
  virtual std::vector<postprocess::Maximum> row_maxima(const TensorView& tensor) const = 0;

 protected:
  Accelerator() = default;
};

// Null where there is nothing to do it with: a session on the CPU or on several devices, a build
// without WITH_GPU, no GPU that works (the log then says why).
std::shared_ptr<const Accelerator> accelerator_for(const Session& session);

}  // namespace hpinfer::models

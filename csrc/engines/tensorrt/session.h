// One TensorRT engine and its execution contexts.
#pragma once

#include <memory>

#include "engines/engine.h"
#include "engines/request_pool.h"
#include "engines/tensorrt/execution.h"
#include "engines/tensorrt/library.h"
#include "engines/tensorrt/profiles.h"

namespace hpinfer::tensorrt {

class TensorRtSession final : public Session {
 public:
  // Throws Error: kModelFormat if it is no plan of this TensorRT and GPU, kConfig if output_order
  // does not name the plan's outputs.
  TensorRtSession(std::shared_ptr<const Library> library, std::span<const std::byte> plan,
                  SessionOptions options);

  bool accepts(std::span<const TensorView> inputs) const override;
  void trim() const override { pool_->drop_idle(); }
  SessionUsage usage() const override { return usage_of(*pool_); }

 private:
  void do_run(std::span<const TensorView> inputs, std::span<Tensor> outputs) const override;
  void read_tensors();
  void order_outputs();

  std::shared_ptr<const Library> library_;
  std::shared_ptr<nvinfer1::ICudaEngine> engine_;
  ProfileTable profiles_;
  std::shared_ptr<RequestPool<Execution>> pool_;
};

}  // namespace hpinfer::tensorrt

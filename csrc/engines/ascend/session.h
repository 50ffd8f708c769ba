// A compiled model and its copies on an NPU.
#pragma once

#include <memory>

#include "engines/ascend/loaded_model.h"
#include "engines/engine.h"
#include "engines/request_pool.h"

namespace hpinfer::ascend {

// A copy of the model in a context of its own, for one run at a time: AscendCL keeps the chosen
// shape and the stream of a run with the loaded model, so that runs at the same time need copies.
class Execution {
 public:
  Execution(const Api& api, int device, const ModelFile& file, const ModelMemory& memory,
            void* weights);
  ~Execution();
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;

  const Signature& signature() const noexcept { return model_->signature(); }
  std::vector<Shape> output_shapes(const ShapeSet& set);
  void run(std::span<const TensorView> inputs, std::span<Tensor> outputs,
           const std::shared_ptr<BufferPool>& results);

 private:
  Context context_;
  std::unique_ptr<LoadedModel> model_;
};

class AscendSession final : public Session {
 public:
  // Throws Error: kModelFormat, kUnsupported, kEngine.
  AscendSession(const Api& api, const ModelSource& source, SessionOptions options);

  bool accepts(std::span<const TensorView> inputs) const override;
  void trim() const override;

 private:
  void do_run(std::span<const TensorView> inputs, std::span<Tensor> outputs) const override;
  void read_infos(Execution& execution);

  Signature signature_;
  std::shared_ptr<RequestPool<Execution>> pool_;
  std::shared_ptr<BufferPool> results_;
};

}  // namespace hpinfer::ascend

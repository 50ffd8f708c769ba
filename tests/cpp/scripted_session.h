// A session that does what a test says.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "engines/engine.h"

namespace hpinfer::testing {

class ScriptedSession : public Session {
 public:
  using Script = std::function<void(std::span<const TensorView>, std::span<Tensor>)>;

  ScriptedSession(std::vector<TensorInfo> inputs, std::vector<TensorInfo> outputs, Script script,
                  int streams = 1)
      : script_(std::move(script)) {
    inputs_ = std::move(inputs);
    outputs_ = std::move(outputs);
    options_.num_streams = streams;
  }

 protected:
  void do_run(std::span<const TensorView> inputs, std::span<Tensor> outputs) const override {
    script_(inputs, outputs);
  }

 private:
  Script script_;
};

// Shape and value of a float32 tensor, the same in every place.
inline Tensor filled(const Shape& shape, float value = 0.0F) {
  Tensor tensor = Tensor::allocate(DType::kFloat32, shape);
  for (float& cell : tensor.elements<float>()) cell = value;
  return tensor;
}

}  // namespace hpinfer::testing

// One compiled model and its infer requests.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "engines/engine.h"
#include "engines/onnx_signature.h"
#include "engines/openvino/api.h"
#include "engines/request_pool.h"

namespace hpinfer::openvino {

// An infer request, used by one run at a time.
class InferRequest {
 public:
  InferRequest(const Api& api, const abi::CompiledModel* model);

  // The request reads and writes the caller's memory in place until restore_output or the next
  // set_input of that index.
  void set_input(std::size_t port, const TensorInfo& info, const TensorView& view);
  void set_output(std::size_t port, const TensorView& view);
  // Puts memory of the request's own behind an output again.
  void restore_output(std::size_t port, DType dtype, const Shape& shape);
  void infer();
  // The result in the memory that it was written to.
  TensorView output(std::size_t port, DType dtype) const;

 private:
  const Api& api_;
  Handle<abi::InferRequest> request_;
};

class OpenVinoSession final : public Session {
 public:
  // `signature` names inputs and outputs if the model is ONNX.
  OpenVinoSession(const Api& api, Handle<abi::CompiledModel> model,
                  const std::optional<OnnxSignature>& signature, SessionOptions options);

  void trim() const override;
  SessionUsage usage() const override { return usage_of(*pool_); }

 private:
  using Pool = RequestPool<InferRequest>;

  void do_run(std::span<const TensorView> inputs, std::span<Tensor> outputs) const override;
  void infer(Pool::Run& run, std::span<const TensorView> inputs, std::span<Tensor> outputs) const;
  void collect(Pool::Run& run, std::span<Tensor> outputs) const;
  void check_given_outputs(std::span<const TensorView> inputs, std::span<Tensor> outputs) const;

  void read_inputs(const std::optional<OnnxSignature>& signature);
  void read_outputs(const std::optional<OnnxSignature>& signature);
  void warn_of_narrowing() const;
  void check_range(const TensorInfo& info, const TensorView& view) const;

  const Api& api_;
  std::shared_ptr<abi::CompiledModel> model_;
  // OpenVINO's port of each input; nullopt for an input that no node uses.
  std::vector<std::optional<std::size_t>> input_ports_;
  // Outputs that are an input passed on. Releases before 2026 take such an output for the input
  // when it is set or read, so these are copied and never set.
  std::vector<bool> passed_on_;
  std::vector<Shape> smallest_outputs_;  // each output's shape with every dimension at its minimum
  std::shared_ptr<Pool> pool_;
};

}  // namespace hpinfer::openvino

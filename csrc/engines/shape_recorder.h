// Notes the shapes that a session is run with, to build an engine for them later.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>

#include "engines/engine.h"

namespace hpinfer {

// The shapes of all inputs of a run, in graph order, and how many runs had them.
struct RecordedShapes {
  std::vector<Shape> shapes;
  std::uint64_t runs = 0;
};

// Passes every run on. Thread-safe.
class ShapeRecorder final : public Session {
 public:
  explicit ShapeRecorder(std::shared_ptr<const Session> session);

  // In the order in which they first came.
  std::vector<RecordedShapes> recorded() const;

  bool accepts(std::span<const TensorView> inputs) const override {
    return session_->accepts(inputs);
  }
  std::vector<std::string> notes() const override { return session_->notes(); }
  void trim() const override { session_->trim(); }

 private:
  void do_run(std::span<const TensorView> inputs, std::span<Tensor> outputs) const override;
  void do_run_on_device(std::span<const TensorView> inputs,
                        std::span<Tensor> outputs) const override;
  bool takes_memory_of(Device device) const override { return session_->takes(device); }
  void record(std::span<const TensorView> inputs) const;

  const std::shared_ptr<const Session> session_;
  mutable std::mutex mutex_;
  mutable std::vector<RecordedShapes> recorded_;
};

}  // namespace hpinfer

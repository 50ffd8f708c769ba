#include "engines/shape_recorder.h"

#include <algorithm>
#include <utility>

namespace hpinfer {

ShapeRecorder::ShapeRecorder(std::shared_ptr<const Session> session)
    : session_(std::move(session)) {
  inputs_ = session_->inputs();
  outputs_ = session_->outputs();
  options_ = session_->options();
}

std::vector<RecordedShapes> ShapeRecorder::recorded() const {
  const std::lock_guard lock(mutex_);
  return recorded_;
}

void ShapeRecorder::do_run(std::span<const TensorView> inputs, std::span<Tensor> outputs) const {
  session_->run(inputs, outputs);
  record(inputs);
}

void ShapeRecorder::do_run_on_device(std::span<const TensorView> inputs,
                                     std::span<Tensor> outputs) const {
  session_->run_on_device(inputs, outputs);
  record(inputs);
}

void ShapeRecorder::record(std::span<const TensorView> inputs) const {
  std::vector<Shape> shapes;
  for (const TensorView& view : inputs) shapes.push_back(view.shape);
  const std::lock_guard lock(mutex_);
  const auto found =
      std::find_if(recorded_.begin(), recorded_.end(),
                   [&](const RecordedShapes& entry) { return entry.shapes == shapes; });
  if (found == recorded_.end())
    recorded_.push_back({std::move(shapes), 1});
  else
    ++found->runs;
}

}  // namespace hpinfer

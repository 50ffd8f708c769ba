#include "engines/routed_session.h"

#include <algorithm>
#include <utility>

namespace hpinfer {
namespace {

// Sets of shapes that are remembered as told; beyond it every further set is told again.
constexpr std::size_t kMaxTold = 256;

void check_same(std::string_view role, const std::vector<TensorInfo>& main,
                const std::vector<TensorInfo>& other) {
  const bool same = std::equal(main.begin(), main.end(), other.begin(), other.end(),
                               [](const TensorInfo& a, const TensorInfo& b) {
                                 return a.name == b.name && a.dtype == b.dtype;
                               });
  const auto text = [](const std::vector<TensorInfo>& infos) {
    std::string list;
    for (const TensorInfo& info : infos)
      list += (list.empty() ? "" : ", ") + info.name + " " + std::string(dtype_name(info.dtype));
    return list;
  };
  check(same, ErrorCode::kEngine, "the two engines of one model disagree about its ", role, ": ",
        text(main), " and ", text(other));
}

}  // namespace

RoutedSession::RoutedSession(std::shared_ptr<const Session> main,
                             std::shared_ptr<const Session> other, OtherRole role,
                             RefusedShapes refused)
    : other_(std::move(other)), role_(role), refused_(std::move(refused)) {
  const Session* first = other_ != nullptr ? other_.get() : main.get();
  check(first != nullptr, ErrorCode::kInternal, "a routed session needs a session");
  inputs_ = first->inputs();
  outputs_ = first->outputs();
  options_ = first->options();
  if (main) set_main(std::move(main));
}

void RoutedSession::set_main(std::shared_ptr<const Session> main) {
  check_same("inputs", main->inputs(), inputs_);
  check_same("outputs", main->outputs(), outputs_);
  const std::lock_guard lock(mutex_);
  main_ = std::move(main);
  told_.clear();  // it may take other shapes than the one before
}

std::shared_ptr<const Session> RoutedSession::main_session() const {
  const std::lock_guard lock(mutex_);
  return main_;
}

bool RoutedSession::accepts(std::span<const TensorView> inputs) const {
  const auto main = main_session();
  const bool main_only = !other_ || (main && role_ == OtherRole::kUntilMain);
  return main_only ? main->accepts(inputs) : other_->accepts(inputs);
}

bool RoutedSession::takes_memory_of(Device device) const {
  const auto main = main_session();
  return (!main || main->takes(device)) && (!other_ || other_->takes(device));
}

std::vector<std::string> RoutedSession::notes() const {
  const auto main = main_session();
  return main ? main->notes() : other_->notes();
}

void RoutedSession::do_run(std::span<const TensorView> inputs, std::span<Tensor> outputs) const {
  run_one(inputs, outputs, &Session::run);
}

void RoutedSession::do_run_on_device(std::span<const TensorView> inputs,
                                     std::span<Tensor> outputs) const {
  run_one(inputs, outputs, &Session::run_on_device);
}

void RoutedSession::run_one(std::span<const TensorView> inputs, std::span<Tensor> outputs,
                            Run how) const {
  const std::shared_ptr<const Session> main = main_session();
  const bool taken = main && main->accepts(inputs);
  if (main && !taken) tell_refused(inputs);
  if (taken || !other_ || (main && role_ == OtherRole::kUntilMain)) {
    (*main.*how)(inputs, outputs);
    main_runs_.fetch_add(1);
    return;
  }
  (*other_.*how)(inputs, outputs);
  other_runs_.fetch_add(1);
}

void RoutedSession::tell_refused(std::span<const TensorView> inputs) const {
  if (!refused_) return;
  std::vector<Shape> shapes;
  for (const TensorView& view : inputs) shapes.push_back(view.shape);
  {
    const std::lock_guard lock(mutex_);
    if (std::find(told_.begin(), told_.end(), shapes) != told_.end()) return;
    if (told_.size() < kMaxTold) told_.push_back(shapes);
  }
  refused_(shapes);
}

void RoutedSession::trim() const {
  if (const auto main = main_session()) main->trim();
  if (other_) other_->trim();
}

}  // namespace hpinfer

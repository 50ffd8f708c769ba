#include "engines/replicated_session.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace hpinfer {
namespace {

bool same_infos(const std::vector<TensorInfo>& a, const std::vector<TensorInfo>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const TensorInfo& left, const TensorInfo& right) {
                      return left.name == right.name && left.dtype == right.dtype;
                    });
}

}  // namespace

// A run in progress on one of the replicas.
class ReplicatedSession::Place {
 public:
  Place(const ReplicatedSession& session, std::size_t index) : session_(session), index_(index) {}
  ~Place() {
    const std::lock_guard lock(session_.mutex_);
    --session_.loads_[index_].in_progress;
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  const ReplicatedSession& session_;
  const std::size_t index_;
};

ReplicatedSession::ReplicatedSession(std::vector<std::shared_ptr<const Session>> replicas)
    : replicas_(std::move(replicas)), loads_(replicas_.size()) {
  check(!replicas_.empty(), ErrorCode::kInternal, "a replicated session needs a replica");
  const Session& first = *replicas_.front();
  for (const auto& replica : replicas_)
    check(same_infos(first.inputs(), replica->inputs()) &&
              same_infos(first.outputs(), replica->outputs()),
          ErrorCode::kEngine, "the replicas of a model disagree about its inputs or outputs");
  inputs_ = first.inputs();
  outputs_ = first.outputs();
  options_ = first.options();
  options_.num_streams = 0;
  options_.num_threads = 0;
  for (const auto& replica : replicas_) {
    options_.num_streams += replica->options().num_streams;
    options_.num_threads += replica->options().num_threads;
  }
}

std::vector<std::uint64_t> ReplicatedSession::runs() const {
  std::vector<std::uint64_t> counts;
  const std::lock_guard lock(mutex_);
  for (const Load& load : loads_) counts.push_back(load.runs);
  return counts;
}

bool ReplicatedSession::accepts(std::span<const TensorView> inputs) const {
  return replicas_.front()->accepts(inputs);
}

std::vector<std::string> ReplicatedSession::notes() const {
  std::string devices;
  for (const auto& replica : replicas_)
    devices += (devices.empty() ? "" : ", ") + to_string(replica->options().device);
  std::vector<std::string> notes{"one session on each of " + devices +
                                 "; a run goes to the one with the fewest in progress"};
  for (const auto& replica : replicas_)
    for (std::string& note : replica->notes())
      if (std::find(notes.begin(), notes.end(), note) == notes.end())
        notes.push_back(std::move(note));
  return notes;
}

void ReplicatedSession::trim() const {
  for (const auto& replica : replicas_) replica->trim();
}

bool ReplicatedSession::takes_memory_of(Device device) const {
  return std::any_of(replicas_.begin(), replicas_.end(),
                     [&](const auto& replica) { return replica->takes(device); });
}

void ReplicatedSession::do_run(std::span<const TensorView> inputs,
                               std::span<Tensor> outputs) const {
  run_one(inputs, outputs, &Session::run);
}

void ReplicatedSession::do_run_on_device(std::span<const TensorView> inputs,
                                         std::span<Tensor> outputs) const {
  run_one(inputs, outputs, &Session::run_on_device);
}

void ReplicatedSession::run_one(std::span<const TensorView> inputs, std::span<Tensor> outputs,
                                Run how) const {
  const std::size_t index = take(inputs, outputs);
  const Place place(*this, index);
  (*replicas_[index].*how)(inputs, outputs);
}

// The replica for a run, counted as in progress there.
std::size_t ReplicatedSession::take(std::span<const TensorView> inputs,
                                    std::span<const Tensor> outputs) const {
  const auto takes_all = [&](const Session& replica) {
    return std::all_of(inputs.begin(), inputs.end(),
                       [&](const TensorView& view) { return replica.takes(view.device); }) &&
           std::all_of(outputs.begin(), outputs.end(), [&](const Tensor& output) {
             return output.empty() || replica.takes(output.view().device);
           });
  };
  const std::lock_guard lock(mutex_);
  const std::size_t first = turn_++;
  std::size_t best = replicas_.size();
  for (std::size_t k = 0; k < replicas_.size(); ++k) {
    const std::size_t i = (first + k) % replicas_.size();
    const bool freer = best == replicas_.size() || loads_[i].in_progress < loads_[best].in_progress;
    if (freer && takes_all(*replicas_[i])) best = i;
  }
  check(best < replicas_.size(), ErrorCode::kInvalidInput,
        "inputs and outputs of one run lie on several devices: put them on one");
  ++loads_[best].in_progress;
  ++loads_[best].runs;
  return best;
}

}  // namespace hpinfer

// One model on several devices behind one session.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "engines/engine.h"

namespace hpinfer {

// A run goes to the replica with the fewest runs in progress, of equals to the next in turn; one
// whose inputs or outputs lie on a device goes to the replica there.
class ReplicatedSession final : public Session {
 public:
  // At least one replica; all of the same model (kEngine otherwise). The options are those of the
  // first, with the streams and threads of all.
  explicit ReplicatedSession(std::vector<std::shared_ptr<const Session>> replicas);

  int replicas() const override { return static_cast<int>(replicas_.size()); }
  // Runs so far on each replica.
  std::vector<std::uint64_t> runs() const;

  bool accepts(std::span<const TensorView> inputs) const override;
  std::vector<std::string> notes() const override;
  void trim() const override;

 private:
  struct Load {
    int in_progress = 0;
    std::uint64_t runs = 0;
  };
  class Place;
  using Run = void (Session::*)(std::span<const TensorView>, std::span<Tensor>) const;

  void do_run(std::span<const TensorView> inputs, std::span<Tensor> outputs) const override;
  void do_run_on_device(std::span<const TensorView> inputs,
                        std::span<Tensor> outputs) const override;
  bool takes_memory_of(Device device) const override;
  void run_one(std::span<const TensorView> inputs, std::span<Tensor> outputs, Run how) const;
  std::size_t take(std::span<const TensorView> inputs, std::span<const Tensor> outputs) const;

  const std::vector<std::shared_ptr<const Session>> replicas_;
  mutable std::mutex mutex_;
  mutable std::vector<Load> loads_;
  mutable std::size_t turn_ = 0;
};

}  // namespace hpinfer

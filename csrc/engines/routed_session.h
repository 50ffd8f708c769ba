// A model on two engines: one that may not be ready yet or not take every shape, and one that does.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

#include "engines/engine.h"

namespace hpinfer {

// What is told of inputs that the main session does not take: once for each new set of shapes.
// Called in the thread of a run; it must not throw and must not run the session.
using RefusedShapes = std::function<void(const std::vector<Shape>&)>;

// What the other session is for.
enum class OtherRole {
  kUntilMain,  // only until there is a main session; that one then says what it does not take
  kAlways,     // also for the shapes that the main session does not take
};

// Runs on `main` where that is there, else on `other`.
class RoutedSession final : public Session {
 public:
  // Either may be null, not both. Inputs and outputs must be the same: names, dtypes, order
  // (kEngine otherwise). The infos are those of `other` where it is there: it takes more.
  RoutedSession(std::shared_ptr<const Session> main, std::shared_ptr<const Session> other,
                OtherRole role, RefusedShapes refused);

  // Replaces the main session; runs in progress end on the old one.
  void set_main(std::shared_ptr<const Session> main);
  bool has_main() const { return main_session() != nullptr; }

  // Runs so far on the main session and on the other one.
  std::uint64_t main_runs() const noexcept { return main_runs_.load(); }
  std::uint64_t other_runs() const noexcept { return other_runs_.load(); }

  bool accepts(std::span<const TensorView> inputs) const override;
  std::vector<std::string> notes() const override;
  void trim() const override;

 private:
  void do_run(std::span<const TensorView> inputs, std::span<Tensor> outputs) const override;
  void do_run_on_device(std::span<const TensorView> inputs,
                        std::span<Tensor> outputs) const override;
  // Both must, since which one runs may change at any time.
  bool takes_memory_of(Device device) const override;
  using Run = void (Session::*)(std::span<const TensorView>, std::span<Tensor>) const;
  void run_one(std::span<const TensorView> inputs, std::span<Tensor> outputs, Run how) const;
  std::shared_ptr<const Session> main_session() const;
  void tell_refused(std::span<const TensorView> inputs) const;

  mutable std::mutex mutex_;
  std::shared_ptr<const Session> main_;
  const std::shared_ptr<const Session> other_;
  const OtherRole role_;
  const RefusedShapes refused_;
  mutable std::vector<std::vector<Shape>> told_;
  mutable std::atomic<std::uint64_t> main_runs_{0};
  mutable std::atomic<std::uint64_t> other_runs_{0};
};

}  // namespace hpinfer

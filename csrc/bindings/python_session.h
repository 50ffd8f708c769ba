// A session whose inference is a Python callable, so that an engine that is reached only through
// Python (Paddle Inference) runs every native model class.
#pragma once

#include <pybind11/pybind11.h>

#include <vector>

#include "engines/engine.h"

namespace hpinfer::bindings {

// Thread-safe if the callable is: do_run takes the GIL on whatever thread it is called, so callers
// must not hold a lock that a thread with the GIL waits for. May be destroyed on any thread.
//
// `run` takes a list of read-only arrays, which it must not keep (they show the caller's memory
// and are only valid during the call), and returns one array for each output, which it must not
// keep either. `trim` takes nothing; None if there is nothing to give back.
//
// An exception of `run` that is one of hpinfer.errors keeps its class; every other Exception is
// kEngine with its text. What is no Exception (KeyboardInterrupt) passes through as it is.
class PythonSession final : public Session {
 public:
  // Needs the GIL. `trim` may be None.
  PythonSession(std::vector<TensorInfo> inputs, std::vector<TensorInfo> outputs,
                pybind11::function run, pybind11::object trim, const SessionOptions& options);
  ~PythonSession() override;

  void trim() const override;

 private:
  void do_run(std::span<const TensorView> inputs, std::span<Tensor> outputs) const override;
  bool takes_memory_of(Device device) const override { return device.type == DeviceType::kCpu; }
  bool is_of_host(const std::exception& error) const noexcept override;
  void take_results(const pybind11::object& results, std::span<const TensorView> inputs,
                    std::span<Tensor> outputs) const;

  pybind11::function run_;
  pybind11::object trim_;
};

}  // namespace hpinfer::bindings

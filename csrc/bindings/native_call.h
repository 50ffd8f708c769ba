// The frame of a native call that may take long.
#pragma once

#include <pybind11/pybind11.h>

#include "core/cancellation.h"

namespace hpinfer::bindings {

// Releases the GIL while it lives, and lets a signal handler of Python (Ctrl-C) end the call where
// it can stop (core/cancellation.h). Handlers run in the main thread alone, so only its calls ask.
class NativeCall {
 public:
  NativeCall();

 private:
  Cancellation cancellation_;
  const Cancellation::Scope scope_;
  const pybind11::gil_scoped_release unlocked_;
};

}  // namespace hpinfer::bindings

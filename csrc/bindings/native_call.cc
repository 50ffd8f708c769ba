#include "bindings/native_call.h"

#include <sys/syscall.h>
#include <unistd.h>

namespace py = pybind11;

namespace hpinfer::bindings {
namespace {

void run_signal_handlers() {
  const py::gil_scoped_acquire locked;
  if (PyErr_CheckSignals() != 0) throw py::error_already_set();
}

bool is_main_thread() { return syscall(SYS_gettid) == static_cast<long>(getpid()); }

}  // namespace

NativeCall::NativeCall()
    : cancellation_(is_main_thread() ? &run_signal_handlers : nullptr), scope_(&cancellation_) {}

}  // namespace hpinfer::bindings

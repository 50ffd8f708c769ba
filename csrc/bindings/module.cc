// The extension module hpinfer._native: conversion between Python and the native library, nothing
// else. One register_<family>.cc each.
#include <pybind11/pybind11.h>

#include <new>
#include <stdexcept>
#include <system_error>

#include "bindings/device_array.h"
#include "core/build.h"
#include "core/error.h"

namespace py = pybind11;

namespace hpinfer::bindings {

void register_compilation(py::module_& m);
void register_core(py::module_& m);
void register_detection(py::module_& m);
void register_formula(py::module_& m);
void register_models(py::module_& m);
void register_postprocess(py::module_& m);
void register_regions(py::module_& m);
void register_session(py::module_& m);
void register_stats(py::module_& m);
void register_table(py::module_& m);
void register_unwarping(py::module_& m);
void register_vision(py::module_& m);

namespace {

// Raises the class that hpinfer.errors.ERROR_CLASSES lists for the code.
void raise_as_python(ErrorCode code, const char* message) {
  const py::object classes = py::module_::import("hpinfer.errors").attr("ERROR_CLASSES");
  const py::object type = classes[py::str(std::string(error_code_name(code)))];
  PyErr_SetString(type.ptr(), message);
}

// What the standard library throws where the system gives nothing more. Python may be out of memory
// as well: then its own MemoryError stays.
void raise_out_of_memory() {
  try {
    raise_as_python(ErrorCode::kOutOfMemory,
                    "memory ran out: take smaller or fewer pictures at a time, or give the process "
                    "more memory");
  } catch (py::error_already_set& error) {
    error.restore();
  }
}

}  // namespace
}  // namespace hpinfer::bindings

// Free-threaded Python keeps its threads free: what outlives a call is immutable, or under a lock
// of its own (the lists of sessions and engines, pools, the log sink).
PYBIND11_MODULE(_native, m, py::mod_gil_not_used()) {
  namespace bindings = hpinfer::bindings;
  m.doc() = "Native part of hpinfer. Private: use the classes of the hpinfer package.";
  m.attr("__version__") = std::string(hpinfer::build_info().version);
  py::register_local_exception_translator([](std::exception_ptr pointer) {
    try {
      if (pointer) std::rethrow_exception(pointer);
    } catch (const hpinfer::Error& error) {
      bindings::raise_as_python(error.code(), error.what());
    } catch (const std::bad_alloc&) {
      bindings::raise_out_of_memory();
    } catch (const std::length_error&) {  // a container beyond what can be addressed
      bindings::raise_out_of_memory();
    } catch (const std::system_error& error) {
      bindings::raise_as_python(hpinfer::ErrorCode::kInternal, error.what());
    }
  });
  bindings::register_core(m);
  bindings::register_postprocess(m);
  bindings::register_device_array(m);
  bindings::register_session(m);
  bindings::register_stats(m);
  bindings::register_compilation(m);
  bindings::register_formula(m);
  bindings::register_models(m);
  bindings::register_detection(m);
  bindings::register_regions(m);
  bindings::register_table(m);
  bindings::register_unwarping(m);
  bindings::register_vision(m);
}

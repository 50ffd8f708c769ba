#include "bindings/foreign_call.h"

#include <cxxabi.h>
#include <pybind11/pybind11.h>

#include <new>

#include "core/error.h"

namespace hpinfer::bindings {

bool call_without_gil(std::uintptr_t function, std::uintptr_t object) {
  check(function != 0 && object != 0, ErrorCode::kInvalidInput, "an address to call is 0");
  const auto call = reinterpret_cast<bool (*)(void*)>(function);
  const pybind11::gil_scoped_release unlocked;
  try {
    return call(reinterpret_cast<void*>(object));
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    fail(ErrorCode::kEngine, error.what());
  } catch (abi::__forced_unwind&) {
    throw;  // the thread is being ended
  } catch (...) {
    fail(ErrorCode::kEngine, "an exception that says nothing");
  }
}

}  // namespace hpinfer::bindings

// The function table with our error handling and ownership around it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/dynamic_library.h"
#include "core/error.h"
#include "onnxruntime/ort_abi.h"

namespace hpinfer::ort {

// An object of the library, freed by its own Release function.
template <typename T>
using Handle = std::unique_ptr<T, void (*)(T*)>;

// What a call reported: ONNX Runtime's code and its words, on one line.
struct Failure {
  abi::ErrorCode code;
  std::string message;
};

namespace detail {
template <typename T>
T release_target(void (*)(T*));
}  // namespace detail

// The loaded library with the process's one environment. Thread-safe; never destroyed while a
// session lives. Throws Error(kEngineUnavailable) for a library that is not ONNX Runtime 1.19 or
// later.
class Api {
 public:
  explicit Api(const DynamicLibrary& library);

  const std::string& version() const noexcept { return version_; }
  const abi::Env* env() const noexcept { return env_; }
  abi::Allocator* default_allocator() const noexcept { return allocator_; }
  const abi::MemoryInfo* cpu_memory() const noexcept { return cpu_memory_; }
  std::vector<std::string> available_providers() const;

  // Calls a function that returns a status; its failure, if any.
  template <typename Function, typename... Args>
  std::optional<Failure> try_call(Args... args) const {
    return take_failure(function<Function>()(args...));
  }

  // The same; a failure is thrown as Error(kEngine).
  template <typename Function, typename... Args>
  void call(Args... args) const {
    if (auto failure = try_call<Function>(args...))
      fail(ErrorCode::kEngine, "ONNX Runtime ", Function::kName, ": ", failure->message);
  }

  // Calls a function whose last argument receives a new object. Throws like call().
  template <typename Create, typename Release, typename... Args>
  auto create(Args... args) const {
    using T = decltype(detail::release_target(typename Release::Pointer{}));
    return create_typed<T, Create, Release>(args...);
  }

  // The function itself, or null where the library is too old for it.
  template <typename Function>
  typename Function::Pointer find() const noexcept {
    return table_.find<Function>();
  }

  template <typename Release, typename T>
  Handle<T> own(T* object) const {
    return Handle<T>(object, function<Release>());
  }

 private:
  template <typename Function>
  typename Function::Pointer function() const {
    const auto pointer = table_.find<Function>();
    check(pointer != nullptr, ErrorCode::kUnsupported, "ONNX Runtime ", version_, " has no ",
          Function::kName, "; install a newer release");
    return pointer;
  }

  template <typename T, typename Create, typename Release, typename... Args>
  Handle<T> create_typed(Args... args) const {
    T* object = nullptr;
    call<Create>(args..., &object);
    return own<Release>(object);
  }

  std::optional<Failure> take_failure(abi::Status* status) const;

  std::string version_;
  abi::Table table_;
  abi::Env* env_ = nullptr;
  abi::Allocator* allocator_ = nullptr;
  const abi::MemoryInfo* cpu_memory_ = nullptr;
};

// Sends the library's messages to core/log.
void forward_log(void* user, abi::LoggingLevel severity, const char* category, const char* log_id,
                 const char* location, const char* message);

// The library's level for the messages that core/log lets through.
abi::LoggingLevel logging_level() noexcept;

// The text on one line: line breaks and runs of blanks become one blank.
std::string one_line(std::string_view text);

}  // namespace hpinfer::ort

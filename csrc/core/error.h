// Errors: one exception type with a code. The binding layer maps each code to a Python class.
#pragma once

#include <exception>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

namespace hpinfer {

enum class ErrorCode {
  kInvalidInput,       // wrong shape, rank, name, range
  kInvalidType,        // wrong element type
  kModelNotFound,      // the model file does not exist
  kModelFormat,        // the model file is corrupted or of an unsupported kind
  kEngineUnavailable,  // the engine library is missing or cannot be loaded
  kEngine,             // the engine reported a failure
  kConfig,             // an option is unknown, malformed or without effect
  kUnsupported,        // valid, but not on this build, engine or device
  kCancelled,          // stopped because the caller asked for it
  kTimeLimit,          // took longer than the caller allows
  kOutOfMemory,        // memory that was needed cannot be had
  kInternal,           // broken invariant
};

// Stable lower-case name of a code, e.g. "invalid_input"; keys of hpinfer.errors.ERROR_CLASSES.
std::string_view error_code_name(ErrorCode code) noexcept;

// The only exception type thrown by hpinfer's native code. The message is one line that says what
// was expected, what came and what to do.
class Error : public std::exception {
 public:
  Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}
  ErrorCode code() const noexcept { return code_; }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  ErrorCode code_;
  std::string message_;
};

// Throws Error with the arguments streamed into one message.
template <typename... Args>
[[noreturn]] void fail(ErrorCode code, const Args&... args) {
  std::ostringstream out;
  (out << ... << args);
  throw Error(code, std::move(out).str());
}

// Throws unless the condition holds. The message is only built on failure.
template <typename... Args>
void check(bool condition, ErrorCode code, const Args&... args) {
  if (!condition) [[unlikely]]
    fail(code, args...);
}

}  // namespace hpinfer

// A loaded libascendcl: its functions, its start and end, its errors as ours.
#pragma once

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "ascend/acl_abi.h"
#include "core/dtype.h"
#include "core/dynamic_library.h"

namespace hpinfer::ascend {

namespace abi = ascendcl;

// Thread-safe. Lives until the process ends.
class Api : public abi::Functions {
 public:
  // Throws Error(kEngineUnavailable) if it is not AscendCL.
  explicit Api(const DynamicLibrary& library);

  const std::filesystem::path& library() const noexcept { return library_; }
  const std::string& version() const noexcept { return version_; }

  // Throws Error(code) with `what` failed and AscendCL's words unless the status is success.
  void check_status(abi::Error status, std::string_view what,
                    ErrorCode code = ErrorCode::kEngine) const {
    if (status != abi::kSuccess) [[unlikely]]
      fail_status(status, what, code);
  }
  // The same for functions that make an object.
  template <typename T>
  T* check_made(T* object, std::string_view what) const {
    if (object == nullptr) [[unlikely]]
      fail_status(abi::kBadAlloc, what, ErrorCode::kEngine);
    return object;
  }
  // For cleaning up: a failure is logged, since nobody could do anything about it.
  void ignore_status(abi::Error status, std::string_view what) const noexcept;

  // Starts AscendCL in this process unless somebody has. Throws Error(kEngineUnavailable).
  void start() const;
  // Ends it if it was started here and no device is in use.
  void finish() const noexcept;
  // How many devices there are; `reason` says why there are none.
  int device_count(std::string* reason = nullptr) const;

  // Devices in use keep AscendCL started.
  void begin_use() const;
  void end_use() const noexcept;

 private:
  enum class State { kNotStarted, kStartedHere, kStartedByOthers };

  [[noreturn]] void fail_status(abi::Error status, std::string_view what, ErrorCode code) const;
  std::string error_text(abi::Error status) const;

  std::filesystem::path library_;
  std::string version_;
  mutable std::mutex mutex_;
  mutable State state_ = State::kNotStarted;
  mutable int users_ = 0;
};

// nullopt for a type that hpinfer does not have.
std::optional<DType> to_dtype(abi::DataType type) noexcept;
abi::DataType from_dtype(DType dtype);

}  // namespace hpinfer::ascend

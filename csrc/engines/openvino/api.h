// A loaded libopenvino_c: its functions, owners for its objects, its errors as ours.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/dtype.h"
#include "core/dynamic_library.h"
#include "core/shape.h"
#include "openvino/openvino_c_abi.h"

namespace hpinfer::openvino {

namespace abi = openvino_c;

// Owner of one OpenVINO object.
template <typename T>
using Handle = std::unique_ptr<T, void (*)(T*)>;

struct Release {
  int year = 0;
  int number = 0;

  friend auto operator<=>(const Release&, const Release&) = default;
};

// Thread-safe. Lives until the process ends: OpenVINO's own globals are destroyed before ours.
class Api : public abi::Functions {
 public:
  // Throws Error(kEngineUnavailable) if the library is older than 2024.6 or not OpenVINO.
  explicit Api(const DynamicLibrary& library);

  const std::string& version() const noexcept { return version_; }
  const std::filesystem::path& library() const noexcept { return library_; }

  // Throws Error(code) with `what` failed and OpenVINO's words unless the status is success.
  void check_status(abi::Status status, ErrorCode code, std::string_view what) const {
    if (status != abi::kOk) [[unlikely]]
      fail_status(status, code, what);
  }
  // OpenVINO's words for the last failure, on one line.
  std::string error_text(abi::Status status) const;

  abi::ElementType element_type(DType dtype) const;
  std::optional<DType> dtype(abi::ElementType type) const noexcept;

  // For messages, also of types that hpinfer does not support.
  std::string type_name(abi::ElementType type) const;

  Handle<abi::Core> create_core(ErrorCode code) const;
  Handle<abi::Tensor> allocate_tensor(DType dtype, const hpinfer::Shape& shape) const;
  // A tensor over memory of the caller; null is allowed when the shape has no elements.
  Handle<abi::Tensor> wrap_tensor(DType dtype, const hpinfer::Shape& shape, void* data) const;
  hpinfer::Shape tensor_shape(const abi::Tensor* tensor) const;
  // Takes a string that the library allocated.
  std::string take_string(char* text) const;

  // Frees the memory of intermediate results; waits for runs in flight. False if it cannot.
  bool release_memory(abi::CompiledModel* model) const noexcept;

 private:
  [[noreturn]] void fail_status(abi::Status status, ErrorCode code, std::string_view what) const;
  void read_version(const DynamicLibrary& library);
  void probe_element_types();

  std::filesystem::path library_;
  std::string version_;
  Release release_;
  int element_shift_ = 0;
  abi::ReleaseMemory* release_memory_ = nullptr;
};

}  // namespace hpinfer::openvino

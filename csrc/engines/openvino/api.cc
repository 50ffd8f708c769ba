#include "engines/openvino/api.h"

#include <cstdio>
#include <sstream>

#include "engines/engine.h"

namespace hpinfer::openvino {
namespace {

constexpr Release kOldest{2024, 6};
// Releases up to this year are known to keep the object behind a compiled model where
// release_memory() needs it.
constexpr int kNewestYear = 2026;

struct ElementCode {
  DType dtype;
  abi::ElementType code;  // since 2025; one more before
};

constexpr std::array<ElementCode, 8> kElementCodes{{{DType::kBool, 1},
                                                    {DType::kFloat16, 3},
                                                    {DType::kFloat32, 4},
                                                    {DType::kFloat64, 5},
                                                    {DType::kInt8, 7},
                                                    {DType::kInt32, 9},
                                                    {DType::kInt64, 10},
                                                    {DType::kUInt8, 16}}};

// OpenVINO's messages name its own source files, a line for each level of the call; what is of
// use is the rest, on one line.
std::string one_line(const std::string& text) {
  std::istringstream lines(text);
  std::string result;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t begin = line.find_first_not_of(" \t\r");
    if (begin == std::string::npos || line.starts_with("Exception from ")) continue;
    line = line.substr(begin, line.find_last_not_of(" \t\r") - begin + 1);
    result += (result.empty() ? "" : "; ") + line;
  }
  return result;
}

}  // namespace

Api::Api(const DynamicLibrary& library) : library_(library.path()) {
  read_version(library);
#define HPINFER_RESOLVE(name, result, arguments) \
  name = reinterpret_cast<decltype(name)>(library.symbol(#name));
  OPENVINO_C_REQUIRED(HPINFER_RESOLVE)
#undef HPINFER_RESOLVE
#define HPINFER_FIND(name, result, arguments) \
  name = reinterpret_cast<decltype(name)>(library.find_symbol(#name));
  OPENVINO_C_OPTIONAL(HPINFER_FIND)
#undef HPINFER_FIND
  if (release_.year <= kNewestYear)
    release_memory_ =
        reinterpret_cast<abi::ReleaseMemory*>(library.find_symbol(abi::kReleaseMemorySymbol));
  probe_element_types();
}

// Before anything else is resolved: an old release lacks functions, and its version is the better
// message.
void Api::read_version(const DynamicLibrary& library) {
  const auto get = library.function<abi::Status(abi::Version*)>("ov_get_openvino_version");
  const auto release = library.function<void(abi::Version*)>("ov_version_free");
  abi::Version raw{};
  check(get(&raw) == abi::kOk && raw.build_number != nullptr, ErrorCode::kEngineUnavailable,
        library_.string(), " does not tell its version");
  const std::string build = raw.build_number;
  release(&raw);
  check(std::sscanf(build.c_str(), "%d.%d", &release_.year, &release_.number) == 2 &&
            release_ >= kOldest,
        ErrorCode::kEngineUnavailable, library_.string(), " is OpenVINO ", build,
        "; hpinfer needs 2024.6 or later: upgrade the package 'openvino'");
  version_ = build.substr(0, build.find('-'));
}

void Api::probe_element_types() {
  const auto bytes_of = [this](abi::ElementType type) -> std::size_t {
    abi::Tensor* raw = nullptr;
    std::int64_t one = 1;
    if (ov_tensor_create(type, {1, &one}, &raw) != abi::kOk) return 0;
    const Handle<abi::Tensor> tensor(raw, ov_tensor_free);
    std::size_t bytes = 0;
    return ov_tensor_get_byte_size(raw, &bytes) == abi::kOk ? bytes : 0;
  };
  // The code of float32 today was that of float16 before 2025.
  element_shift_ = bytes_of(4) == dtype_size(DType::kFloat16) ? 1 : 0;
  for (const ElementCode& entry : kElementCodes)
    check(bytes_of(element_type(entry.dtype)) == dtype_size(entry.dtype),
          ErrorCode::kEngineUnavailable, library_.string(), " (OpenVINO ", version_,
          ") numbers its element types in a way that hpinfer does not know: install a release "
          "that hpinfer supports");
}

std::string Api::error_text(abi::Status status) const {
  // The library keeps one last message for all threads, so two failures at the same moment may
  // show each other's words; the status is always the caller's own.
  const bool has_words = status > abi::kBadArgument || status == abi::kUnknownException;
  const char* message =
      has_words && ov_get_last_err_msg != nullptr ? ov_get_last_err_msg() : nullptr;
  std::string text;
  if (message != nullptr) {
    text = one_line(message);
    ov_free(message);
  }
  if (!text.empty()) return text;
  const char* info = ov_get_error_info(status);
  return info != nullptr ? info : "status " + std::to_string(status);
}

void Api::fail_status(abi::Status status, ErrorCode code, std::string_view what) const {
  const std::string text = error_text(status);
  fail(failure_code(text, code), what, ": OpenVINO says: ", text);
}

abi::ElementType Api::element_type(DType dtype) const {
  for (const ElementCode& entry : kElementCodes)
    if (entry.dtype == dtype) return entry.code + element_shift_;
  fail(ErrorCode::kInternal, "dtype ", dtype_name(dtype), " has no OpenVINO code");
}

std::optional<DType> Api::dtype(abi::ElementType type) const noexcept {
  for (const ElementCode& entry : kElementCodes)
    if (entry.code + element_shift_ == type) return entry.dtype;
  return std::nullopt;
}

std::string Api::type_name(abi::ElementType type) const {
  if (const auto known = dtype(type)) return std::string(dtype_name(*known));
  switch (type - element_shift_) {
    case 2:
      return "bfloat16";
    case 8:
      return "int16";
    case 17:
      return "uint16";
    case 18:
      return "uint32";
    case 19:
      return "uint64";
    default:
      return "OpenVINO's type number " + std::to_string(type);
  }
}

Handle<abi::Core> Api::create_core(ErrorCode code) const {
  abi::Core* core = nullptr;
  check_status(ov_core_create(&core), code, "cannot start OpenVINO");
  return {core, ov_core_free};
}

Handle<abi::Tensor> Api::allocate_tensor(DType dtype, const hpinfer::Shape& shape) const {
  abi::Tensor* tensor = nullptr;
  // The library only reads the dimensions, its structure has no const.
  const abi::Shape dims{static_cast<std::int64_t>(shape.rank()),
                        const_cast<std::int64_t*>(shape.data())};
  check_status(ov_tensor_create(element_type(dtype), dims, &tensor), ErrorCode::kEngine,
               "cannot allocate a tensor");
  return {tensor, ov_tensor_free};
}

Handle<abi::Tensor> Api::wrap_tensor(DType dtype, const hpinfer::Shape& shape, void* data) const {
  alignas(64) static std::byte nothing[64];  // never read: there are no elements
  abi::Tensor* tensor = nullptr;
  const abi::Shape dims{static_cast<std::int64_t>(shape.rank()),
                        const_cast<std::int64_t*>(shape.data())};
  check_status(ov_tensor_create_from_host_ptr(element_type(dtype), dims,
                                              data != nullptr ? data : nothing, &tensor),
               ErrorCode::kEngine, "cannot wrap the memory of a tensor");
  return {tensor, ov_tensor_free};
}

hpinfer::Shape Api::tensor_shape(const abi::Tensor* tensor) const {
  abi::Shape raw{};
  const abi::Status status = ov_tensor_get_shape(tensor, &raw);
  // Since 2025 the function refuses tensors without dimensions.
  if (status == abi::kBadArgument && tensor != nullptr) return {};
  check_status(status, ErrorCode::kEngine, "cannot read the shape of a tensor");
  const std::unique_ptr<abi::Shape, abi::Status (*)(abi::Shape*)> owner(&raw, ov_shape_free);
  return hpinfer::Shape(std::span(raw.dims, static_cast<std::size_t>(raw.rank)));
}

std::string Api::take_string(char* text) const {
  const Handle<const char> owner(text, ov_free);
  return text != nullptr ? std::string(text) : std::string();
}

bool Api::release_memory(abi::CompiledModel* model) const noexcept {
  if (release_memory_ == nullptr) return false;
  try {
    release_memory_(*reinterpret_cast<void**>(model));
    return true;
  } catch (...) {  // memory that cannot be given back is no error of the caller
    return false;
  }
}

}  // namespace hpinfer::openvino

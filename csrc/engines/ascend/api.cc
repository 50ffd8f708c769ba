#include "engines/ascend/api.h"

#include <array>
#include <utility>

#include "core/log.h"

namespace hpinfer::ascend {
namespace {

constexpr std::array<std::pair<DType, abi::DataType>, 8> kTypes{{{DType::kFloat32, abi::kFloat},
                                                                 {DType::kFloat16, abi::kFloat16},
                                                                 {DType::kFloat64, abi::kDouble},
                                                                 {DType::kInt8, abi::kInt8},
                                                                 {DType::kUInt8, abi::kUInt8},
                                                                 {DType::kInt32, abi::kInt32},
                                                                 {DType::kInt64, abi::kInt64},
                                                                 {DType::kBool, abi::kBool}}};
// Messages carry the call stack of the library at their end.
constexpr std::size_t kLongestText = 600;

std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const bool blank = c == '\n' || c == '\r' || c == '\t' || c == ' ';
    if (!blank)
      line += c;
    else if (!line.empty() && line.back() != ' ')
      line += ' ';
  }
  if (!line.empty() && line.back() == ' ') line.pop_back();
  return line.size() > kLongestText ? line.substr(0, kLongestText) + " ..." : line;
}

}  // namespace

Api::Api(const DynamicLibrary& library) : library_(library.path()) {
#define HPINFER_RESOLVE(name, result, arguments) \
  name = reinterpret_cast<decltype(name)>(library.symbol(#name));
  ASCENDCL_FUNCTIONS(HPINFER_RESOLVE)
#undef HPINFER_RESOLVE
  std::int32_t major = 0;
  std::int32_t minor = 0;
  std::int32_t patch = 0;
  check_status(aclrtGetVersion(&major, &minor, &patch), "tell its version",
               ErrorCode::kEngineUnavailable);
  version_ = std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}

// The library keeps the words of the last failures of this thread until they are read.
std::string Api::error_text(abi::Error status) const {
  const char* words = aclGetRecentErrMsg();
  const std::string text = words != nullptr ? one_line(words) : "";
  const std::string number = "error " + std::to_string(status);
  return text.empty() ? number : text + " (" + number + ")";
}

void Api::fail_status(abi::Error status, std::string_view what, ErrorCode code) const {
  const bool memory =
      status == abi::kBadAlloc || status == abi::kRuntimeMemory || status == abi::kEngineMemory;
  fail(code, "AscendCL cannot ", what, ": ", error_text(status),
       memory ? "; the memory is used up: take a lower num_streams or a smaller model" : "");
}

void Api::ignore_status(abi::Error status, std::string_view what) const noexcept {
  if (status == abi::kSuccess) return;
  log(LogLevel::kDebug, "AscendCL cannot " + std::string(what) + ": " + error_text(status));
}

void Api::start() const {
  const std::lock_guard lock(mutex_);
  if (state_ != State::kNotStarted) return;
  const abi::Error status = aclInit(nullptr);
  if (status != abi::kRepeatInitialize)
    check_status(status, "start", ErrorCode::kEngineUnavailable);
  state_ = status == abi::kRepeatInitialize ? State::kStartedByOthers : State::kStartedHere;
}

void Api::finish() const noexcept {
  const std::lock_guard lock(mutex_);
  if (state_ != State::kStartedHere || users_ > 0) return;
  ignore_status(aclFinalize(), "end");
  state_ = State::kNotStarted;
}

int Api::device_count(std::string* reason) const {
  start();
  std::uint32_t count = 0;
  const abi::Error status = aclrtGetDeviceCount(&count);
  if (status == abi::kSuccess && count > 0) return static_cast<int>(count);
  if (reason != nullptr)
    *reason = status == abi::kSuccess ? "no NPU is visible" : error_text(status);
  return 0;
}

void Api::begin_use() const {
  start();
  const std::lock_guard lock(mutex_);
  ++users_;
}

void Api::end_use() const noexcept {
  const std::lock_guard lock(mutex_);
  --users_;
}

std::optional<DType> to_dtype(abi::DataType type) noexcept {
  for (const auto& [dtype, code] : kTypes)
    if (code == type) return dtype;
  return std::nullopt;
}

abi::DataType from_dtype(DType dtype) {
  for (const auto& [known, code] : kTypes)
    if (known == dtype) return code;
  fail(ErrorCode::kInternal, "dtype ", dtype_name(dtype), " has no AscendCL code");
}

}  // namespace hpinfer::ascend

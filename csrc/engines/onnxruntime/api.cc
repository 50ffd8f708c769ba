#include "engines/onnxruntime/api.h"

#include <algorithm>
#include <charconv>

#include "core/log.h"

namespace hpinfer::ort {
namespace {

const abi::ApiBase& api_base(const DynamicLibrary& library) {
  const abi::ApiBase* base = library.function<abi::GetApiBase>(abi::kGetApiBase)();
  check(base != nullptr && base->get_api != nullptr && base->get_version_string != nullptr &&
            base->get_version_string() != nullptr,
        ErrorCode::kEngineUnavailable, library.path().string(),
        " is not a usable ONNX Runtime: it returned no function table or no version");
  return *base;
}

// M of "1.M.p", which is also the API version; 0 for another form.
std::uint32_t minor_version(std::string_view version) {
  if (!version.starts_with("1.")) return 0;
  std::uint32_t minor = 0;
  std::from_chars(version.data() + 2, version.data() + version.size(), minor);
  return minor;
}

abi::Table open_table(const DynamicLibrary& library, const std::string& version) {
  const std::uint32_t minor = minor_version(version);
  check(minor >= abi::kMinApiVersion, ErrorCode::kEngineUnavailable, library.path().string(),
        " is ONNX Runtime ", version, "; at least 1.", abi::kMinApiVersion,
        " is needed: pip install -U onnxruntime");
  const std::uint32_t asked = std::min(minor, abi::kMaxApiVersion);
  void* const* slots = api_base(library).get_api(asked);
  check(slots != nullptr, ErrorCode::kEngineUnavailable, library.path().string(), " (ONNX Runtime ",
        version, ") does not serve its API version ", asked);
  return {slots, asked};
}

// A message of the library on one line, without the place in its source that some begin with:
// "/…/file.cc:12 function() [ONNXRuntimeError] : 1 : FAIL : words".
std::string plain_words(std::string_view message) {
  constexpr std::string_view kMarker = "[ONNXRuntimeError] : ";
  const std::size_t marker = message.find(kMarker);
  if (message.starts_with('/') && marker != std::string_view::npos) {
    std::size_t at = marker + kMarker.size();
    for (int field = 0; field < 2 && at < message.size(); ++field) {
      const std::size_t end = message.find(" : ", at);
      at = end == std::string_view::npos ? message.size() : end + 3;
    }
    if (at < message.size()) message.remove_prefix(at);
  }
  return one_line(message);
}

}  // namespace

Api::Api(const DynamicLibrary& library)
    : version_(api_base(library).get_version_string()), table_(open_table(library, version_)) {
  // The library has one environment a process. If another user of the same file made it first, the
  // call returns that one, with its logger and thread pools; hence sessions set the logger again
  // and own their threads. It is never released: ONNX Runtime's own statics may be gone by then.
  call<abi::CreateEnvWithCustomLogger>(&forward_log, nullptr, logging_level(), "hpinfer", &env_);
  call<abi::GetAllocatorWithDefaultOptions>(&allocator_);
  cpu_memory_ = create<abi::CreateCpuMemoryInfo, abi::ReleaseMemoryInfo>(abi::kDeviceAllocator,
                                                                         abi::kDefaultMemory)
                    .release();
}

std::vector<std::string> Api::available_providers() const {
  char** names = nullptr;
  int count = 0;
  call<abi::GetAvailableProviders>(&names, &count);
  std::vector<std::string> providers(names, names + count);
  call<abi::ReleaseAvailableProviders>(names, count);
  return providers;
}

std::optional<Failure> Api::take_failure(abi::Status* status) const {
  if (status == nullptr) [[likely]]
    return std::nullopt;
  const auto owned = own<abi::ReleaseStatus>(status);
  return Failure{function<abi::GetErrorCode>()(status),
                 plain_words(function<abi::GetErrorMessage>()(status))};
}

void forward_log(void*, abi::LoggingLevel severity, const char* category, const char*,
                 const char* location, const char* message) {
  LogLevel level = LogLevel::kError;
  if (severity <= abi::kVerbose) {
    level = LogLevel::kDebug;
  } else if (severity == abi::kInfo) {
    level = LogLevel::kInfo;
  } else if (severity == abi::kWarning) {
    level = LogLevel::kWarning;
  }
  if (level < log_level()) return;
  log(level,
      "onnxruntime " + std::string(category) + ": " + one_line(message) + " (" + location + ")");
}

abi::LoggingLevel logging_level() noexcept {
  switch (log_level()) {
    case LogLevel::kDebug:
      return abi::kVerbose;
    case LogLevel::kInfo:
      return abi::kInfo;
    case LogLevel::kWarning:
      return abi::kWarning;
    case LogLevel::kError:
      return abi::kError;
  }
  return abi::kWarning;
}

std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\n' || c == '\r' || c == '\t';
    if (!blank) line += c;
    if (blank && !line.empty() && line.back() != ' ') line += ' ';
  }
  if (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

}  // namespace hpinfer::ort

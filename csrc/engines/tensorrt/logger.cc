#include "engines/tensorrt/logger.h"

#include <algorithm>
#include <mutex>
#include <vector>

#include "core/log.h"

namespace hpinfer::tensorrt {
namespace {

// An engine may report each of a hundred layers; the first ones tell the cause.
constexpr std::size_t kMaxText = 1500;

thread_local ErrorCapture* innermost = nullptr;

struct Captures {
  std::mutex mutex;
  std::vector<ErrorCapture*> all;
};

Captures& captures() {
  static auto* const kept = new Captures;  // used by threads that may outlive static objects
  return *kept;
}

}  // namespace

class Logger final : public nvinfer1::ILogger {
 public:
  void log(Severity severity, const char* message) noexcept override {
    try {
      const bool error = severity == Severity::kERROR || severity == Severity::kINTERNAL_ERROR;
      if (error) capture(message);
      // An error becomes an exception or is survived: in neither case it is news of its own.
      const LogLevel level = severity == Severity::kWARNING ? LogLevel::kWarning
                             : error                        ? LogLevel::kInfo
                                                            : LogLevel::kDebug;
      if (severity != Severity::kVERBOSE) hpinfer::log(level, std::string("TensorRT: ") + message);
    } catch (...) {
      // A message that cannot be kept is lost; TensorRT takes no exceptions.
    }
  }

 private:
  static void capture(std::string_view message) {
    const std::lock_guard lock(captures().mutex);
    if (innermost != nullptr) return innermost->add(message);
    for (ErrorCapture* capture : captures().all) capture->add(message);
  }
};

nvinfer1::ILogger& logger() {
  static auto* const kept = new Logger;
  return *kept;
}

ErrorCapture::ErrorCapture() : outer_(innermost) {
  const std::lock_guard lock(captures().mutex);
  captures().all.push_back(this);
  innermost = this;
}

ErrorCapture::~ErrorCapture() {
  const std::lock_guard lock(captures().mutex);
  innermost = outer_;
  auto& all = captures().all;
  all.erase(std::find(all.begin(), all.end(), this));
}

void ErrorCapture::add(std::string_view message) {
  if (text_.size() > kMaxText) return;
  if (!text_.empty()) text_ += "; ";
  for (const char c : message) text_ += c == '\n' || c == '\r' ? ' ' : c;
}

std::string ErrorCapture::text() const {
  const std::lock_guard lock(captures().mutex);
  return text_.empty() ? "TensorRT gives no reason" : text_;
}

}  // namespace hpinfer::tensorrt

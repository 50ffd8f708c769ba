#include "core/log.h"

#include <atomic>
#include <memory>
#include <mutex>

namespace hpinfer {
namespace {

std::mutex& sink_mutex() {
  static std::mutex mutex;
  return mutex;
}

std::shared_ptr<const LogSink>& current_sink() {
  static std::shared_ptr<const LogSink> sink;
  return sink;
}

std::atomic<LogLevel> minimum_level{LogLevel::kWarning};

}  // namespace

void set_log_sink(LogSink sink) {
  const std::lock_guard lock(sink_mutex());
  current_sink() = sink ? std::make_shared<const LogSink>(std::move(sink)) : nullptr;
}

void set_log_level(LogLevel level) noexcept { minimum_level.store(level); }

LogLevel log_level() noexcept { return minimum_level.load(); }

void log(LogLevel level, std::string_view message) {
  if (level < minimum_level.load()) return;
  std::shared_ptr<const LogSink> sink;
  {
    // The sink runs outside the lock: it may take the GIL, whose holder may be waiting here.
    const std::lock_guard lock(sink_mutex());
    sink = current_sink();
  }
  if (sink) (*sink)(level, message);
}

}  // namespace hpinfer

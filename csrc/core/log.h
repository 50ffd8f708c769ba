// Log sink. The library never prints: messages go to the sink that the host sets (Python logging).
#pragma once

#include <functional>
#include <string_view>

namespace hpinfer {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

using LogSink = std::function<void(LogLevel, std::string_view)>;

// Replaces the sink; an empty one drops messages. Thread-safe. The sink must not throw.
void set_log_sink(LogSink sink);

// Messages below this level are dropped before the sink is called. Default: kWarning.
void set_log_level(LogLevel level) noexcept;
LogLevel log_level() noexcept;

void log(LogLevel level, std::string_view message);

}  // namespace hpinfer

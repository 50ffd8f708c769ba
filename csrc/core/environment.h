// The only place that reads environment variables in native code.
#pragma once

#include <optional>
#include <string>

namespace hpinfer {

// Value of HPINFER_<name>; nullopt when unset or empty.
std::optional<std::string> environment(const char* name);

}  // namespace hpinfer

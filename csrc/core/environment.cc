#include "core/environment.h"

#include <cstdlib>

namespace hpinfer {

std::optional<std::string> environment(const char* name) {
  const char* value = std::getenv((std::string("HPINFER_") + name).c_str());
  if (value == nullptr || *value == '\0') return std::nullopt;
  return std::string(value);
}

}  // namespace hpinfer

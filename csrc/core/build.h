// What this build is: the options that it was configured with.
#pragma once

#include <string_view>
#include <vector>

namespace hpinfer {

struct BuildOption {
  std::string_view name;  // of the CMake option, e.g. "ENABLE_ORT_BACKEND"
  bool enabled = false;
};

struct BuildInfo {
  std::string_view version;
  std::string_view compiler;    // "GNU 12.2.0"
  std::string_view build_type;  // "Release"
  std::vector<BuildOption> options;
};

BuildInfo build_info();

// Throws Error(kConfig) for a name that is no option.
bool is_enabled(std::string_view option);

}  // namespace hpinfer

#include "core/build.h"

#include "core/error.h"

namespace hpinfer {

// The macros come from csrc/CMakeLists.txt, for this file only.
BuildInfo build_info() {
  return {HPINFER_VERSION, HPINFER_COMPILER, HPINFER_BUILD_TYPE, {HPINFER_BUILD_OPTIONS}};
}

bool is_enabled(std::string_view option) {
  for (const BuildOption& known : build_info().options)
    if (known.name == option) return known.enabled;
  fail(ErrorCode::kConfig, "'", option, "' is not a build option");
}

}  // namespace hpinfer

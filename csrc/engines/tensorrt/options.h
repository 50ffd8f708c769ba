// SessionOptions as TensorRT takes them.
#pragma once

#include <cstddef>
#include <optional>

#include "engines/engine.h"

namespace hpinfer::tensorrt {

// Keys of engine_config.
struct BuildSettings {
  int optimization_level = 3;                  // optimization_level: 0 (fast to build) to 5
  std::optional<std::size_t> workspace_bytes;  // workspace_mib; nullopt: all of the GPU's memory
  bool tf32 = true;                            // tf32: fp32 products in 19 bits, TensorRT's default
};

// Throws Error: kConfig for options without effect here, unknown keys and values out of range,
// kUnsupported for a device that is no GPU and for precisions that this release does not set.
BuildSettings check_options(const SessionOptions& options);

}  // namespace hpinfer::tensorrt

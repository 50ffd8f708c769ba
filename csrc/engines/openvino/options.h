// SessionOptions as OpenVINO properties.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engines/engine.h"
#include "engines/openvino/api.h"
#include "engines/openvino/model_source.h"

namespace hpinfer::openvino {

using Properties = std::vector<std::pair<std::string, std::string>>;

// Properties for compiling a model on the CPU. Creates the cache directory. Throws Error: kConfig
// for options without effect here and for keys of engine_config that have an option of their own,
// kUnsupported for other devices.
Properties compile_properties(const SessionOptions& options, const ModelSource& model,
                              const InspectedModel& inspected);

// Throws Error(kConfig) with OpenVINO's words if it refuses a key or value of engine_config.
void check_engine_config(const Api& api, const SessionOptions& options);

// Throws Error(kUnsupported) if the CPU made OpenVINO compile for another precision than asked.
void check_precision(const Api& api, const abi::CompiledModel* model,
                     const SessionOptions& options);

}  // namespace hpinfer::openvino

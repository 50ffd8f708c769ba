// Which engines are compiled in, and the one loaded instance of each.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "engines/engine.h"

namespace hpinfer {

// Names of the engines that this build can talk to, e.g. {"onnxruntime", "openvino"}.
std::vector<std::string_view> compiled_engines();

// The engine of that name, loaded on first use. Tried in order: HPINFER_<NAME>_LIBRARY (then
// nothing else), the candidates, the loader's own search path. Later calls return the loaded
// instance whatever the candidates are: one process uses one release of an engine.
//
// Throws Error: kConfig for a name that is not compiled in, kEngineUnavailable with every path
// tried and the loader's message for each.
std::shared_ptr<const Engine> open_engine(std::string_view name,
                                          const std::vector<std::filesystem::path>& candidates);

// Ends what the loaded engines keep for the process; called before exit, while their libraries
// still work. An engine with sessions in use stays as it is.
void shut_down_engines() noexcept;

}  // namespace hpinfer

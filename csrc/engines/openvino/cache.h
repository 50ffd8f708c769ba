// Where OpenVINO may keep the compiled form of one very model.
#pragma once

#include <filesystem>

#include "engines/engine.h"
#include "engines/openvino/model_source.h"

namespace hpinfer::openvino {

// A folder below `cache_dir` named after the model's content, created if missing. OpenVINO itself
// takes a file for unchanged when its path, size and second of last change are the same, and would
// serve the old model. Throws Error(kConfig) if the folder cannot be created or written.
std::filesystem::path cache_folder(const std::filesystem::path& cache_dir, const ModelSource& model,
                                   const InspectedModel& inspected);

}  // namespace hpinfer::openvino

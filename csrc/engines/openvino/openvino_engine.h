// OpenVINO through its C functions.
#pragma once

#include <memory>

#include "core/dynamic_library.h"
#include "engines/engine.h"

namespace hpinfer::openvino {

// Throws Error(kEngineUnavailable) if the library is not OpenVINO 2024.6 or later.
std::shared_ptr<const Engine> open_openvino(const DynamicLibrary& library);

}  // namespace hpinfer::openvino

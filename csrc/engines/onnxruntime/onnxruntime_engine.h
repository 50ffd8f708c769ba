// ONNX Runtime through its C function table.
#pragma once

#include <memory>

#include "core/dynamic_library.h"
#include "engines/engine.h"

namespace hpinfer::ort {

// Throws Error(kEngineUnavailable) if the library is not ONNX Runtime 1.19 or later.
std::shared_ptr<const Engine> open_onnxruntime(const DynamicLibrary& library);

}  // namespace hpinfer::ort

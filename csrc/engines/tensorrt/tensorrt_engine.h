// TensorRT 10 and 11 through the C++ interfaces of the headers that this build was given.
#pragma once

#include <memory>

#include "core/dynamic_library.h"
#include "engines/engine.h"

namespace hpinfer::tensorrt {

extern const char* const kSoname;  // "libnvinfer.so.<major of the headers>"

// Throws Error(kEngineUnavailable) if the library is not TensorRT of that major release.
std::shared_ptr<const Engine> open_tensorrt(const DynamicLibrary& library);

}  // namespace hpinfer::tensorrt

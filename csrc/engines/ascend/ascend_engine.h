// Compiled models (.om) of Huawei's Ascend NPUs, through AscendCL.
#pragma once

#include <memory>

#include "core/dynamic_library.h"
#include "engines/engine.h"

namespace hpinfer::ascend {

// Throws Error(kEngineUnavailable).
std::shared_ptr<const Engine> open_ascend(const DynamicLibrary& library);

}  // namespace hpinfer::ascend

// Compiled models (.om) of Huawei's Ascend NPUs, through AscendCL.
#pragma once

#include <memory>

#include "core/dynamic_library.h"
#include "engines/engine.h"

namespace hpinfer::ascend {

// Throws Error(kEngineUnavailable).
std::shared_ptr<const Engine> open_ascend(const DynamicLibrary& library);

// Ends AscendCL in this process if it was started here and no session is left.
void shut_down_ascend() noexcept;

}  // namespace hpinfer::ascend

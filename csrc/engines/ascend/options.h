// SessionOptions as compiled models of Ascend take them.
#pragma once

#include "engines/engine.h"

namespace hpinfer::ascend {

// Throws Error: kConfig for options without effect here, kUnsupported for a device that is no NPU
// and for precisions, which the compiler chose.
void check_options(const SessionOptions& options);

}  // namespace hpinfer::ascend

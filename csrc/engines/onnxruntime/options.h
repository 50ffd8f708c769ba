// SessionOptions in ONNX Runtime's terms.
#pragma once

#include "engines/engine.h"
#include "engines/onnxruntime/api.h"

namespace hpinfer::ort {

// Everything but the execution providers; `device` is where the session will run. Throws Error:
// kConfig for an option without effect here or a value that ONNX Runtime refuses, kUnsupported for
// a precision or device.
Handle<abi::SessionOptions> native_options(const Api& api, const SessionOptions& options);

}  // namespace hpinfer::ort

// A model loaded by ONNX Runtime.
#pragma once

#include <memory>

#include "engines/engine.h"
#include "engines/onnxruntime/api.h"

namespace hpinfer::ort {

// Loads a model. Throws what Engine::create_session documents.
std::shared_ptr<const Session> open_session(std::shared_ptr<const Api> api,
                                            const ModelSource& model,
                                            const SessionOptions& options);

}  // namespace hpinfer::ort

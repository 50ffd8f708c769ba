// What kind of model a ModelSource is, and its way into OpenVINO.
#pragma once

#include <optional>

#include "engines/engine.h"
#include "engines/onnx_signature.h"
#include "engines/openvino/api.h"

namespace hpinfer::openvino {

enum class ModelFormat { kOnnx, kIr, kPaddle };

struct InspectedModel {
  ModelFormat format = ModelFormat::kOnnx;
  std::optional<OnnxSignature> signature;  // of an ONNX model
};

// Decides by the file's extension, or by the bytes, and looks into it far enough that OpenVINO does
// not try every reader it has (they print). Throws Error: kModelNotFound, kModelFormat,
// kUnsupported for formats that OpenVINO cannot read, kConfig for weights that have no effect.
InspectedModel inspect_model(const ModelSource& model);

// Reads the model. Throws Error(kModelFormat) with OpenVINO's words.
Handle<abi::Model> read_model(const Api& api, const abi::Core* core, const ModelSource& model);

}  // namespace hpinfer::openvino

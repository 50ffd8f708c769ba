// Inputs and outputs of an ONNX file, read from the file itself.
//
// OpenVINO's C interface tells one name of a port, which need not be the graph's (an Identity
// before an output is removed and its names are merged), and releases before 2026 drop inputs that
// no node uses. The file has the truth.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/dtype.h"
#include "core/shape.h"

namespace hpinfer {

struct OnnxValue {
  std::string name;
  std::optional<DType> dtype;  // nullopt: not a tensor, or a dtype that hpinfer does not support
  Shape shape;                 // as declared
  bool ranked = false;         // whether a shape is declared
};

struct OnnxSignature {
  std::vector<OnnxValue> inputs;  // without those that only name an initializer
  std::vector<OnnxValue> outputs;
  std::vector<std::string> external_files;  // that hold initializers, beside the model's file
};

// nullopt if the bytes are not an ONNX model with at least one output.
std::optional<OnnxSignature> read_onnx_signature(std::span<const std::byte> model);

// The same of a file, which is mapped, not read: weights are skipped.
std::optional<OnnxSignature> read_onnx_signature(const std::filesystem::path& path);

}  // namespace hpinfer

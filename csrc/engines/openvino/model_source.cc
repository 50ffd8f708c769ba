#include "engines/openvino/model_source.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <fstream>

namespace hpinfer::openvino {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kHeadBytes = 4096;  // an IR names its root element well before that
constexpr std::byte kProgramTag{0x0A};    // first field of a Paddle program: its blocks

std::string display_name(const ModelSource& model) {
  return model.in_memory() ? "the model in memory" : "model file " + model.path.string();
}

[[noreturn]] void fail_pir(const ModelSource& model) {
  fail(ErrorCode::kUnsupported, display_name(model),
       " is a Paddle program in JSON form, which OpenVINO cannot read: convert it to ONNX, or "
       "export it as .pdmodel");
}

std::string read_head(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string head(kHeadBytes, '\0');
  file.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(file.gcount()));
  return head;
}

ModelFormat format_of_extension(const ModelSource& model) {
  std::string extension = model.path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (extension == ".onnx") return ModelFormat::kOnnx;
  if (extension == ".xml") return ModelFormat::kIr;
  if (extension == ".pdmodel") return ModelFormat::kPaddle;
  if (extension == ".json") fail_pir(model);
  fail(ErrorCode::kUnsupported, "the openvino engine reads .onnx, .xml and .pdmodel files; got ",
       model.path.string());
}

ModelFormat format_of_bytes(const ModelSource& model) {
  const std::string_view text(reinterpret_cast<const char*>(model.bytes.data()),
                              std::min(model.bytes.size(), kHeadBytes));
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && text[first] == '{') fail_pir(model);
  if (first != std::string_view::npos && text[first] == '<') return ModelFormat::kIr;
  // With weights it can only be a Paddle program: an ONNX model in memory has one part.
  if (model.bytes.front() == kProgramTag) return ModelFormat::kPaddle;
  return ModelFormat::kOnnx;
}

void check_content(const ModelSource& model, InspectedModel& inspected) {
  if (inspected.format == ModelFormat::kOnnx) {
    inspected.signature =
        model.in_memory() ? read_onnx_signature(model.bytes) : read_onnx_signature(model.path);
    check(inspected.signature.has_value(), ErrorCode::kModelFormat, display_name(model),
          " is not a complete ONNX model: it is truncated or of another kind");
    for (const OnnxValue& input : inspected.signature->inputs)
      check(input.ranked, ErrorCode::kUnsupported, "input '", input.name, "' of ",
            display_name(model),
            " has no declared number of dimensions, which OpenVINO needs: declare its shape");
    return;
  }
  const std::string head = model.in_memory()
                               ? std::string(reinterpret_cast<const char*>(model.bytes.data()),
                                             std::min(model.bytes.size(), kHeadBytes))
                               : read_head(model.path);
  const bool plausible = inspected.format == ModelFormat::kIr
                             ? head.find("<net ") != std::string::npos
                             : !head.empty() && head.front() == static_cast<char>(kProgramTag);
  check(plausible, ErrorCode::kModelFormat, display_name(model), " is not ",
        inspected.format == ModelFormat::kIr ? "an OpenVINO IR" : "a Paddle program (.pdmodel)");
}

}  // namespace

InspectedModel inspect_model(const ModelSource& model) {
  check_model_source(model);
  check(model.in_memory() || model.weights.empty(), ErrorCode::kConfig,
        "weights are for a model in memory; a model file finds its weights itself");
  InspectedModel inspected;
  inspected.format = model.in_memory() ? format_of_bytes(model) : format_of_extension(model);
  check(inspected.format != ModelFormat::kOnnx || model.weights.empty(), ErrorCode::kConfig,
        "weights have no effect on an ONNX model in memory: it must hold its own");
  check_content(model, inspected);
  return inspected;
}

Handle<abi::Model> read_model(const Api& api, const abi::Core* core, const ModelSource& model) {
  abi::Model* raw = nullptr;
  const std::string what = "cannot read " + display_name(model);
  if (!model.in_memory()) {
    const std::string path = model.path.string();
    api.check_status(api.ov_core_read_model(core, path.c_str(), nullptr, &raw),
                     ErrorCode::kModelFormat, what);
    return {raw, api.ov_model_free};
  }
  // The model may keep using the weights' memory, so OpenVINO gets a tensor of its own.
  Handle<abi::Tensor> weights(nullptr, api.ov_tensor_free);
  if (!model.weights.empty()) {
    weights = api.allocate_tensor(DType::kUInt8, {static_cast<std::int64_t>(model.weights.size())});
    void* data = nullptr;
    api.check_status(api.ov_tensor_data(weights.get(), &data), ErrorCode::kEngine, what);
    std::memcpy(data, model.weights.data(), model.weights.size());
  }
  api.check_status(api.ov_core_read_model_from_memory_buffer(
                       core, reinterpret_cast<const char*>(model.bytes.data()), model.bytes.size(),
                       weights.get(), &raw),
                   ErrorCode::kModelFormat, what);
  return {raw, api.ov_model_free};
}

}  // namespace hpinfer::openvino

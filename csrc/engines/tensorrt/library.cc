#include "engines/tensorrt/library.h"

#include "core/log.h"
#include "engines/tensorrt/logger.h"

namespace hpinfer::tensorrt {
namespace {

using CreateFunction = void*(void*, std::int32_t);
using CreateParserFunction = void*(void*, void*, int);

// Digits per part grew in TensorRT 10: 8.6.1 is 8601, 10.0.1 is 100001.
struct Release {
  int major = 0;
  int minor = 0;
  int patch = 0;
};

Release release_of(int version) {
  if (version < 10000) return {version / 1000, version / 100 % 10, version % 100};
  return {version / 10000, version / 100 % 100, version % 100};
}

std::string checked_version(const DynamicLibrary& infer) {
  const Release found = release_of(infer.function<std::int32_t()>("getInferLibVersion")());
  std::string text = std::to_string(found.major) + "." + std::to_string(found.minor) + "." +
                     std::to_string(found.patch);
  check(found.major == NV_TENSORRT_MAJOR, ErrorCode::kEngineUnavailable, infer.path().string(),
        " is TensorRT ", text, "; this build of hpinfer has the headers of TensorRT ",
        NV_TENSORRT_MAJOR, ": install that one, or build hpinfer with TENSORRT_ROOT of TensorRT ",
        found.major);
  return text;
}

}  // namespace

Library::Library(const DynamicLibrary& infer)
    : infer_(infer), version_(checked_version(infer)), cuda_(CudaRuntime::open(infer.path())) {
  infer.symbol("createInferBuilder_INTERNAL");
  infer.symbol("createInferRuntime_INTERNAL");
}

std::unique_ptr<nvinfer1::IBuilder> Library::create_builder() const {
  const ErrorCapture errors;
  const auto create = infer_.function<CreateFunction>("createInferBuilder_INTERNAL");
  std::unique_ptr<nvinfer1::IBuilder> builder(
      static_cast<nvinfer1::IBuilder*>(create(&logger(), NV_TENSORRT_VERSION)));
  check(builder != nullptr, ErrorCode::kEngine, "TensorRT cannot make a builder: ", errors.text());
  return builder;
}

// A library that lies beside TensorRT, else in the loader's path.
DynamicLibrary Library::open_companion(const std::string& stem) const {
  const std::filesystem::path name = stem + std::to_string(NV_TENSORRT_MAJOR);
  const auto beside = path().parent_path() / name;
  std::error_code error;
  const bool exists = !path().parent_path().empty() && std::filesystem::exists(beside, error);
  return DynamicLibrary::open(exists ? beside : name);
}

// Models with operators that TensorRT has as plugins need them; others run without the library.
void Library::register_plugins() const {
  std::call_once(plugins_registered_, [this] {
    try {
      const DynamicLibrary plugins = open_companion("libnvinfer_plugin.so.");
      plugins.function<bool(void*, const char*)>("initLibNvInferPlugins")(&logger(), "");
    } catch (const Error& error) {
      log(LogLevel::kDebug, std::string("TensorRT's plugins are not used: ") + error.what());
    }
  });
}

nvinfer1::IRuntime& Library::runtime() const {
  register_plugins();
  const std::lock_guard lock(mutex_);
  if (runtime_ == nullptr) {
    const ErrorCapture errors;
    const auto create = infer_.function<CreateFunction>("createInferRuntime_INTERNAL");
    runtime_.reset(static_cast<nvinfer1::IRuntime*>(create(&logger(), NV_TENSORRT_VERSION)));
    check(runtime_ != nullptr, ErrorCode::kEngine,
          "TensorRT cannot make a runtime: ", errors.text());
  }
  return *runtime_;
}

std::unique_ptr<nvonnxparser::IParser> Library::create_parser(
    nvinfer1::INetworkDefinition& network) const {
  register_plugins();
  const DynamicLibrary parser = open_companion("libnvonnxparser.so.");
  const ErrorCapture errors;
  const auto create = parser.function<CreateParserFunction>("createNvOnnxParser_INTERNAL");
  std::unique_ptr<nvonnxparser::IParser> made(
      static_cast<nvonnxparser::IParser*>(create(&network, &logger(), NV_ONNX_PARSER_VERSION)));
  check(made != nullptr, ErrorCode::kEngine, "TensorRT cannot make a parser: ", errors.text());
  return made;
}

}  // namespace hpinfer::tensorrt

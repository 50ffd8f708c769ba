#include "engines/tensorrt/tensorrt_engine.h"

#include "engines/mapped_file.h"
#include "engines/tensorrt/builder.h"
#include "engines/tensorrt/library.h"
#include "engines/tensorrt/options.h"
#include "engines/tensorrt/session.h"

#define HPINFER_TEXT_OF(value) #value
#define HPINFER_TEXT(value) HPINFER_TEXT_OF(value)

namespace hpinfer::tensorrt {
namespace {

class TensorRtEngine final : public Engine {
 public:
  explicit TensorRtEngine(const DynamicLibrary& library)
      : library_(std::make_shared<const Library>(library)) {}

  std::string_view name() const noexcept override { return "tensorrt"; }
  std::string version() const override { return library_->version(); }
  std::filesystem::path library() const override { return library_->path(); }
  std::vector<std::string> devices() const override;
  std::shared_ptr<const Session> create_session(const ModelSource& model,
                                                const SessionOptions& options) const override;
  CompiledModel compile(const ModelSource& model, const SessionOptions& options,
                        std::span<const std::byte> timing_cache,
                        const ProgressFunction& progress) const override;
  std::map<std::string, std::string> device_identity(Device device) const override;

 private:
  SessionOptions resolve(const ModelSource& model, const SessionOptions& options) const;

  std::shared_ptr<const Library> library_;
};

std::vector<std::string> TensorRtEngine::devices() const {
  std::vector<std::string> list;
  const int count = library_->cuda().device_count();
  for (int i = 0; i < count; ++i) {
    const GpuFacts facts = library_->cuda().facts(i);
    list.push_back("GPU " + std::to_string(i) + ": " + facts.name + " (" +
                   facts.compute_capability + ")");
  }
  return list;
}

SessionOptions TensorRtEngine::resolve(const ModelSource& model,
                                       const SessionOptions& options) const {
  check_model_source(model);
  check(model.weights.empty(), ErrorCode::kConfig,
        "weights has no effect on the tensorrt engine: a model is one file; remove it");
  check_options(options);
  std::string reason;
  const int count = library_->cuda().device_count(&reason);
  check(options.device.index < count, ErrorCode::kUnsupported, "there is no ",
        to_string(options.device), ": ",
        count == 0 ? reason : "CUDA sees " + std::to_string(count) + " GPU(s)");
  return resolve_options(options);
}

std::shared_ptr<const Session> TensorRtEngine::create_session(const ModelSource& model,
                                                              const SessionOptions& options) const {
  SessionOptions resolved = resolve(model, options);
  const MappedFile file(model.path);
  const std::span<const std::byte> bytes = model.in_memory() ? model.bytes : file.bytes();
  if (!is_onnx(bytes))
    return std::make_shared<TensorRtSession>(library_, bytes, std::move(resolved));
  const CompiledModel built = build_plan(*library_, model, resolved, {}, {});
  if (resolved.output_order.empty()) resolved.output_order = built.output_order;
  return std::make_shared<TensorRtSession>(library_, built.plan, std::move(resolved));
}

CompiledModel TensorRtEngine::compile(const ModelSource& model, const SessionOptions& options,
                                      std::span<const std::byte> timing_cache,
                                      const ProgressFunction& progress) const {
  return build_plan(*library_, model, resolve(model, options), timing_cache, progress);
}

std::map<std::string, std::string> TensorRtEngine::device_identity(Device device) const {
  const GpuFacts facts = library_->cuda().facts(device.index);
  return {{"name", facts.name},
          {"compute_capability", facts.compute_capability},
          {"driver", facts.driver},
          {"cuda", facts.runtime}};
}

}  // namespace

// NV_TENSORRT_MAJOR may be defined as another macro.
const char* const kSoname = "libnvinfer.so." HPINFER_TEXT(NV_TENSORRT_MAJOR);

std::shared_ptr<const Engine> open_tensorrt(const DynamicLibrary& library) {
  // Never destroyed: sessions refer to it, and at exit CUDA's own globals go first.
  const auto* engine = new TensorRtEngine(library);
  return {engine, [](const Engine*) {}};
}

}  // namespace hpinfer::tensorrt

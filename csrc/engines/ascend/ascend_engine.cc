#include "engines/ascend/ascend_engine.h"

#include "engines/ascend/options.h"
#include "engines/ascend/session.h"

namespace hpinfer::ascend {
namespace {

class AscendEngine final : public Engine {
 public:
  explicit AscendEngine(const DynamicLibrary& library) : api_(library) {}

  std::string_view name() const noexcept override { return "om"; }
  std::string version() const override { return api_.version(); }
  std::filesystem::path library() const override { return api_.library(); }
  std::vector<std::string> devices() const override;
  std::shared_ptr<const Session> create_session(const ModelSource& model,
                                                const SessionOptions& options) const override;
  void finish() const noexcept { api_.finish(); }

 private:
  const Api api_;
};

std::vector<std::string> AscendEngine::devices() const {
  const int count = api_.device_count();
  const char* kind = count > 0 ? api_.aclrtGetSocName() : nullptr;
  std::vector<std::string> list;
  for (int i = 0; i < count; ++i)
    list.push_back("NPU " + std::to_string(i) + ": " + (kind != nullptr ? kind : "Ascend"));
  return list;
}

std::shared_ptr<const Session> AscendEngine::create_session(const ModelSource& model,
                                                            const SessionOptions& options) const {
  check_model_source(model);
  check(model.weights.empty(), ErrorCode::kConfig,
        "weights has no effect on the om engine: a compiled model is one file; remove it");
  check(model.in_memory() || model.path.extension() == ".om", ErrorCode::kModelFormat,
        "the om engine reads models compiled by atc (.om); got ", model.path.string(),
        ": compile it with atc, or use another engine");
  check_options(options);
  std::string reason;
  const int count = api_.device_count(&reason);
  check(options.device.index < count, ErrorCode::kUnsupported, "there is no ",
        to_string(options.device), ": ",
        count == 0 ? reason : "AscendCL sees " + std::to_string(count) + " NPU(s)");
  return std::make_shared<AscendSession>(api_, model, resolve_options(options));
}

// The one of this process; the registry sees to it that nobody else comes meanwhile.
const AscendEngine* opened = nullptr;

}  // namespace

std::shared_ptr<const Engine> open_ascend(const DynamicLibrary& library) {
  // Never destroyed: sessions refer to it, and at exit AscendCL's own globals go first.
  opened = new AscendEngine(library);
  return {opened, [](const Engine*) {}};
}

void shut_down_ascend() noexcept {
  if (opened != nullptr) opened->finish();
}

}  // namespace hpinfer::ascend

#include "engines/openvino/openvino_engine.h"

#include <array>
#include <utility>

#include "engines/openvino/api.h"
#include "engines/openvino/model_source.h"
#include "engines/openvino/options.h"
#include "engines/openvino/session.h"

namespace hpinfer::openvino {
namespace {

constexpr const char* kDevice = "CPU";
constexpr std::size_t kMaxStrings = 64;  // keys and values of one compile call

// The C functions take properties as variable arguments; they read as many as they are told, so
// a fixed number of arguments, most of them null, serves every count.
template <typename Compile, std::size_t... I>
abi::Status call_with_properties(const Compile& compile, const Properties& properties,
                                 std::index_sequence<I...> /*indices*/) {
  check(properties.size() * 2 <= kMaxStrings, ErrorCode::kConfig, "at most ", kMaxStrings / 2,
        " OpenVINO properties can be set at once; got ", properties.size());
  std::array<const char*, kMaxStrings> strings{};
  std::size_t count = 0;
  for (const auto& [key, value] : properties) {
    strings[count++] = key.c_str();
    strings[count++] = value.c_str();
  }
  return compile(count, strings[I]...);
}

class OpenVinoEngine final : public Engine {
 public:
  explicit OpenVinoEngine(const DynamicLibrary& library)
      : api_(library), core_(api_.create_core(ErrorCode::kEngineUnavailable)) {}

  std::string_view name() const noexcept override { return "openvino"; }
  std::string version() const override { return api_.version(); }
  std::filesystem::path library() const override { return api_.library(); }
  std::vector<std::string> devices() const override;
  std::shared_ptr<const Session> create_session(const ModelSource& model,
                                                const SessionOptions& options) const override;

 private:
  Handle<abi::CompiledModel> compile(const ModelSource& model, const SessionOptions& options,
                                     const Properties& properties) const;
  [[noreturn]] void explain_failure(const std::string& words, const ModelSource& model,
                                    const SessionOptions& options) const;

  Api api_;
  Handle<abi::Core> core_;
};

std::vector<std::string> OpenVinoEngine::devices() const {
  abi::AvailableDevices raw{};
  api_.check_status(api_.ov_core_get_available_devices(core_.get(), &raw), ErrorCode::kEngine,
                    "cannot list the devices");
  const Handle<abi::AvailableDevices> owner(&raw, api_.ov_available_devices_free);
  return {raw.names, raw.names + raw.count};
}

std::shared_ptr<const Session> OpenVinoEngine::create_session(const ModelSource& model,
                                                              const SessionOptions& options) const {
  const SessionOptions resolved = resolve_options(options);
  const InspectedModel inspected = inspect_model(model);
  const Properties properties = compile_properties(resolved, model, inspected);
  Handle<abi::CompiledModel> compiled = compile(model, resolved, properties);
  check_precision(api_, compiled.get(), resolved);
  return std::make_shared<OpenVinoSession>(api_, std::move(compiled), inspected.signature,
                                           resolved);
}

// A file goes in by its path: with a cache directory OpenVINO then skips reading it.
Handle<abi::CompiledModel> OpenVinoEngine::compile(const ModelSource& model,
                                                   const SessionOptions& options,
                                                   const Properties& properties) const {
  constexpr std::make_index_sequence<kMaxStrings> kIndices;
  abi::CompiledModel* raw = nullptr;
  abi::Status status = abi::kOk;
  if (model.in_memory()) {
    const auto graph = read_model(api_, core_.get(), model);
    status = call_with_properties(
        [&](std::size_t count, auto... strings) {
          return api_.ov_core_compile_model(core_.get(), graph.get(), kDevice, count, &raw,
                                            strings...);
        },
        properties, kIndices);
  } else {
    const std::string path = model.path.string();
    status = call_with_properties(
        [&](std::size_t count, auto... strings) {
          return api_.ov_core_compile_model_from_file(core_.get(), path.c_str(), kDevice, count,
                                                      &raw, strings...);
        },
        properties, kIndices);
  }
  if (status != abi::kOk) explain_failure(api_.error_text(status), model, options);
  return {raw, api_.ov_compiled_model_free};
}

// Reading, options and compiling fail with one status; doing the first two again alone tells which
// it was.
void OpenVinoEngine::explain_failure(const std::string& words, const ModelSource& model,
                                     const SessionOptions& options) const {
  check_engine_config(api_, options);
  read_model(api_, core_.get(), model);
  fail(ErrorCode::kEngine, "OpenVINO cannot compile ",
       model.in_memory() ? "the model in memory" : model.path.string(), ": ", words);
}

}  // namespace

std::shared_ptr<const Engine> open_openvino(const DynamicLibrary& library) {
  // Never destroyed: sessions refer to it, and at exit OpenVINO's own globals go first.
  const auto* engine = new OpenVinoEngine(library);
  return {engine, [](const Engine*) {}};
}

}  // namespace hpinfer::openvino

#include "engines/registry.h"

#include <algorithm>
#include <cctype>
#include <mutex>
#include <span>

#include "core/dynamic_library.h"
#include "core/environment.h"
#ifdef HPINFER_ENABLE_OM
#include "engines/ascend/ascend_engine.h"
#endif
#ifdef HPINFER_ENABLE_ORT
#include "engines/onnxruntime/onnxruntime_engine.h"
#endif
#ifdef HPINFER_ENABLE_OPENVINO
#include "engines/openvino/openvino_engine.h"
#endif
#ifdef HPINFER_ENABLE_TRT
#include "engines/tensorrt/tensorrt_engine.h"
#endif

namespace hpinfer {
namespace {

using Opener = std::shared_ptr<const Engine> (*)(const DynamicLibrary&);

struct Entry {
  std::string_view name;
  const char* soname;  // for the loader's search path
  Opener open;
  const char* remedy = "";  // what to do where no library can be loaded
  void (*shut_down)() noexcept = nullptr;
};

std::span<const Entry> entries() {
  static const std::vector<Entry> list{
#ifdef HPINFER_ENABLE_ORT
      {"onnxruntime", "libonnxruntime.so.1", ort::open_onnxruntime},
#endif
#ifdef HPINFER_ENABLE_OPENVINO
      {"openvino", "libopenvino_c.so", openvino::open_openvino},
#endif
#ifdef HPINFER_ENABLE_TRT
      {"tensorrt", tensorrt::kSoname, tensorrt::open_tensorrt},
#endif
#ifdef HPINFER_ENABLE_OM
      {"om", "libascendcl.so", ascend::open_ascend,
       "; install CANN and source its set_env.sh, or set HPINFER_OM_LIBRARY to libascendcl.so",
       ascend::shut_down_ascend},
#endif
  };
  return list;
}

std::string name_list() {
  std::string text;
  for (const Entry& entry : entries())
    text += (text.empty() ? "'" : ", '") + std::string(entry.name) + "'";
  return text.empty() ? "none" : text;
}

const Entry& find_entry(std::string_view name) {
  const auto list = entries();
  const auto found = std::find_if(list.begin(), list.end(),
                                  [&](const Entry& entry) { return entry.name == name; });
  check(found != list.end(), ErrorCode::kConfig, "engine '", name,
        "' is not part of this build; it has: ", name_list());
  return *found;
}

std::vector<std::filesystem::path> search_order(
    const Entry& entry, const std::vector<std::filesystem::path>& candidates) {
  std::string variable(entry.name);
  std::transform(variable.begin(), variable.end(), variable.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  if (const auto forced = environment((variable + "_LIBRARY").c_str())) return {*forced};
  std::vector<std::filesystem::path> paths = candidates;
  paths.emplace_back(entry.soname);
  return paths;
}

std::shared_ptr<const Engine> load(const Entry& entry,
                                   const std::vector<std::filesystem::path>& candidates) {
  std::string reasons;
  for (const auto& path : search_order(entry, candidates)) {
    try {
      return entry.open(DynamicLibrary::open(path));
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kEngineUnavailable) throw;
      reasons += (reasons.empty() ? "" : "; ") + std::string(error.what());
    } catch (const std::exception& error) {  // of the library itself
      reasons += (reasons.empty() ? "" : "; ") + path.string() + " failed: " + error.what();
    }
  }
  fail(ErrorCode::kEngineUnavailable, "engine '", entry.name, "' is not usable here: ", reasons,
       entry.remedy);
}

// The loaded engines, by name.
struct Loaded {
  std::mutex mutex;
  std::map<std::string_view, std::shared_ptr<const Engine>> engines;
};

Loaded& loaded() {
  static Loaded all;
  return all;
}

}  // namespace

std::vector<std::string_view> compiled_engines() {
  std::vector<std::string_view> names;
  for (const Entry& entry : entries()) names.push_back(entry.name);
  return names;
}

std::shared_ptr<const Engine> open_engine(std::string_view name,
                                          const std::vector<std::filesystem::path>& candidates) {
  const Entry& entry = find_entry(name);
  Loaded& all = loaded();
  const std::lock_guard lock(all.mutex);
  std::shared_ptr<const Engine>& engine = all.engines[entry.name];
  if (!engine) engine = load(entry, candidates);
  return engine;
}

void shut_down_engines() noexcept {
  Loaded& all = loaded();
  const std::lock_guard lock(all.mutex);
  for (const Entry& entry : entries())
    if (entry.shut_down != nullptr) entry.shut_down();
}

}  // namespace hpinfer

#include "engines/openvino/cache.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <span>
#include <system_error>

#include "engines/mapped_file.h"

namespace hpinfer::openvino {
namespace {

namespace fs = std::filesystem;

// A hash against accidents, not against attackers, at memory speed. Multiply and fold a word at a
// time; the length goes in as well, so that files cannot run into each other.
class ContentHash {
 public:
  void add(std::span<const std::byte> bytes) {
    mix(bytes.size());
    while (bytes.size() >= sizeof(std::uint64_t)) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes.data(), sizeof(word));
      mix(word);
      bytes = bytes.subspan(sizeof(word));
    }
    std::uint64_t rest = 0;
    if (!bytes.empty()) std::memcpy(&rest, bytes.data(), bytes.size());
    mix(rest);
  }
  std::string hex() const {
    std::array<char, 17> text{};
    std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(state_));
    return text.data();
  }

 private:
  void mix(std::uint64_t word) noexcept {
    state_ = (state_ ^ word) * 0x9E3779B97F4A7C15U;
    state_ ^= state_ >> 32;
  }

  std::uint64_t state_ = 0x243F6A8885A308D3U;
};

// Names out of a model that lead out of its folder are no engine's to follow.
bool stays_beside(const fs::path& name) {
  return name.is_relative() && std::find(name.begin(), name.end(), fs::path("..")) == name.end();
}

// The model file and the files that OpenVINO finds beside it.
std::vector<fs::path> files_of(const ModelSource& model, const InspectedModel& inspected) {
  std::vector<fs::path> files{model.path};
  if (inspected.format == ModelFormat::kPaddle)
    files.push_back(fs::path(model.path).replace_extension(".pdiparams"));
  if (inspected.format == ModelFormat::kIr)
    files.push_back(fs::path(model.path).replace_extension(".bin"));
  if (inspected.signature)
    for (const std::string& name : inspected.signature->external_files)
      if (stays_beside(name)) files.push_back(model.path.parent_path() / name);
  return files;
}

}  // namespace

std::filesystem::path cache_folder(const std::filesystem::path& cache_dir, const ModelSource& model,
                                   const InspectedModel& inspected) {
  ContentHash hash;
  hash.add(model.bytes);
  hash.add(model.weights);
  if (!model.in_memory())
    for (const fs::path& file : files_of(model, inspected)) hash.add(MappedFile(file).bytes());
  const fs::path folder = cache_dir / hash.hex();
  std::error_code error;
  fs::create_directories(folder, error);
  check(!error && fs::is_directory(folder, error), ErrorCode::kConfig, "cache_dir ",
        cache_dir.string(),
        " cannot be created: ", error ? error.message() : "there is a file of that name");
  check(access(folder.c_str(), W_OK | X_OK) == 0, ErrorCode::kConfig, "cache_dir ", folder.string(),
        " is not writable");
  return folder;
}

}  // namespace hpinfer::openvino

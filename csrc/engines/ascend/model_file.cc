#include "engines/ascend/model_file.h"

namespace hpinfer::ascend {
namespace {

namespace fs = std::filesystem;

bool is_about_the_model(abi::Error status) {
  return (status >= abi::kFirstModelError && status <= abi::kLastModelError) ||
         (status >= abi::kFirstParameterError && status <= abi::kLastParameterError) ||
         status == abi::kLoadModelError;
}

void check_model(const Api& api, abi::Error status, const std::string& what) {
  if (status == abi::kSuccess) return;
  if (!is_about_the_model(status)) api.check_status(status, what);
  api.check_status(status,
                   what +
                       " (hpinfer reads models compiled by atc for this kind of NPU and by a "
                       "CANN that is not newer than the one installed)",
                   ErrorCode::kModelFormat);
}

}  // namespace

ModelFile::ModelFile(const ModelSource& source)
    : path_(source.path), bytes_(source.bytes.begin(), source.bytes.end()) {
  if (path_.empty()) return;
  std::error_code error;
  size_ = fs::file_size(path_, error);
  if (!error) time_ = fs::last_write_time(path_, error);
  check(!error, ErrorCode::kModelNotFound, "model file ", path_.string(),
        " cannot be read: ", error.message());
}

void ModelFile::check_unchanged() const {
  std::error_code error;
  const bool same =
      fs::file_size(path_, error) == size_ && fs::last_write_time(path_, error) == time_;
  check(same && !error, ErrorCode::kModelNotFound, path_.string(),
        " is not the file any more that this session was made from: make a new session");
}

ModelMemory ModelFile::memory(const Api& api) const {
  ModelMemory memory;
  if (path_.empty()) {
    check_model(api,
                api.aclmdlQuerySizeFromMem(bytes_.data(), bytes_.size(), &memory.workspace,
                                           &memory.weights),
                "read the model in memory");
  } else {
    check_model(api, api.aclmdlQuerySize(path_.c_str(), &memory.workspace, &memory.weights),
                "read " + path_.string());
  }
  return memory;
}

std::uint32_t ModelFile::load(const Api& api, const ModelMemory& memory, void* workspace,
                              void* weights) const {
  std::uint32_t id = 0;
  if (path_.empty()) {
    check_model(api,
                api.aclmdlLoadFromMemWithMem(bytes_.data(), bytes_.size(), &id, workspace,
                                             memory.workspace, weights, memory.weights),
                "load the model in memory");
  } else {
    check_unchanged();
    check_model(api,
                api.aclmdlLoadFromFileWithMem(path_.c_str(), &id, workspace, memory.workspace,
                                              weights, memory.weights),
                "load " + path_.string());
  }
  return id;
}

SharedWeights::SharedWeights(const Api& api, int device, std::size_t bytes)
    : context_(api, device) {
  const CurrentContext current(context_);
  buffer_ = std::make_unique<DeviceBuffer>(api);
  buffer_->require(bytes);
}

SharedWeights::~SharedWeights() {
  try {
    const CurrentContext current(context_);
    buffer_.reset();
  } catch (const Error&) {
    buffer_.reset();  // without the context it may be kept by the device, not by us
  }
}

}  // namespace hpinfer::ascend

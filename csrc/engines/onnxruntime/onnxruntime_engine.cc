#include "engines/onnxruntime/onnxruntime_engine.h"

#include "engines/onnxruntime/api.h"
#include "engines/onnxruntime/session.h"

namespace hpinfer::ort {
namespace {

class OnnxRuntimeEngine : public Engine {
 public:
  explicit OnnxRuntimeEngine(const DynamicLibrary& library)
      : path_(library.path()), api_(std::make_shared<const Api>(library)) {}

  std::string_view name() const noexcept override { return "onnxruntime"; }
  std::string version() const override { return api_->version(); }
  std::filesystem::path library() const override { return path_; }
  std::vector<std::string> devices() const override { return api_->available_providers(); }

  std::shared_ptr<const Session> create_session(const ModelSource& model,
                                                const SessionOptions& options) const override {
    return open_session(api_, model, options);
  }

 private:
  std::filesystem::path path_;
  std::shared_ptr<const Api> api_;
};

}  // namespace

std::shared_ptr<const Engine> open_onnxruntime(const DynamicLibrary& library) {
  return std::make_shared<const OnnxRuntimeEngine>(library);
}

}  // namespace hpinfer::ort

#include "engines/ascend/context.h"

#include <string>

namespace hpinfer::ascend {
namespace {

// A context of ours that this thread was left with. It may have been destroyed since.
thread_local abi::Context left_behind = nullptr;

abi::Context current_context(const Api& api) noexcept {
  abi::Context context = nullptr;
  if (api.aclrtGetCurrentContext(&context) == abi::kSuccess) return context;
  // Threads that have none yet get an error, whose words must not be those of a later one.
  api.aclGetRecentErrMsg();
  return nullptr;
}

// The context of others that this thread has; null if there is none.
abi::Context foreign_context(const Api& api) noexcept {
  const abi::Context context = current_context(api);
  return context == left_behind ? nullptr : context;
}

// Ends the work in `own` on a thread that had `before`.
void go_back(const Api& api, abi::Context before, abi::Context own) noexcept {
  left_behind = before == nullptr ? own : nullptr;
  if (before != nullptr)
    api.ignore_status(api.aclrtSetCurrentContext(before), "go back to a context");
}

}  // namespace

Context::Context(const Api& api, int device) : api_(api), device_(device) {
  api_.begin_use();
  const abi::Context before = foreign_context(api_);
  const std::string name = "npu:" + std::to_string(device);
  try {
    api_.check_status(api_.aclrtSetDevice(device_), "use " + name);
    try {
      api_.check_status(api_.aclrtCreateContext(&context_, device_), "make a context on " + name);
    } catch (const Error&) {
      api_.ignore_status(api_.aclrtResetDevice(device_), "leave " + name);
      throw;
    }
  } catch (const Error&) {
    go_back(api_, before, current_context(api_));
    api_.end_use();
    throw;
  }
  go_back(api_, before, context_);
}

Context::~Context() {
  api_.ignore_status(api_.aclrtDestroyContext(context_), "destroy a context");
  api_.ignore_status(api_.aclrtResetDevice(device_), "leave a device");
  api_.end_use();
}

CurrentContext::CurrentContext(const Context& context)
    : api_(context.api()), own_(context.get()), before_(foreign_context(api_)) {
  api_.check_status(api_.aclrtSetCurrentContext(own_), "change to a context");
}

CurrentContext::~CurrentContext() { go_back(api_, before_, own_); }

void* DeviceBuffer::require(std::size_t bytes) {
  if (bytes <= capacity_) return data_;
  release();
  void* data = nullptr;
  api_->check_status(api_->aclrtMalloc(&data, bytes, abi::kHugePagesFirst),
                     "allocate " + std::to_string(bytes) + " bytes on the NPU");
  data_ = data;
  capacity_ = bytes;
  return data_;
}

void DeviceBuffer::release() noexcept {
  if (data_ != nullptr) api_->ignore_status(api_->aclrtFree(data_), "free memory of the NPU");
  data_ = nullptr;
  capacity_ = 0;
}

}  // namespace hpinfer::ascend

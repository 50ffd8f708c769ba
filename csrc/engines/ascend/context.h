// A device in use, the context in which AscendCL works on it, and memory there.
#pragma once

#include <cstddef>
#include <utility>

#include "engines/ascend/api.h"

namespace hpinfer::ascend {

// A context of its own on a device. AscendCL loads, runs and unloads a model in one context.
class Context {
 public:
  // Throws Error(kEngine).
  Context(const Api& api, int device);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  const Api& api() const noexcept { return api_; }
  abi::Context get() const noexcept { return context_; }

 private:
  const Api& api_;
  const int device_;
  abi::Context context_ = nullptr;
};

// Makes a context the current one of this thread, and at the end the one before again, if that is
// one of others: AscendCL has no way to leave a thread without a context.
class CurrentContext {
 public:
  explicit CurrentContext(const Context& context);
  ~CurrentContext();
  CurrentContext(const CurrentContext&) = delete;
  CurrentContext& operator=(const CurrentContext&) = delete;

 private:
  const Api& api_;
  const abi::Context own_;
  const abi::Context before_;
};

// Memory of the device that grows and is kept. Used and destroyed with a context current.
class DeviceBuffer {
 public:
  explicit DeviceBuffer(const Api& api) : api_(&api) {}
  ~DeviceBuffer() { release(); }
  DeviceBuffer(DeviceBuffer&& other) noexcept
      : api_(other.api_),
        data_(std::exchange(other.data_, nullptr)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  DeviceBuffer& operator=(DeviceBuffer&&) = delete;

  // At least `bytes`, null for 0; what was in it is lost when it grows.
  void* require(std::size_t bytes);
  void* data() const noexcept { return data_; }
  std::size_t capacity() const noexcept { return capacity_; }

 private:
  void release() noexcept;

  const Api* api_;
  void* data_ = nullptr;
  std::size_t capacity_ = 0;
};

}  // namespace hpinfer::ascend

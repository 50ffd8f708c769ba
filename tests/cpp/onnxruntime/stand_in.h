// What the parts of the stand-in share: what it noted, and how it tells memory of a GPU.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "onnxruntime/ort_abi.h"

namespace abi = hpinfer::ort::abi;

#define STAND_IN_EXPORT __attribute__((visibility("default")))

namespace stand_in {

inline constexpr std::uintptr_t kDeviceBit = std::uintptr_t{1} << 60;
inline constexpr std::size_t kSlots = 420;
inline constexpr const char* kCuda = "CUDAExecutionProvider";
inline constexpr const char* kTensorRt = "TensorrtExecutionProvider";
inline constexpr const char* kCpu = "CPUExecutionProvider";

struct Provider {
  std::string name;
  std::map<std::string, std::string> options;
  std::uintptr_t stream = 0;
};

struct Node {
  std::string type;
};

struct Subgraph {
  std::string provider;
  std::vector<std::unique_ptr<Node>> nodes;
  std::vector<const abi::EpAssignedNode*> pointers;
};

struct GpuSession {
  std::vector<Provider> providers;
  std::vector<std::unique_ptr<Subgraph>> subgraphs;
  std::vector<const abi::EpAssignedSubgraph*> pointers;
};

struct Counters {
  long bound_runs = 0;
  long device_inputs = 0;
  long host_inputs = 0;
  long device_outputs = 0;
  long host_outputs = 0;
  long copies = 0;
};

struct State {
  std::mutex mutex;
  void* const* real = nullptr;
  std::uint32_t version = 0;
  std::vector<void*> slots;
  std::map<const void*, std::vector<Provider>> options;  // by abi::SessionOptions
  std::map<const void*, GpuSession> sessions;
  std::map<const void*, int> memory;                  // abi::MemoryInfo of a GPU to its index
  std::set<const void*> device_values;                // abi::Value in memory of a GPU
  std::map<const void*, std::vector<bool>> bindings;  // abi::IoBinding to: output stays on the GPU
  std::vector<Provider> last;                         // of the newest session on a GPU
  std::vector<std::uintptr_t> streams;
  Counters counters;
};

inline State& state() {
  static auto* const kept = new State;
  return *kept;
}

template <typename Function>
typename Function::Pointer real() {
  return reinterpret_cast<typename Function::Pointer>(state().real[Function::kSlot]);
}

inline abi::Status* failure(abi::ErrorCode code, const std::string& message) {
  using CreateStatus = abi::Status* (*)(abi::ErrorCode, const char*);
  return reinterpret_cast<CreateStatus>(state().real[0])(code, message.c_str());
}

inline std::string variable(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? "" : text;
}

inline int gpu_count() {
  const std::string text = variable("HPINFER_STAND_IN_GPUS");
  return text.empty() ? 2 : std::atoi(text.c_str());
}

inline std::uintptr_t number(const void* address) {
  return reinterpret_cast<std::uintptr_t>(address);
}
inline void* with_bit(void* address) {
  return reinterpret_cast<void*>(number(address) | kDeviceBit);
}
inline void* without_bit(const void* address) {
  return reinterpret_cast<void*>(number(address) & ~kDeviceBit);
}
inline bool is_device(const void* address) { return (number(address) & kDeviceBit) != 0; }

// Replaces the functions of the table for memory and runs; the others are in stand_in.cc.
template <typename Function>
void put(typename Function::Pointer function) {
  if (Function::kSince <= state().version)
    state().slots[Function::kSlot] = reinterpret_cast<void*>(function);
}

void put_memory_functions();

}  // namespace stand_in

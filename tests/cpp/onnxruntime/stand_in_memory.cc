// Memory and runs on the stand-in's GPUs, the CUDA runtime, and what was noted.
#include <cstring>
#include <sstream>

#include "stand_in.h"

namespace stand_in {
namespace {

// --- memory and runs ---

bool is_gpu(const abi::Session* session) {
  const std::lock_guard lock(state().mutex);
  return state().sessions.contains(session);
}

abi::Status* create_memory_info(const char* name, abi::AllocatorType type, int device,
                                abi::MemoryType memory_type, abi::MemoryInfo** info) {
  if (std::strcmp(name, "Cuda") != 0)
    return real<abi::CreateMemoryInfo>()(name, type, device, memory_type, info);
  if (auto* status =
          real<abi::CreateCpuMemoryInfo>()(abi::kDeviceAllocator, abi::kDefaultMemory, info))
    return status;
  const std::lock_guard lock(state().mutex);
  state().memory[*info] = device;
  return nullptr;
}

void release_memory_info(abi::MemoryInfo* info) {
  {
    const std::lock_guard lock(state().mutex);
    state().memory.erase(info);
  }
  real<abi::ReleaseMemoryInfo>()(info);
}

bool is_gpu_memory(const abi::MemoryInfo* info) {
  const std::lock_guard lock(state().mutex);
  return state().memory.contains(info);
}

abi::Status* create_tensor(const abi::MemoryInfo* info, void* data, std::size_t bytes,
                           const std::int64_t* dims, std::size_t rank, abi::ElementType type,
                           abi::Value** value) {
  const bool gpu = is_gpu_memory(info);
  if (bytes > 0 && gpu != is_device(data))
    return failure(abi::kInvalidArgument, gpu ? "memory of the host was given as that of a GPU"
                                              : "memory of a GPU was given as that of the host");
  auto* status = real<abi::CreateTensorWithDataAsOrtValue>()(info, without_bit(data), bytes, dims,
                                                             rank, type, value);
  if (status == nullptr && gpu) {
    const std::lock_guard lock(state().mutex);
    state().device_values.insert(*value);
  }
  return status;
}

bool on_device(const abi::Value* value) {
  const std::lock_guard lock(state().mutex);
  return state().device_values.contains(value);
}

abi::Status* get_data(abi::Value* value, void** data) {
  auto* status = real<abi::GetTensorMutableData>()(value, data);
  if (status == nullptr && on_device(value)) *data = with_bit(*data);
  return status;
}

void release_value(abi::Value* value) {
  {
    const std::lock_guard lock(state().mutex);
    state().device_values.erase(value);
  }
  real<abi::ReleaseValue>()(value);
}

abi::Status* bind_input(abi::IoBinding* binding, const char* name, const abi::Value* value) {
  const bool device = on_device(value);
  {
    const std::lock_guard lock(state().mutex);
    ++(device ? state().counters.device_inputs : state().counters.host_inputs);
  }
  return real<abi::BindInput>()(binding, name, value);
}

void note_output(const abi::IoBinding* binding, bool device, bool new_value) {
  const std::lock_guard lock(state().mutex);
  ++(device ? state().counters.device_outputs : state().counters.host_outputs);
  state().bindings[binding].push_back(device && new_value);
}

abi::Status* bind_output(abi::IoBinding* binding, const char* name, const abi::Value* value) {
  note_output(binding, on_device(value), false);
  return real<abi::BindOutput>()(binding, name, value);
}

abi::Status* bind_output_to_device(abi::IoBinding* binding, const char* name,
                                   const abi::MemoryInfo* info) {
  note_output(binding, is_gpu_memory(info), true);
  return real<abi::BindOutputToDevice>()(binding, name, info);
}

abi::Status* get_bound_outputs(const abi::IoBinding* binding, abi::Allocator* allocator,
                               abi::Value*** values, std::size_t* count) {
  auto* status = real<abi::GetBoundOutputValues>()(binding, allocator, values, count);
  const std::lock_guard lock(state().mutex);
  const auto& places = state().bindings[binding];
  for (std::size_t i = 0; status == nullptr && i < *count; ++i)
    if (places[i]) state().device_values.insert((*values)[i]);
  return status;
}

void release_binding(abi::IoBinding* binding) {
  {
    const std::lock_guard lock(state().mutex);
    state().bindings.erase(binding);
  }
  real<abi::ReleaseIoBinding>()(binding);
}

abi::Status* run(abi::Session* session, const abi::RunOptions* options,
                 const char* const* input_names, const abi::Value* const* inputs,
                 std::size_t input_count, const char* const* output_names, std::size_t output_count,
                 abi::Value** outputs) {
  if (is_gpu(session)) return failure(abi::kFail, "a session on a GPU was run without binding");
  return real<abi::Run>()(session, options, input_names, inputs, input_count, output_names,
                          output_count, outputs);
}

abi::Status* run_with_binding(abi::Session* session, const abi::RunOptions* options,
                              const abi::IoBinding* binding) {
  {
    const std::lock_guard lock(state().mutex);
    ++state().counters.bound_runs;
  }
  return real<abi::RunWithBinding>()(session, options, binding);
}

// The CPU release has no arena of a GPU that could shrink; a test may want to see its refusal.
abi::Status* add_run_entry(abi::RunOptions* options, const char* key, const char* value) {
  std::string text = value;
  const std::size_t gpu = text.find(";gpu:");
  if (gpu != std::string::npos && variable("HPINFER_STAND_IN_NO_GPU_ARENA").empty())
    text.resize(gpu);
  return real<abi::AddRunConfigEntry>()(options, key, text.c_str());
}

}  // namespace

void put_memory_functions() {
  put<abi::CreateMemoryInfo>(&create_memory_info);
  put<abi::ReleaseMemoryInfo>(&release_memory_info);
  put<abi::CreateTensorWithDataAsOrtValue>(&create_tensor);
  put<abi::GetTensorMutableData>(&get_data);
  put<abi::ReleaseValue>(&release_value);
  put<abi::BindInput>(&bind_input);
  put<abi::BindOutput>(&bind_output);
  put<abi::BindOutputToDevice>(&bind_output_to_device);
  put<abi::GetBoundOutputValues>(&get_bound_outputs);
  put<abi::ReleaseIoBinding>(&release_binding);
  put<abi::Run>(&run);
  put<abi::RunWithBinding>(&run_with_binding);
  put<abi::AddRunConfigEntry>(&add_run_entry);
}

}  // namespace stand_in

using stand_in::Counters;
using stand_in::gpu_count;
using stand_in::is_device;
using stand_in::number;
using stand_in::Provider;
using stand_in::state;
using stand_in::without_bit;

extern "C" {

// What happened, as JSON. Counters start again with each call.
STAND_IN_EXPORT const char* stand_in_report() {
  static std::string text;
  const std::lock_guard lock(state().mutex);
  std::ostringstream out;
  out << "{\"providers\": [";
  for (std::size_t i = 0; i < state().last.size(); ++i) {
    const Provider& provider = state().last[i];
    out << (i > 0 ? ", " : "") << "{\"name\": \"" << provider.name
        << "\", \"stream\": " << provider.stream << ", \"options\": {";
    bool first = true;
    for (const auto& [key, value] : provider.options) {
      out << (first ? "" : ", ") << '"' << key << "\": \"" << value << '"';
      first = false;
    }
    out << "}}";
  }
  const Counters& counters = state().counters;
  out << "], \"streams\": [";
  for (std::size_t i = 0; i < state().streams.size(); ++i)
    out << (i > 0 ? ", " : "") << state().streams[i];
  out << "], \"bound_runs\": " << counters.bound_runs
      << ", \"device_inputs\": " << counters.device_inputs
      << ", \"host_inputs\": " << counters.host_inputs
      << ", \"device_outputs\": " << counters.device_outputs
      << ", \"host_outputs\": " << counters.host_outputs << ", \"copies\": " << counters.copies
      << ", \"live_values\": " << state().device_values.size()
      << ", \"live_sessions\": " << state().sessions.size()
      << ", \"live_bindings\": " << state().bindings.size()
      << ", \"live_memory\": " << state().memory.size() << "}";
  text = out.str();
  state().counters = {};
  state().streams.clear();
  return text.c_str();
}

// --- the CUDA runtime ---

static thread_local int current_device = 0;

STAND_IN_EXPORT int cudaGetDevice(int* device) {
  *device = current_device;
  return 0;
}

STAND_IN_EXPORT int cudaSetDevice(int device) {
  if (device < 0 || device >= gpu_count()) return 101;
  current_device = device;
  return 0;
}

STAND_IN_EXPORT int cudaMemcpy(void* target, const void* source, std::size_t bytes, int kind) {
  if (kind != 2 || !is_device(source) || is_device(target)) return 21;
  std::memcpy(target, without_bit(source), bytes);
  const std::lock_guard lock(state().mutex);
  ++state().counters.copies;
  return 0;
}

STAND_IN_EXPORT int cudaStreamSynchronize(void* stream) {
  const std::lock_guard lock(state().mutex);
  state().streams.push_back(number(stream));
  return 0;
}

STAND_IN_EXPORT const char* cudaGetErrorString(int status) {
  return status == 101 ? "invalid device ordinal" : "invalid copy direction for memcpy";
}

}  // extern "C"

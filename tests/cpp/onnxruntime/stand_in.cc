// A stand-in for onnxruntime-gpu and libcudart on a machine without a GPU: the installed CPU
// release behind the same function table, with execution providers for GPUs that note what they are
// given. Models run for real, on the CPU. Memory of a GPU is memory of the host whose addresses
// have a bit set with which no processor accepts them, so that a use by the host faults.
//
// The Python tests build it (tests/python/cuda) and say where the real library is:
// HPINFER_STAND_IN_ONNXRUNTIME. Other variables make it fail as the real one does.
#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "onnxruntime/ort_abi.h"

namespace abi = hpinfer::ort::abi;

#define STAND_IN_EXPORT __attribute__((visibility("default")))

namespace {

constexpr std::uintptr_t kDeviceBit = std::uintptr_t{1} << 60;
constexpr std::size_t kSlots = 420;
constexpr const char* kCuda = "CUDAExecutionProvider";
constexpr const char* kTensorRt = "TensorrtExecutionProvider";
constexpr const char* kCpu = "CPUExecutionProvider";

// Options that the real providers know, as far as the tests use them.
const std::set<std::string>& known_options() {
  static const std::set<std::string> names{
      "device_id",       "cudnn_conv_algo_search", "arena_extend_strategy",
      "gpu_mem_limit",   "use_tf32",               "do_copy_in_default_stream",
      "prefer_nhwc",     "trt_fp16_enable",        "cudnn_conv_use_max_workspace",
      "enable_cuda_graph"};
  return names;
}

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
  std::map<const void*, int> memory;        // abi::MemoryInfo of a GPU to its index
  std::set<const void*> device_values;      // abi::Value in memory of a GPU
  std::map<const void*, std::vector<bool>> bindings;  // abi::IoBinding to: output stays on the GPU
  std::vector<Provider> last;  // of the newest session on a GPU
  std::vector<std::uintptr_t> streams;
  Counters counters;
};

State& state() {
  static auto* const kept = new State;
  return *kept;
}

template <typename Function>
typename Function::Pointer real() {
  return reinterpret_cast<typename Function::Pointer>(state().real[Function::kSlot]);
}

abi::Status* failure(abi::ErrorCode code, const std::string& message) {
  using CreateStatus = abi::Status* (*)(abi::ErrorCode, const char*);
  return reinterpret_cast<CreateStatus>(state().real[0])(code, message.c_str());
}

std::string variable(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? "" : text;
}

int gpu_count() {
  const std::string text = variable("HPINFER_STAND_IN_GPUS");
  return text.empty() ? 2 : std::atoi(text.c_str());
}

std::uintptr_t number(const void* address) { return reinterpret_cast<std::uintptr_t>(address); }
void* with_bit(void* address) { return reinterpret_cast<void*>(number(address) | kDeviceBit); }
void* without_bit(const void* address) {
  return reinterpret_cast<void*>(number(address) & ~kDeviceBit);
}
bool is_device(const void* address) { return (number(address) & kDeviceBit) != 0; }

// --- providers and their options ------------------------------------------------------------------

abi::Status* get_available_providers(char*** names, int* count) {
  char** own = nullptr;
  int own_count = 0;
  if (auto* status = real<abi::GetAvailableProviders>()(&own, &own_count)) return status;
  std::vector<std::string> all;
  if (variable("HPINFER_STAND_IN_CPU_BUILD").empty()) all = {kTensorRt, kCuda};
  all.insert(all.end(), own, own + own_count);
  real<abi::ReleaseAvailableProviders>()(own, own_count);
  *count = static_cast<int>(all.size());
  *names = new char*[all.size()];
  for (std::size_t i = 0; i < all.size(); ++i) (*names)[i] = strdup(all[i].c_str());
  return nullptr;
}

abi::Status* release_available_providers(char** names, int count) {
  for (int i = 0; i < count; ++i) std::free(names[i]);
  delete[] names;
  return nullptr;
}

abi::Status* update(Provider& provider, const char* const* keys, const char* const* values,
                    std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (!known_options().contains(keys[i]))
      return failure(abi::kInvalidArgument,
                     std::string("Unknown provider option: \"") + keys[i] + "\".");
    provider.options[keys[i]] = values[i];
  }
  return nullptr;
}

abi::Status* append(abi::SessionOptions* options, const Provider& provider) {
  const std::string error = variable("HPINFER_STAND_IN_APPEND_ERROR");
  if (!error.empty()) return failure(abi::kFail, error);
  const std::lock_guard lock(state().mutex);
  state().options[options].push_back(provider);
  return nullptr;
}

// The four functions of a provider's options object.
template <typename Object>
struct OptionFunctions {
  static Provider& of(Object* object) { return *reinterpret_cast<Provider*>(object); }
  static abi::Status* update_texts(Object* object, const char* const* keys,
                                   const char* const* values, std::size_t count) {
    return update(of(object), keys, values, count);
  }
  static abi::Status* update_value(Object* object, const char* key, void* value) {
    if (std::strcmp(key, "user_compute_stream") != 0)
      return failure(abi::kInvalidArgument, std::string("Unknown option ") + key);
    of(object).stream = number(value);
    return nullptr;
  }
  static abi::Status* append_to(abi::SessionOptions* options, const Object* object) {
    return append(options, *reinterpret_cast<const Provider*>(object));
  }
  static void release(Object* object) { delete &of(object); }
};
using CudaFunctions = OptionFunctions<abi::CudaProviderOptions>;
using TensorRtFunctions = OptionFunctions<abi::TensorRtProviderOptions>;

abi::Status* create_cuda_options(abi::CudaProviderOptions** object) {
  *object = reinterpret_cast<abi::CudaProviderOptions*>(new Provider{kCuda, {}, 0});
  return nullptr;
}

abi::Status* create_tensorrt_options(abi::TensorRtProviderOptions** object) {
  *object = reinterpret_cast<abi::TensorRtProviderOptions*>(new Provider{kTensorRt, {}, 0});
  return nullptr;
}

void release_session_options(abi::SessionOptions* options) {
  {
    const std::lock_guard lock(state().mutex);
    state().options.erase(options);
  }
  real<abi::ReleaseSessionOptions>()(options);
}

// --- sessions -------------------------------------------------------------------------------------

Subgraph& subgraph_of(GpuSession& session, const std::string& provider) {
  for (const auto& subgraph : session.subgraphs)
    if (subgraph->provider == provider) return *subgraph;
  session.subgraphs.push_back(std::make_unique<Subgraph>());
  session.subgraphs.back()->provider = provider;
  return *session.subgraphs.back();
}

// The nodes of the CPU session, moved to the first provider unless the test keeps them back.
void assign_nodes(const abi::Session* session, GpuSession& gpu) {
  if (state().version < abi::SessionGetEpGraphAssignmentInfo::kSince) return;
  const std::string kept = "," + variable("HPINFER_STAND_IN_CPU_OPERATORS") + ",";
  const abi::EpAssignedSubgraph* const* subgraphs = nullptr;
  std::size_t count = 0;
  if (real<abi::SessionGetEpGraphAssignmentInfo>()(session, &subgraphs, &count) != nullptr) return;
  for (std::size_t i = 0; i < count; ++i) {
    const abi::EpAssignedNode* const* nodes = nullptr;
    std::size_t node_count = 0;
    real<abi::EpAssignedSubgraphGetNodes>()(subgraphs[i], &nodes, &node_count);
    for (std::size_t k = 0; k < node_count; ++k) {
      const char* type = nullptr;
      real<abi::EpAssignedNodeGetOperatorType>()(nodes[k], &type);
      const bool stays =
          kept == ",all," || kept.find("," + std::string(type) + ",") != std::string::npos;
      Subgraph& target = subgraph_of(gpu, stays ? kCpu : gpu.providers.front().name);
      target.nodes.push_back(std::make_unique<Node>(Node{type}));
      target.pointers.push_back(
          reinterpret_cast<const abi::EpAssignedNode*>(target.nodes.back().get()));
    }
  }
  for (const auto& subgraph : gpu.subgraphs)
    gpu.pointers.push_back(reinterpret_cast<const abi::EpAssignedSubgraph*>(subgraph.get()));
}

abi::Status* check_devices(const std::vector<Provider>& providers) {
  const std::string error = variable("HPINFER_STAND_IN_SESSION_ERROR");
  if (!error.empty()) return failure(abi::kEngineError, error);
  for (const Provider& provider : providers) {
    const auto found = provider.options.find("device_id");
    const int device = found == provider.options.end() ? 0 : std::atoi(found->second.c_str());
    if (device >= gpu_count())
      return failure(abi::kRuntimeException, "CUDA failure 101: invalid device ordinal ; GPU=-1");
  }
  return nullptr;
}

void adopt(const abi::Session* session, const std::vector<Provider>& providers) {
  const std::lock_guard lock(state().mutex);
  GpuSession& gpu = state().sessions[session];
  gpu.providers = providers;
  state().last = providers;
  assign_nodes(session, gpu);
}

std::vector<Provider> providers_of(const abi::SessionOptions* options) {
  const std::lock_guard lock(state().mutex);
  const auto found = state().options.find(options);
  return found == state().options.end() ? std::vector<Provider>{} : found->second;
}

abi::Status* create_session(const abi::Env* env, const char* path,
                            const abi::SessionOptions* options, abi::Session** session) {
  const auto providers = providers_of(options);
  if (auto* status = check_devices(providers)) return status;
  if (auto* status = real<abi::CreateSession>()(env, path, options, session)) return status;
  if (!providers.empty()) adopt(*session, providers);
  return nullptr;
}

abi::Status* create_session_from_array(const abi::Env* env, const void* data, std::size_t bytes,
                                       const abi::SessionOptions* options,
                                       abi::Session** session) {
  const auto providers = providers_of(options);
  if (auto* status = check_devices(providers)) return status;
  if (auto* status = real<abi::CreateSessionFromArray>()(env, data, bytes, options, session))
    return status;
  if (!providers.empty()) adopt(*session, providers);
  return nullptr;
}

void release_session(abi::Session* session) {
  {
    const std::lock_guard lock(state().mutex);
    state().sessions.erase(session);
  }
  real<abi::ReleaseSession>()(session);
}

bool is_gpu(const abi::Session* session) {
  const std::lock_guard lock(state().mutex);
  return state().sessions.contains(session);
}

abi::Status* get_assignment(const abi::Session* session,
                            const abi::EpAssignedSubgraph* const** subgraphs, std::size_t* count) {
  const std::lock_guard lock(state().mutex);
  const auto found = state().sessions.find(session);
  if (found == state().sessions.end())
    return real<abi::SessionGetEpGraphAssignmentInfo>()(session, subgraphs, count);
  *subgraphs = found->second.pointers.data();
  *count = found->second.pointers.size();
  return nullptr;
}

abi::Status* get_provider_name(const abi::EpAssignedSubgraph* subgraph, const char** name) {
  *name = reinterpret_cast<const Subgraph*>(subgraph)->provider.c_str();
  return nullptr;
}

abi::Status* get_nodes(const abi::EpAssignedSubgraph* subgraph,
                       const abi::EpAssignedNode* const** nodes, std::size_t* count) {
  const auto& own = *reinterpret_cast<const Subgraph*>(subgraph);
  *nodes = own.pointers.data();
  *count = own.pointers.size();
  return nullptr;
}

abi::Status* get_operator_type(const abi::EpAssignedNode* node, const char** type) {
  *type = reinterpret_cast<const Node*>(node)->type.c_str();
  return nullptr;
}

// --- memory and runs ------------------------------------------------------------------------------

abi::Status* create_memory_info(const char* name, abi::AllocatorType type, int device,
                                abi::MemoryType memory_type, abi::MemoryInfo** info) {
  if (std::strcmp(name, "Cuda") != 0)
    return real<abi::CreateMemoryInfo>()(name, type, device, memory_type, info);
  if (auto* status = real<abi::CreateCpuMemoryInfo>()(abi::kDeviceAllocator, abi::kDefaultMemory,
                                                      info))
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
                 std::size_t input_count, const char* const* output_names,
                 std::size_t output_count, abi::Value** outputs) {
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

// --- the table ------------------------------------------------------------------------------------

template <typename Function>
void put(typename Function::Pointer function) {
  if (Function::kSince <= state().version)
    state().slots[Function::kSlot] = reinterpret_cast<void*>(function);
}

void fill_table() {
  state().slots.assign(kSlots, nullptr);
#define STAND_IN_COPY(name, slot, since, result, arguments) \
  if (since <= state().version) state().slots[slot] = state().real[slot];
  HPINFER_ORT_FUNCTIONS(STAND_IN_COPY)
#undef STAND_IN_COPY
  put<abi::GetAvailableProviders>(&get_available_providers);
  put<abi::ReleaseAvailableProviders>(&release_available_providers);
  put<abi::CreateCudaProviderOptions>(&create_cuda_options);
  put<abi::UpdateCudaProviderOptions>(&CudaFunctions::update_texts);
  put<abi::UpdateCudaProviderOptionsWithValue>(&CudaFunctions::update_value);
  put<abi::AppendCudaProvider>(&CudaFunctions::append_to);
  put<abi::ReleaseCudaProviderOptions>(&CudaFunctions::release);
  put<abi::CreateTensorRtProviderOptions>(&create_tensorrt_options);
  put<abi::UpdateTensorRtProviderOptions>(&TensorRtFunctions::update_texts);
  put<abi::UpdateTensorRtProviderOptionsWithValue>(&TensorRtFunctions::update_value);
  put<abi::AppendTensorRtProvider>(&TensorRtFunctions::append_to);
  put<abi::ReleaseTensorRtProviderOptions>(&TensorRtFunctions::release);
  put<abi::ReleaseSessionOptions>(&release_session_options);
  put<abi::CreateSession>(&create_session);
  put<abi::CreateSessionFromArray>(&create_session_from_array);
  put<abi::ReleaseSession>(&release_session);
  put<abi::SessionGetEpGraphAssignmentInfo>(&get_assignment);
  put<abi::EpAssignedSubgraphGetEpName>(&get_provider_name);
  put<abi::EpAssignedSubgraphGetNodes>(&get_nodes);
  put<abi::EpAssignedNodeGetOperatorType>(&get_operator_type);
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

const abi::ApiBase& real_base() {
  static const abi::ApiBase* const base = [] {
    void* library =
        dlopen(variable("HPINFER_STAND_IN_ONNXRUNTIME").c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) std::abort();
    return reinterpret_cast<abi::GetApiBase*>(dlsym(library, abi::kGetApiBase))();
  }();
  return *base;
}

void* const* get_api(std::uint32_t version) {
  state().real = real_base().get_api(version);
  if (state().real == nullptr) return nullptr;
  state().version = version;
  fill_table();
  return state().slots.data();
}

const char* get_version() { return real_base().get_version_string(); }

}  // namespace

extern "C" {

STAND_IN_EXPORT const abi::ApiBase* OrtGetApiBase() {
  static const abi::ApiBase base{&get_api, &get_version};
  return &base;
}

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

// --- the CUDA runtime -----------------------------------------------------------------------------

thread_local int current_device = 0;

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

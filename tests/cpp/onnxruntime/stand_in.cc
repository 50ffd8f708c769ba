// A stand-in for onnxruntime-gpu and libcudart on a machine without a GPU: the installed CPU
// release behind the same function table, with execution providers for GPUs that note what they are
// given. Models run for real, on the CPU. Memory of a GPU is memory of the host whose addresses
// have a bit set with which no processor accepts them, so that a use by the host faults.
//
// The Python tests build it (tests/python/cuda) and say where the real library is:
// HPINFER_STAND_IN_ONNXRUNTIME. Other variables make it fail as the real one does.
#include <dlfcn.h>

#include <array>
#include <cstring>

#include "stand_in.h"

namespace stand_in {
namespace {

// Options that the real providers know, as far as the tests use them.
const std::set<std::string>& known_options() {
  static const std::set<std::string> names{"device_id",
                                           "cudnn_conv_algo_search",
                                           "arena_extend_strategy",
                                           "gpu_mem_limit",
                                           "use_tf32",
                                           "do_copy_in_default_stream",
                                           "prefer_nhwc",
                                           "trt_fp16_enable",
                                           "cudnn_conv_use_max_workspace",
                                           "enable_cuda_graph"};
  return names;
}

// --- providers and their options ---

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

// --- sessions ---

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
                                       const abi::SessionOptions* options, abi::Session** session) {
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

// --- the table ---

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
  put_memory_functions();
}

const abi::ApiBase& real_base() {
  static const abi::ApiBase* const base = [] {
    void* library = dlopen(variable("HPINFER_STAND_IN_ONNXRUNTIME").c_str(), RTLD_NOW | RTLD_LOCAL);
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
}  // namespace stand_in

extern "C" STAND_IN_EXPORT const abi::ApiBase* OrtGetApiBase() {
  static const abi::ApiBase base{&stand_in::get_api, &stand_in::get_version};
  return &base;
}

#include "engines/onnxruntime/providers.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace hpinfer::ort {
namespace {

constexpr std::string_view kCpu = "CPUExecutionProvider";
constexpr std::string_view kCuda = "CUDAExecutionProvider";
constexpr std::string_view kTensorRt = "TensorrtExecutionProvider";
constexpr std::string_view kOpenVino = "OpenVINOExecutionProvider";
constexpr std::string_view kSuffix = "ExecutionProvider";

// The generic append function knows providers by a short name: mostly the long one without its
// suffix, but these are spelt differently.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kShortNames{{
    {"AzureExecutionProvider", "AZURE"},
    {"WebGpuExecutionProvider", "WebGPU"},
    {"XnnpackExecutionProvider", "XNNPACK"},
}};

std::string short_name(std::string_view name) {
  for (const auto& [full, brief] : kShortNames)
    if (name == full) return std::string(brief);
  if (name.ends_with(kSuffix)) name.remove_suffix(kSuffix.size());
  return std::string(name);
}

std::string name_list(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

// Keys and values as the two arrays of C strings that the library takes.
class OptionArrays {
 public:
  explicit OptionArrays(const ProviderOptions& provider) {
    for (const auto& [key, value] : provider.options) {
      keys_.push_back(key.c_str());
      values_.push_back(value.c_str());
    }
  }
  const char* const* keys() const { return keys_.data(); }
  const char* const* values() const { return values_.data(); }
  std::size_t size() const { return keys_.size(); }

 private:
  std::vector<const char*> keys_;
  std::vector<const char*> values_;
};

// Providers whose options are an object of their own: create, fill, append.
template <typename Create, typename Update, typename Append, typename Release>
std::optional<Failure> append_with_object(const Api& api, abi::SessionOptions* native,
                                          const ProviderOptions& provider) {
  const auto object = api.create<Create, Release>();
  const OptionArrays options(provider);
  if (auto failure =
          api.try_call<Update>(object.get(), options.keys(), options.values(), options.size()))
    return failure;
  return api.try_call<Append>(native, object.get());
}

std::optional<Failure> try_append(const Api& api, abi::SessionOptions* native,
                                  const ProviderOptions& provider) {
  if (provider.name == kCuda)
    return append_with_object<abi::CreateCudaProviderOptions, abi::UpdateCudaProviderOptions,
                              abi::AppendCudaProvider, abi::ReleaseCudaProviderOptions>(api, native,
                                                                                        provider);
  if (provider.name == kTensorRt)
    return append_with_object<abi::CreateTensorRtProviderOptions,
                              abi::UpdateTensorRtProviderOptions, abi::AppendTensorRtProvider,
                              abi::ReleaseTensorRtProviderOptions>(api, native, provider);
  const OptionArrays options(provider);
  if (provider.name == kOpenVino)
    return api.try_call<abi::AppendOpenVinoProvider>(native, options.keys(), options.values(),
                                                     options.size());
  return api.try_call<abi::AppendProvider>(native, short_name(provider.name).c_str(),
                                           options.keys(), options.values(), options.size());
}

// Codes and words of a failure do not tell a wrong option from a provider that cannot start;
// whether it starts without options does.
bool starts_without_options(const Api& api, const ProviderOptions& provider) {
  const auto scratch = api.create<abi::CreateSessionOptions, abi::ReleaseSessionOptions>();
  return !try_append(api, scratch.get(), {provider.name, {}});
}

void append_provider(const Api& api, abi::SessionOptions* native, const ProviderOptions& provider) {
  const auto failure = try_append(api, native, provider);
  if (!failure) return;
  if (!provider.options.empty() && starts_without_options(api, provider))
    fail(ErrorCode::kConfig, provider.name, " refuses its options: ", failure->message);
  fail(ErrorCode::kEngineUnavailable, "ONNX Runtime cannot start ", provider.name, ": ",
       failure->message);
}

bool takes_device_id(const ProviderOptions& provider) {
  return provider.name == kCuda || provider.name == kTensorRt;
}

void set_device(ProviderOptions& provider, Device device) {
  if (device.type != DeviceType::kGpu) return;
  const std::string index = std::to_string(device.index);
  const auto [entry, added] = provider.options.try_emplace("device_id", index);
  check(added || entry->second == index, ErrorCode::kConfig, "device '", to_string(device),
        "' contradicts device_id=", entry->second, " of ", provider.name, "; give one of them");
}

// Defaults for pictures of many sizes: the exhaustive search of cuDNN would run again for every
// new shape, and doubling the arena would waste the device's memory.
void set_cuda_defaults(ProviderOptions& provider, MemoryPolicy memory) {
  provider.options.try_emplace("cudnn_conv_algo_search", "HEURISTIC");
  if (memory == MemoryPolicy::kBounded)
    provider.options.try_emplace("arena_extend_strategy", "kSameAsRequested");
}

void check_cpu_provider(const std::vector<ProviderOptions>& providers) {
  for (std::size_t i = 0; i < providers.size(); ++i) {
    if (providers[i].name != kCpu) continue;
    check(i + 1 == providers.size(), ErrorCode::kConfig, kCpu,
          " must be the last of the providers: nothing would reach those after it");
    check(providers[i].options.empty(), ErrorCode::kConfig, kCpu,
          " takes no options; use num_threads and memory");
  }
}

}  // namespace

std::vector<ProviderOptions> wanted_providers(const SessionOptions& options) {
  check_cpu_provider(options.providers);
  std::vector<ProviderOptions> providers = options.providers;
  std::erase_if(providers, [](const ProviderOptions& provider) { return provider.name == kCpu; });
  const bool gpu = options.device.type == DeviceType::kGpu;
  if (gpu && options.providers.empty()) providers.push_back({std::string(kCuda), {}});
  check(!gpu || std::any_of(providers.begin(), providers.end(), takes_device_id),
        ErrorCode::kConfig, "device '", to_string(options.device), "' has no effect on these ",
        "providers; leave it out and give the provider's own device option");
  for (ProviderOptions& provider : providers) {
    if (takes_device_id(provider)) set_device(provider, options.device);
    if (provider.name == kCuda) set_cuda_defaults(provider, options.memory);
  }
  return providers;
}

void append_providers(const Api& api, abi::SessionOptions* native,
                      const std::vector<ProviderOptions>& providers) {
  const std::vector<std::string> available = api.available_providers();
  for (const ProviderOptions& provider : providers) {
    check(std::find(available.begin(), available.end(), provider.name) != available.end(),
          ErrorCode::kEngineUnavailable, "this ONNX Runtime ", api.version(), " has no '",
          provider.name, "'; it has: ", name_list(available),
          takes_device_id(provider) ? "; for an NVIDIA GPU: pip install hpinfer[gpu]" : "");
    append_provider(api, native, provider);
  }
}

}  // namespace hpinfer::ort

#include "engines/onnxruntime/providers.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

#include "engines/onnxruntime/provider_failure.h"

namespace hpinfer::ort {
namespace {

constexpr std::string_view kCpu = "CPUExecutionProvider";
constexpr std::string_view kCuda = "CUDAExecutionProvider";
constexpr std::string_view kTensorRt = "TensorrtExecutionProvider";
constexpr std::string_view kOpenVino = "OpenVINOExecutionProvider";
constexpr std::string_view kSuffix = "ExecutionProvider";
constexpr const char* kStream = "user_compute_stream";
constexpr const char* kMemoryLimit = "gpu_mem_limit";

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

// The address of a CUDA stream, which is taken out of the options: the library does not read it
// from text. Null where none is given; 0 is CUDA's own default stream and cannot be asked for.
void* take_stream(ProviderOptions& provider) {
  const auto found = provider.options.find(kStream);
  if (found == provider.options.end()) return nullptr;
  const std::string text = found->second;
  provider.options.erase(found);
  std::uintptr_t address = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), address);
  check(error == std::errc{} && end == text.data() + text.size() && address != 0,
        ErrorCode::kConfig, kStream, " of ", provider.name,
        " must be the address of a CUDA stream as a number above 0; got '", text, "'");
  return reinterpret_cast<void*>(address);
}

// Providers whose options are an object of their own: create, fill, append.
template <typename Create, typename Update, typename UpdateValue, typename Append, typename Release>
std::optional<Failure> append_with_object(const Api& api, abi::SessionOptions* native,
                                          ProviderOptions provider) {
  const auto object = api.create<Create, Release>();
  void* const stream = take_stream(provider);
  const OptionArrays options(provider);
  if (auto failure =
          api.try_call<Update>(object.get(), options.keys(), options.values(), options.size()))
    return failure;
  // After the texts: those reset it.
  if (stream != nullptr)
    if (auto failure = api.try_call<UpdateValue>(object.get(), kStream, stream)) return failure;
  return api.try_call<Append>(native, object.get());
}

std::optional<Failure> try_append(const Api& api, abi::SessionOptions* native,
                                  const ProviderOptions& provider) {
  if (provider.name == kCuda)
    return append_with_object<abi::CreateCudaProviderOptions, abi::UpdateCudaProviderOptions,
                              abi::UpdateCudaProviderOptionsWithValue, abi::AppendCudaProvider,
                              abi::ReleaseCudaProviderOptions>(api, native, provider);
  if (provider.name == kTensorRt)
    return append_with_object<abi::CreateTensorRtProviderOptions,
                              abi::UpdateTensorRtProviderOptions,
                              abi::UpdateTensorRtProviderOptionsWithValue,
                              abi::AppendTensorRtProvider, abi::ReleaseTensorRtProviderOptions>(
        api, native, provider);
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
  // The index of the GPU is an option too, and the first of them that needs a driver.
  if (!is_device_failure(failure->message) && !provider.options.empty() &&
      starts_without_options(api, provider))
    fail(ErrorCode::kConfig, provider.name, " refuses its options: ", failure->message);
  fail(ErrorCode::kEngineUnavailable, "ONNX Runtime cannot start ", provider.name, ": ",
       plain_failure(failure->message), provider_remedy(failure->message));
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

// Defaults for pictures of many sizes. cuDNN's exhaustive search, which is ONNX Runtime's default,
// runs again for every new shape: 10 141 ms where the heuristic takes 31 ms, PP-OCR on 16 shapes
// (PaddleX, pull request 5057). Doubling the arena would waste the device's memory.
void set_cuda_defaults(ProviderOptions& provider, MemoryPolicy memory) {
  provider.options.try_emplace("cudnn_conv_algo_search", "HEURISTIC");
  if (memory == MemoryPolicy::kBounded)
    provider.options.try_emplace("arena_extend_strategy", "kSameAsRequested");
}

void set_memory_limit(ProviderOptions& provider, int mib) {
  const std::string bytes = std::to_string(static_cast<std::uint64_t>(mib) << 20);
  const auto [entry, added] = provider.options.try_emplace(kMemoryLimit, bytes);
  check(added || entry->second == bytes, ErrorCode::kConfig, "gpu_memory_mib=", mib,
        " contradicts ", kMemoryLimit, "=", entry->second, " of ", provider.name,
        "; give one of them");
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
  check(options.gpu_memory_mib == 0 ||
            std::any_of(providers.begin(), providers.end(),
                        [](const ProviderOptions& provider) { return provider.name == kCuda; }),
        ErrorCode::kConfig, "gpu_memory_mib has no effect without ", kCuda,
        ": set device to 'gpu'");
  for (ProviderOptions& provider : providers) {
    if (takes_device_id(provider)) set_device(provider, options.device);
    if (provider.name != kCuda) continue;
    set_cuda_defaults(provider, options.memory);
    if (options.gpu_memory_mib > 0) set_memory_limit(provider, options.gpu_memory_mib);
  }
  return providers;
}

Device device_of(const std::vector<ProviderOptions>& providers) {
  for (const ProviderOptions& provider : providers) {
    if (!takes_device_id(provider)) continue;
    Device device{DeviceType::kGpu, 0};
    const auto found = provider.options.find("device_id");
    if (found == provider.options.end()) return device;
    const std::string& text = found->second;  // what is no number the library refuses
    std::from_chars(text.data(), text.data() + text.size(), device.index);
    return device;
  }
  return {};
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

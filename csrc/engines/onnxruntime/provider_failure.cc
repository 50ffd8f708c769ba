#include "engines/onnxruntime/provider_failure.h"

#include <algorithm>
#include <array>

namespace hpinfer::ort {
namespace {

constexpr std::string_view kNotFound = ": cannot open shared object file";

// Words with which CUDA says that there is no GPU, or none that can be used.
constexpr std::array<std::string_view, 8> kDeviceWords{"CUDA driver version is insufficient",
                                                       "CUDA driver is a stub library",
                                                       "CUDA_ERROR_NO_DEVICE",
                                                       "Invalid device ID",
                                                       "cudaErrorInsufficientDriver",
                                                       "cudaErrorNoDevice",
                                                       "invalid device ordinal",
                                                       "no CUDA-capable device"};

// The name of the library in "...: libX.so.1: cannot open shared object file: ...".
std::string missing_library(std::string_view message) {
  const std::size_t end = message.find(kNotFound);
  if (end == std::string_view::npos) return {};
  std::string_view name = message.substr(0, end);
  const std::size_t begin = name.find_last_of(" /");
  if (begin != std::string_view::npos) name.remove_prefix(begin + 1);
  return std::string(name);
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace

bool is_device_failure(std::string_view message) {
  return std::any_of(kDeviceWords.begin(), kDeviceWords.end(),
                     [&](std::string_view words) { return contains(message, words); });
}

std::string plain_failure(std::string_view message) {
  return std::string(message.substr(0, message.find(" ; GPU=")));
}

std::string provider_remedy(std::string_view message) {
  const std::string library = missing_library(message);
  if (library.starts_with("libcuda.so"))
    return ": " + library +
           " belongs to NVIDIA's driver, which is not installed here, or not "
           "given to this container";
  if (library.starts_with("libnvinfer") || library.starts_with("libnvonnxparser"))
    return ": " + library +
           " is a library of TensorRT: pip install tensorrt, or leave the "
           "provider out";
  if (library.starts_with("libcu") || library.starts_with("libnv"))
    return ": " + library +
           " is a library of CUDA: pip install 'onnxruntime-gpu[cuda,cudnn]', or "
           "put the folder of a CUDA installation of that release into LD_LIBRARY_PATH";
  if (is_device_failure(message))
    return ": there is no such NVIDIA GPU here, or its driver is older than this ONNX Runtime "
           "needs (nvidia-smi tells)";
  return {};
}

}  // namespace hpinfer::ort

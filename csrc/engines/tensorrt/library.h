// TensorRT's libraries, opened at run time and checked against the headers of this build.
#pragma once

#include <NvInfer.h>
#include <NvOnnxParser.h>

#include <memory>
#include <mutex>
#include <string>

#include "core/dynamic_library.h"
#include "engines/tensorrt/cuda_runtime.h"

namespace hpinfer::tensorrt {

class Library {
 public:
  // Throws Error(kEngineUnavailable) if it is not TensorRT, of another major release than the
  // headers, or if the CUDA runtime cannot be had.
  explicit Library(const DynamicLibrary& infer);

  const CudaRuntime& cuda() const noexcept { return cuda_; }
  const std::filesystem::path& path() const noexcept { return infer_.path(); }
  const std::string& version() const noexcept { return version_; }

  // Each throws Error(kEngine) with TensorRT's words. The runtime is made once.
  std::unique_ptr<nvinfer1::IBuilder> create_builder() const;
  nvinfer1::IRuntime& runtime() const;
  // The parser lies beside TensorRT or in the loader's path. Throws Error(kEngineUnavailable).
  std::unique_ptr<nvonnxparser::IParser> create_parser(nvinfer1::INetworkDefinition& network) const;

 private:
  DynamicLibrary open_companion(const std::string& stem) const;
  void register_plugins() const;

  DynamicLibrary infer_;
  std::string version_;
  CudaRuntime cuda_;
  mutable std::once_flag plugins_registered_;
  mutable std::mutex mutex_;
  mutable std::unique_ptr<nvinfer1::IRuntime> runtime_;
};

}  // namespace hpinfer::tensorrt

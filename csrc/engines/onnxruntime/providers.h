// Execution providers: the parts of ONNX Runtime that run a graph on a device other than the CPU.
#pragma once

#include "engines/engine.h"
#include "engines/onnxruntime/api.h"

namespace hpinfer::ort {

// The providers that the options ask for, in order, with the device and defaults filled in: those
// named, or CUDA for a GPU. The CPU's is not listed; ONNX Runtime always adds it last.
// Throws Error(kConfig) if device and providers contradict each other.
std::vector<ProviderOptions> wanted_providers(const SessionOptions& options);

// Where a session of these providers runs: the GPU of the first that has one, else the CPU.
Device device_of(const std::vector<ProviderOptions>& providers);

// Adds the providers. ONNX Runtime would run on the CPU without a word where one is missing; here
// that is an error: kEngineUnavailable if the library has no such provider or cannot start it, with
// what is missing and what to install, kConfig if the provider refuses an option.
void append_providers(const Api& api, abi::SessionOptions* native,
                      const std::vector<ProviderOptions>& providers);

}  // namespace hpinfer::ort

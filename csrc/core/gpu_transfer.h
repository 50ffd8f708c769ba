// What callers outside the engines need of an NVIDIA GPU, through the CUDA runtime that is opened
// at run time: no toolkit is needed to build it.
#pragma once

#include <cstdint>

#include "core/device.h"
#include "core/tensor.h"

namespace hpinfer {

// Copies a tensor that lies on a GPU to host memory of its size; done when it returns. Throws
// Error: kEngineUnavailable without a CUDA runtime, kEngine with CUDA's words.
void copy_to_host(const TensorView& source, void* target);

// Waits until the work that was put on a CUDA stream of the device is done. The stream is its
// address; 1 and 2 are CUDA's default streams (legacy, of the thread). Throws as copy_to_host.
void wait_for_stream(Device device, std::uintptr_t stream);

}  // namespace hpinfer

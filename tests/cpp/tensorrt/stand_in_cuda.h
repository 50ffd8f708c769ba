// What the stand-in for the CUDA runtime tells the stand-in for TensorRT, and the tests.
#pragma once

#include <cuda_runtime_api.h>

#include <functional>

#define STAND_IN_EXPORT __attribute__((visibility("default")))

// Memory "of the GPU" is memory of the host at another address: using the device address on the
// host is a fault of the processor. This gives the real one.
extern "C" STAND_IN_EXPORT void* stand_in_host_address(const void* device_address);

// Work is put into streams and done when a stream is synchronised: a result that is read before is
// not there yet.
STAND_IN_EXPORT void stand_in_enqueue(cudaStream_t stream, std::function<void()> work);

extern "C" {
// Live allocations and streams, for tests of leaks.
STAND_IN_EXPORT int stand_in_device_buffers();
STAND_IN_EXPORT int stand_in_pinned_buffers();
STAND_IN_EXPORT int stand_in_streams();
// All device allocations so far.
STAND_IN_EXPORT long stand_in_allocations();
// Text of the GPU in plans.
STAND_IN_EXPORT const char* stand_in_gpu();
}

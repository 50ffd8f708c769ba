// Functions that are compiled for the device and, by any C++ compiler, for the host: there they are
// tested against the CPU kernels without a GPU.
#pragma once

#ifdef __CUDACC__
#define HPINFER_DEVICE __host__ __device__
#else
#define HPINFER_DEVICE
#endif

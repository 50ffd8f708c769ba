// The part of AscendCL's C interface (libascendcl.so) that hpinfer calls, declared by us: names,
// argument lists, structure layouts and numbers, from the documentation of CANN 8.0 and 8.5, where
// they are as in CANN 5.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ascendcl {

using Error = int;     // 0 = success
using DataType = int;  // a C enumeration
using Format = int;    // a C enumeration
using Context = void*;

inline constexpr Error kSuccess = 0;
inline constexpr Error kRepeatInitialize = 100002;
inline constexpr Error kRepeatFinalize = 100037;
// The model file or its bytes cannot be read, parsed or matched.
inline constexpr Error kFirstModelError = 100003;
inline constexpr Error kLastModelError = 100018;
inline constexpr Error kFirstParameterError = 145000;
inline constexpr Error kLastParameterError = 145999;
inline constexpr Error kLoadModelError = 545001;
// No memory: of the interface, of the runtime, of the graph engine.
inline constexpr Error kBadAlloc = 200000;
inline constexpr Error kRuntimeMemory = 207001;
inline constexpr Error kEngineMemory = 245000;

inline constexpr DataType kFloat = 0;
inline constexpr DataType kFloat16 = 1;
inline constexpr DataType kInt8 = 2;
inline constexpr DataType kInt32 = 3;
inline constexpr DataType kUInt8 = 4;
inline constexpr DataType kInt64 = 9;
inline constexpr DataType kDouble = 11;
inline constexpr DataType kBool = 12;

inline constexpr int kHostToDevice = 1;
inline constexpr int kDeviceToHost = 2;
inline constexpr int kHugePagesFirst = 0;  // memory policy

// An input that the compiler adds to a model with several shapes; the functions that choose a
// shape fill it.
inline constexpr const char* kShapeInput = "ascend_mbatch_shape_data";
// An input that a model compiled with dynamic pre-processing (AIPP) has.
inline constexpr const char* kPreprocessingInput = "ascend_dynamic_aipp_data";

inline constexpr std::size_t kAnyIndex = static_cast<std::size_t>(-1);
inline constexpr std::int64_t kOpenDim = -1;
inline constexpr std::int64_t kUnknownRank = -2;

// Opaque objects, each destroyed by the function of its kind.
struct ModelDesc;
struct Dataset;
struct DataBuffer;
struct TensorDesc;

struct Dims {
  char name[128];
  std::size_t count;
  std::int64_t dims[128];
};

struct BatchSizes {
  std::size_t count;
  std::uint64_t sizes[128];
};

struct ImageSizes {
  std::size_t count;
  std::uint64_t sizes[128][2];  // height, width
};

}  // namespace ascendcl

// X(name, return type, argument list). Strings belong to the library.
#define ASCENDCL_FUNCTIONS(X)                                                                    \
  X(aclInit, Error, (const char* config))                                                        \
  X(aclFinalize, Error, ())                                                                      \
  X(aclGetRecentErrMsg, const char*, ())                                                         \
  X(aclrtGetVersion, Error, (std::int32_t* major, std::int32_t* minor, std::int32_t* patch))     \
  X(aclrtGetSocName, const char*, ())                                                            \
  X(aclrtGetDeviceCount, Error, (std::uint32_t*))                                                \
  X(aclrtSetDevice, Error, (std::int32_t))                                                       \
  X(aclrtResetDevice, Error, (std::int32_t))                                                     \
  X(aclrtCreateContext, Error, (Context*, std::int32_t device))                                  \
  X(aclrtDestroyContext, Error, (Context))                                                       \
  X(aclrtSetCurrentContext, Error, (Context))                                                    \
  X(aclrtGetCurrentContext, Error, (Context*))                                                   \
  X(aclrtMalloc, Error, (void**, std::size_t bytes, int policy))                                 \
  X(aclrtFree, Error, (void*))                                                                   \
  X(aclrtMemcpy, Error, (void* to, std::size_t room, const void* from, std::size_t, int kind))   \
  X(aclCreateDataBuffer, DataBuffer*, (void*, std::size_t bytes))                                \
  X(aclDestroyDataBuffer, Error, (const DataBuffer*))                                            \
  X(aclUpdateDataBuffer, Error, (DataBuffer*, void*, std::size_t bytes))                         \
  X(aclGetDataBufferAddr, void*, (const DataBuffer*))                                            \
  X(aclGetDataBufferSizeV2, std::size_t, (const DataBuffer*))                                    \
  X(aclCreateTensorDesc, TensorDesc*, (DataType, int rank, const std::int64_t*, Format))         \
  X(aclDestroyTensorDesc, void, (const TensorDesc*))                                             \
  X(aclGetTensorDescNumDims, std::size_t, (const TensorDesc*))                                   \
  X(aclGetTensorDescDimV2, Error, (const TensorDesc*, std::size_t index, std::int64_t*))         \
  X(aclmdlQuerySize, Error, (const char* path, std::size_t* work, std::size_t* weights))         \
  X(aclmdlQuerySizeFromMem, Error,                                                               \
    (const void*, std::size_t, std::size_t* work, std::size_t* weights))                         \
  X(aclmdlLoadFromFileWithMem, Error,                                                            \
    (const char* path, std::uint32_t* id, void* work, std::size_t, void* weights, std::size_t))  \
  X(aclmdlLoadFromMemWithMem, Error,                                                             \
    (const void*, std::size_t, std::uint32_t* id, void* work, std::size_t, void* weights,        \
     std::size_t))                                                                               \
  X(aclmdlUnload, Error, (std::uint32_t id))                                                     \
  X(aclmdlCreateDesc, ModelDesc*, ())                                                            \
  X(aclmdlDestroyDesc, Error, (ModelDesc*))                                                      \
  X(aclmdlGetDesc, Error, (ModelDesc*, std::uint32_t id))                                        \
  X(aclmdlGetNumInputs, std::size_t, (ModelDesc*))                                               \
  X(aclmdlGetNumOutputs, std::size_t, (ModelDesc*))                                              \
  X(aclmdlGetInputNameByIndex, const char*, (const ModelDesc*, std::size_t))                     \
  X(aclmdlGetOutputNameByIndex, const char*, (const ModelDesc*, std::size_t))                    \
  X(aclmdlGetInputDataType, DataType, (const ModelDesc*, std::size_t))                           \
  X(aclmdlGetOutputDataType, DataType, (const ModelDesc*, std::size_t))                          \
  X(aclmdlGetInputFormat, Format, (const ModelDesc*, std::size_t))                               \
  X(aclmdlGetInputSizeByIndex, std::size_t, (ModelDesc*, std::size_t))                           \
  X(aclmdlGetOutputSizeByIndex, std::size_t, (ModelDesc*, std::size_t))                          \
  X(aclmdlGetInputDims, Error, (const ModelDesc*, std::size_t, Dims*))                           \
  X(aclmdlGetOutputDims, Error, (const ModelDesc*, std::size_t, Dims*))                          \
  X(aclmdlGetCurOutputDims, Error, (const ModelDesc*, std::size_t, Dims*))                       \
  X(aclmdlGetDynamicBatch, Error, (const ModelDesc*, BatchSizes*))                               \
  X(aclmdlGetDynamicHW, Error, (const ModelDesc*, std::size_t, ImageSizes*))                     \
  X(aclmdlGetInputDynamicGearCount, Error, (const ModelDesc*, std::size_t, std::size_t* count))  \
  X(aclmdlGetInputDynamicDims, Error, (const ModelDesc*, std::size_t, Dims*, std::size_t count)) \
  X(aclmdlCreateDataset, Dataset*, ())                                                           \
  X(aclmdlDestroyDataset, Error, (const Dataset*))                                               \
  X(aclmdlAddDatasetBuffer, Error, (Dataset*, DataBuffer*))                                      \
  X(aclmdlSetDatasetTensorDesc, Error, (Dataset*, TensorDesc*, std::size_t))                     \
  X(aclmdlGetDatasetTensorDesc, TensorDesc*, (const Dataset*, std::size_t))                      \
  X(aclmdlSetDynamicBatchSize, Error, (std::uint32_t id, Dataset*, std::size_t, std::uint64_t))  \
  X(aclmdlSetDynamicHWSize, Error,                                                               \
    (std::uint32_t id, Dataset*, std::size_t, std::uint64_t height, std::uint64_t width))        \
  X(aclmdlSetInputDynamicDims, Error, (std::uint32_t id, Dataset*, std::size_t, const Dims*))    \
  X(aclmdlExecute, Error, (std::uint32_t id, const Dataset*, Dataset*))

namespace ascendcl {

struct Functions {
#define ASCENDCL_MEMBER(name, result, arguments) result(*name) arguments = nullptr;
  ASCENDCL_FUNCTIONS(ASCENDCL_MEMBER)
#undef ASCENDCL_MEMBER
};

}  // namespace ascendcl

// Our own declaration of the part of ONNX Runtime's C ABI that hpinfer calls.
//
// The library exports one function, OrtGetApiBase. It leads to a table of function pointers that
// only ever grows: a function keeps its slot for ever, and the API version of a release equals its
// minor version. So a slot number and the version that introduced it are all that a caller needs,
// and no header of the library is used. Versions tested: third_party/README.md.
//
// Conventions of the ABI: a returned OrtStatus* is null on success and owned by the caller
// otherwise; names and configuration are UTF-8 C strings that the callee copies.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hpinfer::ort::abi {

// Opaque objects. Each is freed by the Release function of its name.
struct Allocator;
struct CudaProviderOptions;
struct Env;
struct EpAssignedNode;      // belongs to its session
struct EpAssignedSubgraph;  // belongs to its session
struct IoBinding;
struct MemoryInfo;
struct RunOptions;
struct Session;
struct SessionOptions;
struct Status;
struct TensorRtProviderOptions;
struct TensorTypeAndShapeInfo;
struct TypeInfo;
struct Value;

struct ApiBase {
  // The table for an API version; null if the library is older (it then also prints a complaint).
  void* const* (*get_api)(std::uint32_t version);
  const char* (*get_version_string)();  // "1.19.2"
};
using GetApiBase = const ApiBase*();
inline constexpr const char* kGetApiBase = "OrtGetApiBase";

enum ErrorCode : int {
  kFail = 1,
  kInvalidArgument = 2,
  kNoSuchFile = 3,
  kNoModel = 4,
  kEngineError = 5,
  kRuntimeException = 6,
  kInvalidProtobuf = 7,
  kModelLoaded = 8,
  kNotImplemented = 9,
  kInvalidGraph = 10,
  kProviderFailed = 11,
};

enum LoggingLevel : int { kVerbose = 0, kInfo = 1, kWarning = 2, kError = 3, kFatal = 4 };
using LoggingFunction = void (*)(void* user, LoggingLevel severity, const char* category,
                                 const char* log_id, const char* location, const char* message);

enum OptimizationLevel : int { kDisableAll = 0, kBasic = 1, kExtended = 2, kAll = 99 };
enum ExecutionMode : int { kSequential = 0 };
enum ValueKind : int { kTensor = 1 };
enum AllocatorType : int { kDeviceAllocator = 0 };
enum MemoryType : int { kDefaultMemory = 0 };

enum ElementType : int {
  kFloat = 1,
  kUInt8 = 2,
  kInt8 = 3,
  kUInt16 = 4,
  kInt16 = 5,
  kInt32 = 6,
  kInt64 = 7,
  kString = 8,
  kBool = 9,
  kFloat16 = 10,
  kDouble = 11,
  kUInt32 = 12,
  kUInt64 = 13,
  kBFloat16 = 16,
};

// X(name, slot, API version that introduced it, result, arguments)
// clang-format off
#define HPINFER_ORT_FUNCTIONS(X)                                                                   \
  X(GetErrorCode, 1, 1, ErrorCode, (const Status*))                                                \
  X(GetErrorMessage, 2, 1, const char*, (const Status*))                                           \
  X(CreateEnvWithCustomLogger, 4, 1, Status*,                                                      \
    (LoggingFunction, void* user, LoggingLevel, const char* log_id, Env**))                        \
  X(CreateSession, 7, 1, Status*,                                                                  \
    (const Env*, const char* path, const SessionOptions*, Session**))                              \
  X(CreateSessionFromArray, 8, 1, Status*,                                                         \
    (const Env*, const void* data, std::size_t bytes, const SessionOptions*, Session**))           \
  X(Run, 9, 1, Status*,                                                                            \
    (Session*, const RunOptions*, const char* const* input_names, const Value* const* inputs,      \
     std::size_t input_count, const char* const* output_names, std::size_t output_count,           \
     Value** outputs))                                                                             \
  X(CreateSessionOptions, 10, 1, Status*, (SessionOptions**))                                      \
  X(SetOptimizedModelFilePath, 11, 1, Status*, (SessionOptions*, const char* path))                \
  X(SetSessionExecutionMode, 13, 1, Status*, (SessionOptions*, ExecutionMode))                     \
  X(DisableMemPattern, 17, 1, Status*, (SessionOptions*))                                          \
  X(SetSessionLogSeverityLevel, 22, 1, Status*, (SessionOptions*, int level))                      \
  X(SetSessionGraphOptimizationLevel, 23, 1, Status*, (SessionOptions*, OptimizationLevel))        \
  X(SetIntraOpNumThreads, 24, 1, Status*, (SessionOptions*, int threads))                          \
  X(SetInterOpNumThreads, 25, 1, Status*, (SessionOptions*, int threads))                          \
  X(SessionGetInputCount, 30, 1, Status*, (const Session*, std::size_t*))                          \
  X(SessionGetOutputCount, 31, 1, Status*, (const Session*, std::size_t*))                         \
  X(SessionGetInputTypeInfo, 33, 1, Status*, (const Session*, std::size_t index, TypeInfo**))      \
  X(SessionGetOutputTypeInfo, 34, 1, Status*, (const Session*, std::size_t index, TypeInfo**))     \
  X(SessionGetInputName, 36, 1, Status*,                                                           \
    (const Session*, std::size_t index, Allocator*, char** name))                                  \
  X(SessionGetOutputName, 37, 1, Status*,                                                          \
    (const Session*, std::size_t index, Allocator*, char** name))                                  \
  X(CreateRunOptions, 39, 1, Status*, (RunOptions**))                                              \
  X(CreateTensorWithDataAsOrtValue, 49, 1, Status*,                                                \
    (const MemoryInfo*, void* data, std::size_t bytes, const std::int64_t* dims, std::size_t rank, \
     ElementType, Value**))                                                                        \
  X(GetTensorMutableData, 51, 1, Status*, (Value*, void** data))                                   \
  X(CastTypeInfoToTensorInfo, 55, 1, Status*, (const TypeInfo*, const TensorTypeAndShapeInfo**))   \
  X(GetOnnxTypeFromTypeInfo, 56, 1, Status*, (const TypeInfo*, ValueKind*))                        \
  X(GetTensorElementType, 60, 1, Status*, (const TensorTypeAndShapeInfo*, ElementType*))           \
  X(GetDimensionsCount, 61, 1, Status*, (const TensorTypeAndShapeInfo*, std::size_t* rank))        \
  X(GetDimensions, 62, 1, Status*,                                                                 \
    (const TensorTypeAndShapeInfo*, std::int64_t* dims, std::size_t rank))                         \
  X(GetTensorTypeAndShape, 65, 1, Status*, (const Value*, TensorTypeAndShapeInfo**))               \
  X(CreateMemoryInfo, 68, 1, Status*,                                                              \
    (const char* name, AllocatorType, int device, MemoryType, MemoryInfo**))                       \
  X(CreateCpuMemoryInfo, 69, 1, Status*, (AllocatorType, MemoryType, MemoryInfo**))                \
  X(AllocatorFree, 76, 1, Status*, (Allocator*, void*))                                            \
  X(GetAllocatorWithDefaultOptions, 78, 1, Status*, (Allocator**))                                 \
  X(ReleaseStatus, 93, 1, void, (Status*))                                                         \
  X(ReleaseMemoryInfo, 94, 1, void, (MemoryInfo*))                                                 \
  X(ReleaseSession, 95, 1, void, (Session*))                                                       \
  X(ReleaseValue, 96, 1, void, (Value*))                                                           \
  X(ReleaseRunOptions, 97, 1, void, (RunOptions*))                                                 \
  X(ReleaseTypeInfo, 98, 1, void, (TypeInfo*))                                                     \
  X(ReleaseTensorTypeAndShapeInfo, 99, 1, void, (TensorTypeAndShapeInfo*))                         \
  X(ReleaseSessionOptions, 100, 1, void, (SessionOptions*))                                        \
  X(GetAvailableProviders, 125, 4, Status*, (char*** names, int* count))                           \
  X(ReleaseAvailableProviders, 126, 4, Status*, (char** names, int count))                         \
  X(AddSessionConfigEntry, 130, 5, Status*, (SessionOptions*, const char* key, const char* value)) \
  X(RunWithBinding, 133, 5, Status*, (Session*, const RunOptions*, const IoBinding*))              \
  X(CreateIoBinding, 134, 5, Status*, (Session*, IoBinding**))                                     \
  X(ReleaseIoBinding, 135, 5, void, (IoBinding*))                                                  \
  X(BindInput, 136, 5, Status*, (IoBinding*, const char* name, const Value*))                      \
  X(BindOutput, 137, 5, Status*, (IoBinding*, const char* name, const Value*))                     \
  X(BindOutputToDevice, 138, 5, Status*, (IoBinding*, const char* name, const MemoryInfo*))        \
  X(GetBoundOutputValues, 140, 5, Status*,                                                         \
    (const IoBinding*, Allocator*, Value*** values, std::size_t* count))                           \
  X(AddRunConfigEntry, 165, 8, Status*, (RunOptions*, const char* key, const char* value))         \
  X(AppendTensorRtProvider, 170, 9, Status*, (SessionOptions*, const TensorRtProviderOptions*))    \
  X(CreateTensorRtProviderOptions, 171, 9, Status*, (TensorRtProviderOptions**))                   \
  X(UpdateTensorRtProviderOptions, 172, 9, Status*,                                                \
    (TensorRtProviderOptions*, const char* const* keys, const char* const* values,                 \
     std::size_t count))                                                                           \
  X(UpdateTensorRtProviderOptionsWithValue, 261, 16, Status*,                                      \
    (TensorRtProviderOptions*, const char* key, void* value))                                      \
  X(ReleaseTensorRtProviderOptions, 174, 9, void, (TensorRtProviderOptions*))                      \
  X(AppendCudaProvider, 204, 11, Status*, (SessionOptions*, const CudaProviderOptions*))           \
  X(CreateCudaProviderOptions, 205, 11, Status*, (CudaProviderOptions**))                          \
  X(UpdateCudaProviderOptions, 206, 11, Status*,                                                   \
    (CudaProviderOptions*, const char* const* keys, const char* const* values, std::size_t count)) \
  X(UpdateCudaProviderOptionsWithValue, 263, 16, Status*,                                          \
    (CudaProviderOptions*, const char* key, void* value))                                          \
  X(ReleaseCudaProviderOptions, 208, 11, void, (CudaProviderOptions*))                             \
  X(AppendProvider, 216, 12, Status*,                                                              \
    (SessionOptions*, const char* name, const char* const* keys, const char* const* values,        \
     std::size_t count))                                                                           \
  X(SetUserLoggingFunction, 266, 17, Status*, (SessionOptions*, LoggingFunction, void* user))      \
  X(AppendOpenVinoProvider, 275, 17, Status*,                                                      \
    (SessionOptions*, const char* const* keys, const char* const* values, std::size_t count))      \
  X(HasShape, 390, 24, bool, (const TensorTypeAndShapeInfo*))                                      \
  X(SessionGetEpGraphAssignmentInfo, 407, 24, Status*,                                             \
    (const Session*, const EpAssignedSubgraph* const** subgraphs, std::size_t* count))             \
  X(EpAssignedSubgraphGetEpName, 408, 24, Status*, (const EpAssignedSubgraph*, const char** name)) \
  X(EpAssignedSubgraphGetNodes, 409, 24, Status*,                                                  \
    (const EpAssignedSubgraph*, const EpAssignedNode* const** nodes, std::size_t* count))          \
  X(EpAssignedNodeGetOperatorType, 412, 24, Status*, (const EpAssignedNode*, const char** type))
// clang-format on

// Oldest release whose wheels contain the shared library, and the newest API version that this
// table was tested with. A newer library is asked for this version, which it keeps serving.
inline constexpr std::uint32_t kMinApiVersion = 19;
inline constexpr std::uint32_t kMaxApiVersion = 31;

// One type for each function: its pointer type, slot and first version.
#define HPINFER_ORT_DECLARE(name, slot, since, result, arguments) \
  struct name {                                                   \
    using Pointer = result(*) arguments;                          \
    static constexpr const char* kName = #name;                   \
    static constexpr std::size_t kSlot = slot;                    \
    static constexpr std::uint32_t kSince = since;                \
  };
HPINFER_ORT_FUNCTIONS(HPINFER_ORT_DECLARE)
#undef HPINFER_ORT_DECLARE

// The table that the library returned for `version`.
class Table {
 public:
  Table(void* const* slots, std::uint32_t version) : slots_(slots), version_(version) {}

  // The function, or null if it is newer than the table.
  template <typename Function>
  typename Function::Pointer find() const noexcept {
    if (Function::kSince > version_) return nullptr;
    return reinterpret_cast<typename Function::Pointer>(slots_[Function::kSlot]);
  }
  std::uint32_t version() const noexcept { return version_; }

 private:
  void* const* slots_;
  std::uint32_t version_;
};

}  // namespace hpinfer::ort::abi

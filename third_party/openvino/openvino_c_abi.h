// The part of OpenVINO's C interface (libopenvino_c) that hpinfer calls, declared by us: names,
// argument lists and structure layouts, equal in every release since 2024.6.
#pragma once

#include <cstddef>
#include <cstdint>

namespace openvino_c {

using Status = int;       // 0 = success
using ElementType = int;  // the numbering differs between releases: probe before use

inline constexpr Status kOk = 0;
// These are found by the C interface itself and leave the last error message as it was, except
// kUnknownException.
inline constexpr Status kBadArgument = -14;
inline constexpr Status kUnknownException = -17;

// Opaque objects, each freed by the function of its kind.
struct Core;
struct Model;
struct CompiledModel;
struct InferRequest;
struct Tensor;
struct ConstPort;

// Strings are freed with ov_version_free.
struct Version {
  const char* build_number;
  const char* description;
};

// Freed with ov_available_devices_free.
struct AvailableDevices {
  char** names;
  std::size_t count;
};

// When filled by the library, freed with ov_shape_free.
struct Shape {
  std::int64_t rank;
  std::int64_t* dims;
};

// An interval; max is -1 when there is no upper bound.
struct Dimension {
  std::int64_t min;
  std::int64_t max;
};

// Freed with ov_partial_shape_free. The rank is an interval as well.
struct PartialShape {
  Dimension rank;
  Dimension* dims;
};

}  // namespace openvino_c

// X(name, return type, argument list). Strings that come back through `char**` are freed with
// ov_free. Properties are passed as pairs of C strings; the count is that of the strings.
#define OPENVINO_C_REQUIRED(X)                                                                   \
  X(ov_get_openvino_version, Status, (Version*))                                                 \
  X(ov_version_free, void, (Version*))                                                           \
  X(ov_get_error_info, const char*, (Status))                                                    \
  X(ov_free, void, (const char*))                                                                \
  X(ov_core_create, Status, (Core**))                                                            \
  X(ov_core_free, void, (Core*))                                                                 \
  X(ov_core_get_available_devices, Status, (const Core*, AvailableDevices*))                     \
  X(ov_available_devices_free, void, (AvailableDevices*))                                        \
  X(ov_core_set_property, Status, (const Core*, const char* device, ...))                        \
  X(ov_core_get_property, Status, (const Core*, const char* device, const char* key, char**))    \
  X(ov_core_read_model, Status, (const Core*, const char* path, const char* weights, Model**))   \
  X(ov_core_read_model_from_memory_buffer, Status,                                               \
    (const Core*, const char* model, std::size_t size, const Tensor* weights, Model**))          \
  X(ov_core_compile_model, Status,                                                               \
    (const Core*, const Model*, const char* device, std::size_t strings, CompiledModel**, ...))  \
  X(ov_core_compile_model_from_file, Status,                                                     \
    (const Core*, const char* path, const char* device, std::size_t strings, CompiledModel**,    \
     ...))                                                                                       \
  X(ov_model_free, void, (Model*))                                                               \
  X(ov_compiled_model_inputs_size, Status, (const CompiledModel*, std::size_t*))                 \
  X(ov_compiled_model_outputs_size, Status, (const CompiledModel*, std::size_t*))                \
  X(ov_compiled_model_input_by_index, Status, (const CompiledModel*, std::size_t, ConstPort**))  \
  X(ov_compiled_model_input_by_name, Status, (const CompiledModel*, const char*, ConstPort**))   \
  X(ov_compiled_model_output_by_index, Status, (const CompiledModel*, std::size_t, ConstPort**)) \
  X(ov_compiled_model_get_property, Status, (const CompiledModel*, const char* key, char**))     \
  X(ov_compiled_model_create_infer_request, Status, (const CompiledModel*, InferRequest**))      \
  X(ov_compiled_model_free, void, (CompiledModel*))                                              \
  X(ov_port_get_any_name, Status, (const ConstPort*, char**))                                    \
  X(ov_port_get_element_type, Status, (const ConstPort*, ElementType*))                          \
  X(ov_port_get_partial_shape, Status, (const ConstPort*, PartialShape*))                        \
  X(ov_output_const_port_free, void, (ConstPort*))                                               \
  X(ov_partial_shape_free, void, (PartialShape*))                                                \
  X(ov_shape_free, Status, (Shape*))                                                             \
  X(ov_tensor_create, Status, (ElementType, Shape, Tensor**))                                    \
  X(ov_tensor_create_from_host_ptr, Status, (ElementType, Shape, void*, Tensor**))               \
  X(ov_tensor_data, Status, (const Tensor*, void**))                                             \
  X(ov_tensor_get_shape, Status, (const Tensor*, Shape*))                                        \
  X(ov_tensor_get_byte_size, Status, (const Tensor*, std::size_t*))                              \
  X(ov_tensor_free, void, (Tensor*))                                                             \
  X(ov_infer_request_set_input_tensor_by_index, Status,                                          \
    (InferRequest*, std::size_t, const Tensor*))                                                 \
  X(ov_infer_request_set_output_tensor_by_index, Status,                                         \
    (InferRequest*, std::size_t, const Tensor*))                                                 \
  X(ov_infer_request_get_output_tensor_by_index, Status,                                         \
    (const InferRequest*, std::size_t, Tensor**))                                                \
  X(ov_infer_request_infer, Status, (InferRequest*))                                             \
  X(ov_infer_request_free, void, (InferRequest*))

// May be missing. The result is freed with ov_free.
#define OPENVINO_C_OPTIONAL(X) X(ov_get_last_err_msg, const char*, ())

namespace openvino_c {

// ov::CompiledModel::release_memory() of libopenvino, which libopenvino_c depends on. `object` is
// the ov::CompiledModel; an openvino_c::CompiledModel begins with the pointer to it.
inline constexpr const char* kReleaseMemorySymbol = "_ZN2ov13CompiledModel14release_memoryEv";
using ReleaseMemory = void(void* object);

struct Functions {
#define OPENVINO_C_MEMBER(name, result, arguments) result(*name) arguments = nullptr;
  OPENVINO_C_REQUIRED(OPENVINO_C_MEMBER)
  OPENVINO_C_OPTIONAL(OPENVINO_C_MEMBER)
#undef OPENVINO_C_MEMBER
};

}  // namespace openvino_c

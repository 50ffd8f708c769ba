#include "engines/onnxruntime/values.h"

#include <array>
#include <optional>
#include <utility>

namespace hpinfer::ort {
namespace {

constexpr std::array<std::pair<DType, abi::ElementType>, 8> kElementTypes{{
    {DType::kFloat32, abi::kFloat},
    {DType::kFloat16, abi::kFloat16},
    {DType::kFloat64, abi::kDouble},
    {DType::kInt8, abi::kInt8},
    {DType::kUInt8, abi::kUInt8},
    {DType::kInt32, abi::kInt32},
    {DType::kInt64, abi::kInt64},
    {DType::kBool, abi::kBool},
}};

abi::ElementType element_type(DType dtype) {
  for (const auto& [ours, theirs] : kElementTypes)
    if (ours == dtype) return theirs;
  fail(ErrorCode::kInternal, "no ONNX element type for ", dtype_name(dtype));
}

std::optional<DType> dtype_of_element(abi::ElementType element) {
  for (const auto& [ours, theirs] : kElementTypes)
    if (theirs == element) return ours;
  return std::nullopt;
}

std::string element_name(abi::ElementType element) {
  switch (element) {
    case abi::kUInt16:
      return "uint16";
    case abi::kInt16:
      return "int16";
    case abi::kUInt32:
      return "uint32";
    case abi::kUInt64:
      return "uint64";
    case abi::kBFloat16:
      return "bfloat16";
    case abi::kString:
      return "string";
    default:
      return "of ONNX element type " + std::to_string(element);
  }
}

Shape dimensions(const Api& api, const abi::TensorTypeAndShapeInfo* info) {
  std::size_t rank = 0;
  api.call<abi::GetDimensionsCount>(info, &rank);
  check(rank <= Shape::kMaxRank, ErrorCode::kUnsupported, "a tensor of the model has ", rank,
        " dimensions; at most ", Shape::kMaxRank, " are supported");
  std::array<std::int64_t, Shape::kMaxRank> dims{};
  api.call<abi::GetDimensions>(info, dims.data(), rank);
  return Shape(std::span(dims.data(), rank));
}

// Without dimensions, a tensor is a scalar or of unknown rank; releases before 1.24 do not say
// which, and unknown is the answer that refuses nothing (ONNX Runtime itself checks at run).
bool is_scalar(const Api& api, const abi::TensorTypeAndShapeInfo* info) {
  const auto has_shape = api.find<abi::HasShape>();
  return has_shape != nullptr && has_shape(info);
}

TensorInfo tensor_info(const Api& api, std::string role, std::string name,
                       const abi::TypeInfo* type) {
  abi::ValueKind kind{};
  api.call<abi::GetOnnxTypeFromTypeInfo>(type, &kind);
  check(kind == abi::kTensor, ErrorCode::kUnsupported, role, " '", name,
        "' of the model is not a tensor (ONNX type ", static_cast<int>(kind), ")");
  const abi::TensorTypeAndShapeInfo* info = nullptr;  // belongs to `type`
  api.call<abi::CastTypeInfoToTensorInfo>(type, &info);
  abi::ElementType element{};
  api.call<abi::GetTensorElementType>(info, &element);
  const auto dtype = dtype_of_element(element);
  check(dtype.has_value(), ErrorCode::kUnsupported, role, " '", name, "' of the model is ",
        element_name(element), "; supported are float32, float16, float64, int8, uint8, int32, ",
        "int64 and bool");
  const Shape shape = dimensions(api, info);
  return {std::move(name), *dtype, shape, shape.rank() > 0 || is_scalar(api, info)};
}

// The functions that describe one side of a model.
template <typename Count, typename Name, typename Type>
std::vector<TensorInfo> infos(const Api& api, const abi::Session* session, const char* role) {
  std::size_t count = 0;
  api.call<Count>(session, &count);
  std::vector<TensorInfo> list;
  for (std::size_t i = 0; i < count; ++i) {
    char* text = nullptr;
    api.call<Name>(session, i, api.default_allocator(), &text);
    std::string name(text);
    api.call<abi::AllocatorFree>(api.default_allocator(), static_cast<void*>(text));
    const auto type = api.create<Type, abi::ReleaseTypeInfo>(session, i);
    list.push_back(tensor_info(api, role, std::move(name), type.get()));
  }
  return list;
}

}  // namespace

std::vector<TensorInfo> input_infos(const Api& api, const abi::Session* session) {
  return infos<abi::SessionGetInputCount, abi::SessionGetInputName, abi::SessionGetInputTypeInfo>(
      api, session, "input");
}

std::vector<TensorInfo> output_infos(const Api& api, const abi::Session* session) {
  return infos<abi::SessionGetOutputCount, abi::SessionGetOutputName,
               abi::SessionGetOutputTypeInfo>(api, session, "output");
}

Handle<abi::Value> borrow_value(const Api& api, const TensorView& view,
                                const abi::MemoryInfo* memory) {
  // A tensor without elements may have no memory, but the library wants an address.
  static std::int64_t nowhere = 0;
  void* data = view.data != nullptr ? view.data : &nowhere;
  return api.create<abi::CreateTensorWithDataAsOrtValue, abi::ReleaseValue>(
      memory, data, view.num_bytes(), view.shape.data(), view.shape.rank(),
      element_type(view.dtype));
}

TensorView value_view(const Api& api, abi::Value* value, DType dtype, Device device) {
  const auto info = api.create<abi::GetTensorTypeAndShape, abi::ReleaseTensorTypeAndShapeInfo>(
      static_cast<const abi::Value*>(value));
  abi::ElementType element{};
  api.call<abi::GetTensorElementType>(static_cast<const abi::TensorTypeAndShapeInfo*>(info.get()),
                                      &element);
  check(element == element_type(dtype), ErrorCode::kEngine, "ONNX Runtime announced a ",
        dtype_name(dtype), " output and returned another element type");
  TensorView view{dtype, dimensions(api, info.get()), nullptr, device};
  api.call<abi::GetTensorMutableData>(value, &view.data);
  return view;
}

}  // namespace hpinfer::ort

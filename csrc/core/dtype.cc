#include "core/dtype.h"

#include <array>
#include <utility>

namespace hpinfer {
namespace {

constexpr std::array<std::pair<DType, std::string_view>, 8> kNames{{
    {DType::kFloat32, "float32"},
    {DType::kFloat16, "float16"},
    {DType::kFloat64, "float64"},
    {DType::kInt8, "int8"},
    {DType::kUInt8, "uint8"},
    {DType::kInt32, "int32"},
    {DType::kInt64, "int64"},
    {DType::kBool, "bool"},
}};

}  // namespace

std::string_view dtype_name(DType dtype) noexcept {
  for (const auto& [value, name] : kNames)
    if (value == dtype) return name;
  return "unknown";
}

std::optional<DType> dtype_from_name(std::string_view name) noexcept {
  for (const auto& [value, text] : kNames)
    if (text == name) return value;
  return std::nullopt;
}

}  // namespace hpinfer

#include "vision/operators.h"

#include <utility>

namespace hpinfer::vision {
namespace {

constexpr std::pair<Interpolation, std::string_view> kInterpolations[] = {
    {Interpolation::kNearest, "nearest"},
    {Interpolation::kLinear, "linear"},
    {Interpolation::kCubic, "cubic"},
    {Interpolation::kArea, "area"},
    {Interpolation::kLanczos4, "lanczos4"},
    {Interpolation::kPilBilinear, "pil_bilinear"},
    {Interpolation::kPilBicubic, "pil_bicubic"},
};

}  // namespace

std::string_view interpolation_name(Interpolation interpolation) noexcept {
  for (const auto& [value, name] : kInterpolations)
    if (value == interpolation) return name;
  return "unknown";
}

Interpolation interpolation_from_name(std::string_view name) {
  for (const auto& [value, known] : kInterpolations)
    if (known == name) return value;
  fail(ErrorCode::kConfig, "interpolation must be nearest, linear, cubic, area, lanczos4, ",
       "pil_bilinear or pil_bicubic; got '", name, "'");
}

std::string_view operator_name(const Operator& op) noexcept {
  constexpr std::string_view kNames[] = {
      "DetResize",       "RecResize",   "ResizeExact", "ResizeSide",
      "ResizeKeepRatio", "CenterFrame", "CenterCrop",  "SetColorOrder",
      "Normalize",       "Pad",         "ToChw"};
  static_assert(std::size(kNames) == std::variant_size_v<Operator>);
  return kNames[op.index()];
}

}  // namespace hpinfer::vision

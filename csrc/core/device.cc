#include "core/device.h"

#include <charconv>

#include "core/error.h"

namespace hpinfer {

std::string_view device_type_name(DeviceType type) noexcept {
  switch (type) {
    case DeviceType::kCpu:
      return "cpu";
    case DeviceType::kGpu:
      return "gpu";
    case DeviceType::kNpu:
      return "npu";
  }
  return "unknown";
}

std::string to_string(Device device) {
  std::string text(device_type_name(device.type));
  if (device.type != DeviceType::kCpu) text += ":" + std::to_string(device.index);
  return text;
}

Device parse_device(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  Device device;
  if (name == "cpu" && colon == std::string_view::npos) return device;
  const bool accelerator = name == "gpu" || name == "npu";
  if (accelerator) device.type = name == "gpu" ? DeviceType::kGpu : DeviceType::kNpu;
  bool valid = accelerator;
  if (accelerator && colon != std::string_view::npos) {
    const std::string_view digits = text.substr(colon + 1);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), device.index);
    valid = error == std::errc{} && end == digits.data() + digits.size() && device.index >= 0;
  }
  check(valid, ErrorCode::kInvalidInput, "device must be 'cpu', 'gpu', 'gpu:N', 'npu' or 'npu:N'; ",
        "got '", text, "'");
  return device;
}

}  // namespace hpinfer

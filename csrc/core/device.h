// Where memory lives and work runs.
#pragma once

#include <string>
#include <string_view>

namespace hpinfer {

enum class DeviceType { kCpu, kGpu, kNpu };

struct Device {
  DeviceType type = DeviceType::kCpu;
  int index = 0;

  friend bool operator==(const Device&, const Device&) = default;
};

std::string_view device_type_name(DeviceType type) noexcept;

// "cpu", "gpu:0"
std::string to_string(Device device);

// Parses "cpu", "gpu", "gpu:1", "npu:0". Throws Error(kInvalidInput) for anything else.
Device parse_device(std::string_view text);

}  // namespace hpinfer

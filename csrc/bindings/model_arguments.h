// How Python hands over a model and the places to look for an engine.
#pragma once

#include <pybind11/pybind11.h>

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace hpinfer::bindings {

using Paths = std::vector<std::filesystem::path>;

// The content of a bytes object, which must outlive the result; empty for None.
inline std::span<const std::byte> bytes_of(const std::optional<pybind11::bytes>& bytes) {
  if (!bytes) return {};
  const std::string_view view = *bytes;
  return std::as_bytes(std::span(view.data(), view.size()));
}

}  // namespace hpinfer::bindings

// Pictures as callers hand them over: any size, stride, direction of rows, dtype and order.
#pragma once

#include <cstdint>
#include <vector>

#include "core/cpu.h"
#include "core/image.h"
#include "input.h"

namespace hpinfer::fuzz {

// Owns exactly the bytes that the view may touch: none after the last pixel of the last row.
struct Picture {
  std::vector<std::uint8_t> bytes;
  ImageView view;
};

// Sides of at most `longest`, and at most `most` pixels.
inline Picture picture(Input& input, int longest = 300, int most = 20000) {
  Picture result;
  ImageView& view = result.view;
  view.width = input.range(0, longest);
  view.height = std::min(input.range(0, longest), most / std::max(view.width, 1));
  view.channels = input.pick({3, 3, 3, 3, 3, 1, 4, 2});
  view.dtype = input.pick({DType::kUInt8, DType::kUInt8, DType::kUInt8, DType::kFloat32});
  view.order = input.pick({ColorOrder::kBgr, ColorOrder::kRgb, ColorOrder::kGray});
  const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(view.width) * view.channels *
                             static_cast<std::ptrdiff_t>(dtype_size(view.dtype));
  const std::ptrdiff_t gap = input.pick({0, 0, 1, 5, 64}) * (view.dtype == DType::kUInt8 ? 1 : 4);
  const bool flipped = input.flag();
  if (!view.empty())
    result.bytes.resize(static_cast<std::size_t>((row + gap) * (view.height - 1) + row));
  // Few bytes of the input go a long way: most faults of geometry do not depend on the pixels.
  const auto seed = input.raw<std::uint32_t>();
  for (std::size_t i = 0; i < result.bytes.size(); ++i)
    result.bytes[i] = static_cast<std::uint8_t>((i * 2654435761U + seed) >> 13U);
  view.row_stride = flipped ? -(row + gap) : row + gap;
  view.data = result.bytes.data();
  if (flipped && !view.empty()) view.data = result.bytes.data() + (row + gap) * (view.height - 1);
  return result;
}

inline Isa any_isa(Input& input) {
  static const std::vector<Isa> isas = supported_isas();
  return isas[input.byte() % isas.size()];
}

// Whether the pixels of a result are where its size says.
inline void require_whole(const Image& image) {
  require(image.height >= 0 && image.width >= 0, "a picture has no negative side");
  require(image.pixels.size() == static_cast<std::size_t>(image.height) *
                                     static_cast<std::size_t>(image.width) *
                                     static_cast<std::size_t>(image.channels),
          "a picture has the pixels that its size says");
}

}  // namespace hpinfer::fuzz

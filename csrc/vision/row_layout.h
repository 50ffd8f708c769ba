// How a horizontally resized row of a three-channel picture lies in memory between the two passes.
#pragma once

namespace hpinfer::vision {

inline constexpr int kChannels = 3;
inline constexpr int kLoadBytes = 8;  // one load brings both neighbours (6 bytes)

// Blocks of 16 pixels, 48 int16 words (value >> 4, so below 32641): words 2i and 2i+1 hold channels
// 0 and 1 of pixel i (i < 16); words 32+2i and 33+2i hold channel 2 of pixels i and i+8 (i < 8). As
// 32-bit lanes, the low and high halves are planar, which makes de-interleaving free.
inline constexpr int kBlockPixels = 16;
inline constexpr int kBlockWords = kBlockPixels * kChannels;

constexpr int block_count(int pixels) { return (pixels + kBlockPixels - 1) / kBlockPixels; }

}  // namespace hpinfer::vision

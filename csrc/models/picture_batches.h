// How pictures of mixed sizes are cut into runs of one tensor.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "vision/placement.h"

namespace hpinfer::models {

// Neighbours [begin, begin + count) that go through the network together.
struct PictureRun {
  std::size_t begin;
  std::size_t count;
};

// Runs of at most `batch_size` neighbours whose tensors have one size.
inline std::vector<PictureRun> picture_runs(std::span<const vision::Placement> placements,
                                            int batch_size) {
  std::vector<PictureRun> runs;
  const auto most = static_cast<std::size_t>(std::max(batch_size, 1));
  for (std::size_t i = 0; i < placements.size(); ++i) {
    const auto fits = [&](const PictureRun& run) {
      const vision::Placement& first = placements[run.begin];
      return run.count < most && first.out_height == placements[i].out_height &&
             first.out_width == placements[i].out_width;
    };
    if (!runs.empty() && fits(runs.back()))
      ++runs.back().count;
    else
      runs.push_back({i, 1});
  }
  return runs;
}

}  // namespace hpinfer::models

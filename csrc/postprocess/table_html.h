// The HTML of a table from its structure tokens and the texts of its cells.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace hpinfer::postprocess {

// The tokens with a space between each two: what a table without text or cells becomes.
std::string joined_tokens(std::span<const std::string> tokens);

// The tokens with texts in the cells. `matched[i]` are the positions in `texts` of the i-th cell;
// cells beyond it stay empty. Several texts are joined by spaces; when the first holds "<b>" the
// cell gets one pair of <b> tags instead of those of its texts.
std::string filled_table(std::span<const std::string> tokens,
                         std::span<const std::vector<std::size_t>> matched,
                         std::span<const std::string> texts);

}  // namespace hpinfer::postprocess

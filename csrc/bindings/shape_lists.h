// Shape profiles as lists, and back.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engines/engine.h"

namespace hpinfer::bindings {

// Input name to its smallest, usual and largest shape.
using ProfileLists = std::map<std::string, std::vector<std::vector<std::int64_t>>>;

std::vector<ProfileLists> profile_lists(const std::vector<ShapeProfile>& profiles);
// Throws Error(kConfig) unless there are three shapes for each input.
std::vector<ShapeProfile> shape_profiles(const std::vector<ProfileLists>& lists);

}  // namespace hpinfer::bindings

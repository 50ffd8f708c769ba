// Operators of a transform plan from Python dicts.
#pragma once

#include <pybind11/pybind11.h>

#include "vision/operators.h"

namespace hpinfer::bindings {

// {"type": "DetResize", "limit_side_len": 960, ...}: keys are the fields of vision/operators.h, and
// those left out keep its defaults. Throws Error(kConfig) for an unknown type, key or value.
vision::Operator transform_operator(const pybind11::dict& fields);

}  // namespace hpinfer::bindings

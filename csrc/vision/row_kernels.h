// Chooses the row kernels for an instruction set.
#pragma once

#include "core/cpu.h"
#include "vision/resize_row.h"

namespace hpinfer::vision {

// The kernels of one instruction set; the portable ones where a variant is not compiled in. All
// variants give the same bits.
const RowKernels& row_kernels(Isa isa) noexcept;

}  // namespace hpinfer::vision

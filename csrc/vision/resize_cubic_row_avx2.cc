#include "vision/resize_cubic_row_body.h"

namespace hpinfer::vision {

const CubicRowKernels kCubicRowAvx2{&blend_rows, &sample_columns};

}  // namespace hpinfer::vision

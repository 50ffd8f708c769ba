// Perspective transforms between quadrilaterals, in float64 and in OpenCV's order of operations.
#pragma once

#include <array>
#include <optional>

namespace hpinfer::vision {

struct Point2f {
  float x = 0.0F;
  float y = 0.0F;
};

// Corners in the order top left, top right, bottom right, bottom left.
using Quad = std::array<Point2f, 4>;
using Matrix3 = std::array<double, 9>;  // row by row

// The transform that takes each source corner to its target corner; element 8 is 1. Empty when the
// corners allow none (three on a line, or two equal).
std::optional<Matrix3> perspective_transform(const Quad& source, const Quad& target);

// Empty when the matrix is singular.
std::optional<Matrix3> inverse(const Matrix3& matrix);

}  // namespace hpinfer::vision

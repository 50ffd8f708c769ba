#include "vision/perspective.h"

#include <cfloat>
#include <cmath>
#include <utility>

namespace hpinfer::vision {
namespace {

constexpr std::size_t kUnknowns = 8;

struct LinearSystem {
  double a[kUnknowns][kUnknowns] = {};
  double b[kUnknowns] = {};

  // Moves the row with the largest pivot of column i to row i; false if it is as good as zero.
  bool pivot(std::size_t i) {
    std::size_t best = i;
    for (std::size_t row = i + 1; row < kUnknowns; ++row)
      if (std::abs(a[row][i]) > std::abs(a[best][i])) best = row;
    if (std::abs(a[best][i]) < 100.0 * DBL_EPSILON) return false;
    if (best != i) {
      for (std::size_t k = i; k < kUnknowns; ++k) std::swap(a[i][k], a[best][k]);
      std::swap(b[i], b[best]);
    }
    return true;
  }

  // Gaussian elimination with partial pivoting; the solution replaces b.
  bool solve() {
    for (std::size_t i = 0; i < kUnknowns; ++i) {
      if (!pivot(i)) return false;
      const double d = -1.0 / a[i][i];
      for (std::size_t row = i + 1; row < kUnknowns; ++row) {
        const double alpha = a[row][i] * d;
        for (std::size_t k = i + 1; k < kUnknowns; ++k) a[row][k] += alpha * a[i][k];
        b[row] += alpha * b[i];
      }
    }
    for (std::size_t i = kUnknowns; i-- > 0;) {
      double rest = b[i];
      for (std::size_t k = i + 1; k < kUnknowns; ++k) rest -= a[i][k] * b[k];
      b[i] = rest / a[i][i];
    }
    return true;
  }
};

}  // namespace

std::optional<Matrix3> perspective_transform(const Quad& source, const Quad& target) {
  LinearSystem system;
  for (std::size_t i = 0; i < 4; ++i) {
    const auto [x, y] = source[i];
    const auto [u, v] = target[i];
    double* horizontal = system.a[i];
    double* vertical = system.a[i + 4];
    horizontal[0] = vertical[3] = static_cast<double>(x);
    horizontal[1] = vertical[4] = static_cast<double>(y);
    horizontal[2] = vertical[5] = 1.0;
    // The reference multiplies these in float32.
    horizontal[6] = static_cast<double>(-x * u);
    horizontal[7] = static_cast<double>(-y * u);
    vertical[6] = static_cast<double>(-x * v);
    vertical[7] = static_cast<double>(-y * v);
    system.b[i] = static_cast<double>(u);
    system.b[i + 4] = static_cast<double>(v);
  }
  if (!system.solve()) return std::nullopt;
  Matrix3 matrix;
  for (std::size_t i = 0; i < kUnknowns; ++i) matrix[i] = system.b[i];
  matrix[8] = 1.0;
  return matrix;
}

std::optional<Matrix3> inverse(const Matrix3& m) {
  const double determinant = m[0] * (m[4] * m[8] - m[5] * m[7]) -
                             m[1] * (m[3] * m[8] - m[5] * m[6]) +
                             m[2] * (m[3] * m[7] - m[4] * m[6]);
  if (determinant == 0.0 || !std::isfinite(determinant)) return std::nullopt;
  const double d = 1.0 / determinant;
  return Matrix3{(m[4] * m[8] - m[5] * m[7]) * d, (m[2] * m[7] - m[1] * m[8]) * d,
                 (m[1] * m[5] - m[2] * m[4]) * d, (m[5] * m[6] - m[3] * m[8]) * d,
                 (m[0] * m[8] - m[2] * m[6]) * d, (m[2] * m[3] - m[0] * m[5]) * d,
                 (m[3] * m[7] - m[4] * m[6]) * d, (m[1] * m[6] - m[0] * m[7]) * d,
                 (m[0] * m[4] - m[1] * m[3]) * d};
}

}  // namespace hpinfer::vision

#include "vision/placement.h"

#include <algorithm>
#include <cmath>

#include "vision/resize.h"
#include "vision/warp_affine.h"

namespace hpinfer::vision {
namespace {

int side(double value) {
  check(value <= kMaxSide, ErrorCode::kInvalidInput, "the resized picture would have a side of ",
        value, " pixels; at most ", kMaxSide, " are supported");
  return static_cast<int>(value);
}

// Python's round(): half to even (the default rounding mode).
int round_side(double value) { return side(std::nearbyint(value)); }

int round_up(int value, int multiple) { return (value + multiple - 1) / multiple * multiple; }

double det_ratio(const DetResize& op, int h, int w) {
  const auto limit = static_cast<double>(op.limit_side_len);
  switch (op.limit_type) {
    case DetResize::Limit::kMax:
      return std::max(h, w) > op.limit_side_len ? limit / std::max(h, w) : 1.0;
    case DetResize::Limit::kMin:
      return std::min(h, w) < op.limit_side_len ? limit / std::min(h, w) : 1.0;
    case DetResize::Limit::kResizeLong:
      return limit / std::max(h, w);
  }
  return 1.0;
}

}  // namespace

void place(const DetResize& op, Placement& p) {
  constexpr int kTinySum = 64;
  constexpr int kTinySide = 32;
  if (p.source_height + p.source_width < kTinySum) {
    p.padded_height = std::max(kTinySide, p.source_height);
    p.padded_width = std::max(kTinySide, p.source_width);
  }
  if (op.fixed) {
    p.scaled_height = op.fixed->height;
    p.scaled_width = op.fixed->width;
    return;
  }
  const double ratio = det_ratio(op, p.padded_height, p.padded_width);
  double h = std::trunc(p.padded_height * ratio);
  double w = std::trunc(p.padded_width * ratio);
  if (std::max(h, w) > op.max_side_limit) {
    const double again = op.max_side_limit / std::max(h, w);
    h = std::trunc(h * again);
    w = std::trunc(w * again);
  }
  const auto to_multiple = [&](double value) {
    return std::max(round_side(value / op.multiple) * op.multiple, op.multiple);
  };
  p.scaled_height = to_multiple(h);
  p.scaled_width = to_multiple(w);
}

void place(const RecResize& op, Placement& p) {
  const double ratio = static_cast<double>(p.padded_width) / p.padded_height;
  const double widest = std::max(static_cast<double>(op.width) / op.height, ratio);
  const double tensor_width = std::trunc(op.height * widest);
  p.scaled_height = op.height;
  if (tensor_width > op.max_width) {
    p.scaled_width = p.out_width = op.max_width;
    return;
  }
  p.out_width = side(tensor_width);
  p.scaled_width = side(std::min(tensor_width, std::ceil(op.height * ratio)));
}

void place(const ResizeExact& op, Placement& p) {
  p.scaled_height = op.size.height;
  p.scaled_width = op.size.width;
}

void place(const ResizeSide& op, Placement& p) {
  const int reference = op.which == ResizeSide::Which::kShort
                            ? std::min(p.padded_height, p.padded_width)
                            : std::max(p.padded_height, p.padded_width);
  const double scale = static_cast<double>(op.side) / reference;
  p.scaled_height = round_up(round_side(p.padded_height * scale), op.multiple);
  p.scaled_width = round_up(round_side(p.padded_width * scale), op.multiple);
}

void place(const ResizeKeepRatio& op, Placement& p) {
  const auto [target_low, target_high] = std::minmax(op.size.width, op.size.height);
  const auto [low, high] = std::minmax(p.padded_width, p.padded_height);
  const double scale =
      std::min(static_cast<double>(target_high) / high, static_cast<double>(target_low) / low);
  p.scaled_height = round_up(round_side(p.padded_height * scale), op.multiple);
  p.scaled_width = round_up(round_side(p.padded_width * scale), op.multiple);
}

void check_line_columns(const LineColumns& rule) {
  check(
      rule.floor >= 0 && rule.margin >= 0 && rule.until >= 0 && rule.step >= 1,
      ErrorCode::kInvalidInput,
      "columns of a text line need floor, margin and until of at least 0 and a step of at least 1; "
      "got ",
      rule.floor, ", ", rule.margin, ", ", rule.until, " and ", rule.step);
}

int tensor_columns(int line_columns, const LineColumns& rule) {
  const int with_margin = std::min(line_columns + rule.margin, rule.until);
  return round_up(std::max({line_columns, with_margin, rule.floor}), rule.step);
}

void place(const CenterFrame& op, Placement& p) {
  const PixelSize frame = frame_size(op, p.padded_height, p.padded_width);
  p.scaled_height = frame.height;
  p.scaled_width = frame.width;
  p.told_height = p.source_height;
  p.told_width = p.source_width;
}

}  // namespace hpinfer::vision

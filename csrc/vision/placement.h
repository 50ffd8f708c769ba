// Where a picture goes in the network's input: the arithmetic of the resize rules.
#pragma once

#include "vision/operators.h"

namespace hpinfer::vision {

// Geometry of one picture. Everything is in pixels.
struct Placement {
  int source_height = 0;  // the picture that this was made for
  int source_width = 0;
  int padded_height = 0;  // after the zero padding of tiny pictures; else the source's
  int padded_width = 0;
  int scaled_height = 0;  // the whole picture after the resize
  int scaled_width = 0;
  int crop_x = 0;  // the part of it that is used, at (crop_x, crop_y)
  int crop_y = 0;
  int resized_height = 0;
  int resized_width = 0;
  int told_height = 0;  // what networks are told that resized_* is
  int told_width = 0;
  int out_height = 0;  // with padding at the right and bottom; may be enlarged for a batch
  int out_width = 0;
};

// Each sets scaled_* (RecResize the least out_width too, CenterFrame told_*) from padded_*, as the
// reference does: float64 ratios, truncation and round half to even in the same places.
void place(const DetResize& op, Placement& p);
void place(const RecResize& op, Placement& p);
void place(const ResizeExact& op, Placement& p);
void place(const ResizeSide& op, Placement& p);
void place(const ResizeKeepRatio& op, Placement& p);
void place(const CenterFrame& op, Placement& p);

// Columns of the network's input for a text line, by the line alone: its own and `margin` empty
// ones after it, of which lines that come near `until` columns get fewer and longer ones none; at
// least `floor`, up to a multiple of `step`, so that many lines share few widths. The defaults are
// the fewest columns whose error rate is not above the official rule's (benchmarks/accuracy).
struct LineColumns {
  int floor = 128;
  int margin = 64;
  int until = 224;
  int step = 32;
};

// Throws Error(kInvalidInput) unless step >= 1 and the others are >= 0.
void check_line_columns(const LineColumns& rule);
int tensor_columns(int line_columns, const LineColumns& rule);

}  // namespace hpinfer::vision

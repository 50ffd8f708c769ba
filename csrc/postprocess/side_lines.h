// The two long sides of a curved text, found from the polygon around it.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "postprocess/point.h"

namespace hpinfer::postprocess {

struct Point2d {
  double x = 0;
  double y = 0;
};

struct SideLines {
  std::vector<Point2i> first;   // from the end of the head to the start of the tail
  std::vector<Point2i> second;  // from the end of the tail to the start of the head
};

// Head and tail, the short edges where a text begins and ends, are told by the angles at an edge,
// its distance from the centre and its place. Rules and weights: PaddleX 3.7.2 (from MMOCR's
// TextSnake targets). At least 4 points. Where two pairs score alike but for the last bit of an
// arc cosine, the choice may differ from the reference's.
SideLines find_side_lines(std::span<const Point2i> polygon);

// The polygon with each run of edges shorter than 0.9 of their mean merged to its middle, truncated
// to whole pixels. Empty when everything is one run.
std::vector<Point2i> merge_short_edges(std::span<const Point2i> polygon);

// The line's first point, 14 at equal distances along it, and its last point; just the two ends of
// a line without length.
std::vector<Point2d> resample_line(std::span<const Point2i> line);

}  // namespace hpinfer::postprocess

#include "postprocess/contour.h"

#include <array>
#include <bit>
#include <cstring>

#include "core/error.h"

namespace hpinfer::postprocess {
namespace {

// Marks of the border cells. A cell whose right neighbour was examined as background is negative:
// it cannot be the left side of a hole found later.
constexpr std::int8_t kVisited = 2;
constexpr std::int8_t kVisitedRight = -126;

// The eight neighbours, counter-clockwise from the right one (y points down).
constexpr std::array<Point2i, 8> kSteps{
    {{1, 0}, {1, -1}, {0, -1}, {-1, -1}, {-1, 0}, {-1, 1}, {0, 1}, {1, 1}}};

constexpr std::size_t kWord = sizeof(std::uint64_t);
constexpr std::size_t kStep = 4 * kWord;  // cells that are looked at together

struct Neighbourhood {
  explicit Neighbourhood(std::ptrdiff_t stride) {
    for (std::size_t i = 0; i < kSteps.size(); ++i) offset[i] = kSteps[i].y * stride + kSteps[i].x;
  }
  std::array<std::ptrdiff_t, 8> offset{};
};

// Follows one border, from `start` at the given point, and appends its corners.
void follow_border(std::int8_t* start, Point2i at, bool is_hole, const Neighbourhood& around,
                   std::vector<Point2i>& points) {
  const unsigned first = is_hole ? 0 : 4;
  unsigned direction = first;
  do direction = (direction - 1) & 7;
  while (start[around.offset[direction]] == 0 && direction != first);
  if (direction == first) {  // an isolated cell
    *start = kVisitedRight;
    points.push_back(at);
    return;
  }

  const std::int8_t* const last = start + around.offset[direction];
  std::int8_t* cell = start;
  unsigned previous = direction ^ 4;
  for (;;) {
    const unsigned came_from = direction;
    do ++direction;
    while (cell[around.offset[direction & 7]] == 0);
    direction &= 7;
    std::int8_t* const next = cell + around.offset[direction];
    // The turn from came_from to direction passed the right neighbour (number 0) over background.
    if (direction - 1 < came_from)
      *cell = kVisitedRight;
    else if (*cell == 1)
      *cell = kVisited;
    if (direction != previous) points.push_back(at);
    if (next == start && cell == last) return;
    previous = direction;
    at.x += kSteps[direction].x;
    at.y += kSteps[direction].y;
    cell = next;
    direction = (direction + 4) & 7;
  }
}

// Whether any of kStep cells differs from its left neighbour. One comparison for compilers.
bool has_change(const std::int8_t* cells) {
  std::uint64_t here[kStep / kWord];
  std::uint64_t left[kStep / kWord];
  std::memcpy(here, cells, kStep);
  std::memcpy(left, cells - 1, kStep);
  std::uint64_t difference = 0;
  for (std::size_t i = 0; i < kStep / kWord; ++i) difference |= here[i] ^ left[i];
  return difference != 0;
}

// Which byte in memory is the first that is not zero.
int first_byte(std::uint64_t word) {
  return (std::endian::native == std::endian::little ? std::countr_zero(word)
                                                     : std::countl_zero(word)) /
         8;
}

// First x in [x, end) whose cell differs from its left neighbour; end if none. Reads up to kStep -
// 1 cells past the end.
int next_change(const std::int8_t* row, int x, int end) {
  while (x < end && !has_change(row + x)) x += static_cast<int>(kStep);
  for (; x < end; x += static_cast<int>(kWord)) {
    std::uint64_t here = 0;
    std::uint64_t left = 0;
    std::memcpy(&here, row + x, kWord);
    std::memcpy(&left, row + x - 1, kWord);
    if (here == left) continue;
    x += first_byte(here ^ left);
    break;
  }
  return x < end ? x : end;
}

}  // namespace

Bitmap::Bitmap(int map_height, int map_width)
    : height(map_height), width(map_width), stride(static_cast<std::ptrdiff_t>(map_width) + 2) {
  check(height > 0 && width > 0, ErrorCode::kInvalidInput,
        "a map must have at least one cell; got ", height, "x", width);
  cells.resize(static_cast<std::size_t>(stride) * (static_cast<std::size_t>(height) + 2) + kStep);
}

Bitmap binarize(const float* values, int height, int width, float threshold) {
  Bitmap map(height, width);
  for (int y = 0; y < height; ++y) {
    const float* const source = values + static_cast<std::ptrdiff_t>(y) * width;
    std::int8_t* const target = map.row(y);
    for (int x = 0; x < width; ++x) target[x] = static_cast<std::int8_t>(source[x] > threshold);
  }
  return map;
}

Bitmap dilate_2x2(const Bitmap& map) {
  Bitmap result(map.height, map.width);
  for (int y = 0; y < map.height; ++y) {
    const std::int8_t* const here = map.row(y);
    const std::int8_t* const above = here - map.stride;
    std::int8_t* const target = result.row(y);
    for (int x = 0; x < map.width; ++x)
      target[x] = static_cast<std::int8_t>(here[x] | here[x - 1] | above[x] | above[x - 1]);
  }
  return result;
}

std::span<const Point2i> Contours::operator[](std::size_t i) const noexcept {
  const std::size_t found = ends_.size() - 1 - i;
  const std::size_t begin = found == 0 ? 0 : ends_[found - 1];
  return std::span(points_).subspan(begin, ends_[found] - begin);
}

Contours find_contours(Bitmap map) {
  const Neighbourhood around(map.stride);
  Contours contours;
  for (int y = 0; y < map.height; ++y) {
    std::int8_t* const row = map.row(y);
    for (int x = next_change(row, 0, map.width); x < map.width;
         x = next_change(row, x + 1, map.width)) {
      const bool outer = row[x - 1] == 0 && row[x] == 1;
      const bool hole = row[x] == 0 && row[x - 1] >= 1;
      if (!outer && !hole) continue;
      const int start = hole ? x - 1 : x;
      follow_border(row + start, {start, y}, hole, around, contours.points_);
      contours.ends_.push_back(contours.points_.size());
    }
  }
  return contours;
}

}  // namespace hpinfer::postprocess

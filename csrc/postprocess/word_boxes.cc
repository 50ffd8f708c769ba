#include "postprocess/word_boxes.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "core/error.h"

namespace hpinfer::postprocess {
namespace {

constexpr double kVerticalRatio = 1.5;
constexpr int kSameLine = 12;

bool is_digit(std::string_view character) {
  return character.size() == 1 && character[0] >= '0' && character[0] <= '9';
}

bool is_letter(std::string_view character) {
  return character.size() == 1 && ((character[0] >= 'a' && character[0] <= 'z') ||
                                   (character[0] >= 'A' && character[0] <= 'Z'));
}

// U+4E00 to U+9FFF: three bytes of UTF-8, E4 B8 80 to E9 BF BF.
bool is_cjk(std::string_view character) {
  return character.size() == 3 && character >= "\xE4\xB8\x80" && character <= "\xE9\xBF\xBF";
}

// The kind of a character that follows a group of kind `before`; `next` is empty at the end.
WordKind kind_of(std::string_view character, std::string_view next, WordKind before) {
  if (is_cjk(character)) return WordKind::kCjk;
  if (is_digit(character) || is_letter(character)) return WordKind::kAlphanumeric;
  const bool inside = before == WordKind::kAlphanumeric;
  if (inside && (character == "-" || (character == "." && is_digit(next)))) return before;
  return WordKind::kSymbol;
}

// Truncated; numbers that are none, or far outside every picture, become 0 and the nearest that
// fits.
int whole_pixels(double value) {
  constexpr double kFarthest = 1 << 24;
  return std::isnan(value) ? 0 : static_cast<int>(std::clamp(value, -kFarthest, kFarthest));
}

// numpy.mean of few float64 values.
double mean_float64(std::span<const double> values) {
  constexpr std::size_t kAccumulators = 8;
  double sum = 0;
  std::size_t i = 0;
  if (values.size() >= kAccumulators) {
    double r[kAccumulators];
    for (; i < kAccumulators; ++i) r[i] = values[i];
    for (; i + kAccumulators <= values.size(); i += kAccumulators)
      for (std::size_t k = 0; k < kAccumulators; ++k) r[k] += values[i + k];
    sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
  }
  for (; i < values.size(); ++i) sum += values[i];
  return sum / static_cast<double>(values.size());
}

bool is_vertical(std::span<const Point2i> region) {
  const auto [left, right] = std::minmax_element(
      region.begin(), region.end(), [](const auto& a, const auto& b) { return a.x < b.x; });
  const auto [top, bottom] = std::minmax_element(
      region.begin(), region.end(), [](const auto& a, const auto& b) { return a.y < b.y; });
  return static_cast<double>(bottom->y - top->y) / (right->x - left->x) > kVerticalRatio;
}

// Makes boxes from stretches along the direction of reading.
class LineGeometry {
 public:
  LineGeometry(std::span<const Point2i> region, double columns)
      : region_(region),
        vertical_(is_vertical(region)),
        start_(vertical_ ? region[0].y : region[0].x),
        size_((vertical_ ? region[2].y : region[1].x) - start_),
        cell_(size_ / columns) {}

  int size() const { return size_; }
  double cell() const { return cell_; }

  // From one place to another, in pixels from the start of the line.
  WordBox box(int from, int to) const {
    const int a = start_ + from;
    const int b = start_ + to;
    const int left = region_[0].x;
    const int right = region_[1].x;
    const int top = region_[0].y;
    const int bottom = region_[2].y;
    if (vertical_) return {{{left, a}, {left, b}, {right, b}, {right, a}}};
    return {{{a, top}, {b, top}, {b, bottom}, {a, bottom}}};
  }

 private:
  std::span<const Point2i> region_;
  bool vertical_;
  int start_;
  int size_;
  double cell_;
};

// Reading order: lines of boxes whose centres follow each other within kSameLine pixels of y, each
// from left to right.
void sort_boxes(std::vector<WordBox>& boxes) {
  const auto sum = [](const WordBox& box, int Point2i::* axis) {
    int total = 0;
    for (const Point2i& p : box) total += p.*axis;
    return total;
  };
  std::stable_sort(boxes.begin(), boxes.end(), [&](const WordBox& a, const WordBox& b) {
    return sum(a, &Point2i::y) < sum(b, &Point2i::y);
  });
  const auto by_x = [&](const WordBox& a, const WordBox& b) {
    return sum(a, &Point2i::x) < sum(b, &Point2i::x);
  };
  auto line = boxes.begin();
  for (auto box = boxes.begin(); box != boxes.end(); ++box) {
    const bool same =
        box == line || sum(*box, &Point2i::y) - sum(*(box - 1), &Point2i::y) < 4 * kSameLine;
    if (same) continue;
    std::stable_sort(line, box, by_x);
    line = box;
  }
  std::stable_sort(line, boxes.end(), by_x);
}

// Width of a CJK character: the mean over all groups of two and more, or an equal share of the
// line.
double character_size(const CtcLine& line, std::span<const WordGroup> groups,
                      const LineGeometry& geometry) {
  std::vector<double> sizes;
  for (const WordGroup& group : groups) {
    if (group.kind != WordKind::kCjk || group.count < 2) continue;
    const int columns = line.columns[group.first + group.count - 1] - line.columns[group.first] + 1;
    sizes.push_back(columns * geometry.cell() / static_cast<double>(group.count - 1));
  }
  if (!sizes.empty()) return mean_float64(sizes);
  return static_cast<double>(geometry.size()) / static_cast<double>(line.indices.size());
}

}  // namespace

std::vector<WordGroup> group_words(const CtcLine& line, const CtcDictionary& dictionary) {
  std::vector<WordGroup> groups;
  const std::size_t count = line.indices.size();
  for (std::size_t i = 0; i < count; ++i) {
    const std::string& character = dictionary.character(line.indices[i]);
    const std::string_view next =
        i + 1 < count ? std::string_view(dictionary.character(line.indices[i + 1])) : "";
    const WordKind before = groups.empty() ? WordKind::kSymbol : groups.back().kind;
    const WordKind kind = kind_of(character, next, before);
    if (groups.empty() || kind != before) groups.push_back({kind, i, 0});
    ++groups.back().count;
  }
  return groups;
}

LineWords locate_words(const CtcLine& line, const CtcDictionary& dictionary,
                       std::span<const Point2i> region, double columns) {
  check(region.size() == 4, ErrorCode::kInvalidInput,
        "words are located in a region of 4 corners; got ", region.size());
  check(columns > 0, ErrorCode::kInvalidInput, "the line must take more than 0 columns; got ",
        columns);
  const LineGeometry geometry(region, columns);
  const std::vector<WordGroup> groups = group_words(line, dictionary);
  LineWords result;
  for (const WordGroup& group : groups) {
    const bool cjk = group.kind == WordKind::kCjk;
    for (std::size_t i = group.first; i < group.first + group.count; ++i) {
      if (cjk || i == group.first) result.words.emplace_back();
      result.words.back() += dictionary.character(line.indices[i]);
    }
    if (cjk) continue;
    const int last = line.columns[group.first + group.count - 1];
    result.boxes.push_back(geometry.box(whole_pixels(line.columns[group.first] * geometry.cell()),
                                        whole_pixels((last + 1) * geometry.cell())));
  }
  for (const WordGroup& group : groups) {
    if (group.kind != WordKind::kCjk) continue;
    const double half = character_size(line, groups, geometry) / 2;
    for (std::size_t i = group.first; i < group.first + group.count; ++i) {
      const double center = (line.columns[i] + 0.5) * geometry.cell();
      result.boxes.push_back(geometry.box(std::max(whole_pixels(center - half), 0),
                                          std::min(whole_pixels(center + half), geometry.size())));
    }
  }
  sort_boxes(result.boxes);
  return result;
}

}  // namespace hpinfer::postprocess

// Words of a recognised line, and where they stand in the picture.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "postprocess/ctc.h"
#include "postprocess/point.h"

namespace hpinfer::postprocess {

enum class WordKind {
  kCjk,           // characters of U+4E00–U+9FFF; each of them becomes a word of its own
  kAlphanumeric,  // Latin letters and digits, with '-' inside and '.' before a digit
  kSymbol,        // the rest, spaces included
};

// Neighbouring characters of one kind: [first, first + count) of the line.
struct WordGroup {
  WordKind kind = WordKind::kSymbol;
  std::size_t first = 0;
  std::size_t count = 0;
};

std::vector<WordGroup> group_words(const CtcLine& line, const CtcDictionary& dictionary);

using WordBox = std::array<Point2i, 4>;

// Words and boxes of a line. The words are in the order of the text, the boxes in reading order;
// there are as many of the ones as of the others.
struct LineWords {
  std::vector<std::string> words;
  std::vector<WordBox> boxes;
};

// `region` is the line's quadrilateral in the picture, first corner top left. `columns` is the
// number of time steps that the line itself takes: all steps times the line's own width over the
// padded width of the batch. A region more than 1.5 times as high as wide is read from top to
// bottom. Throws Error(kInvalidInput) for another number of corners or columns not above 0.
LineWords locate_words(const CtcLine& line, const CtcDictionary& dictionary,
                       std::span<const Point2i> region, double columns);

}  // namespace hpinfer::postprocess

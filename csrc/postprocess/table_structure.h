// Tables from the output of a structure network (SLANet and its kin): HTML tokens and cell boxes.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace hpinfer::postprocess {

// Tokens of a structure model: class 0 begins a table, the last class ends it.
class TableVocabulary {
 public:
  // `tokens` is the model's dictionary. With `merge_empty_cells` "<td>" is taken out and
  // "<td></td>" put at the end where it is missing, as the models were trained.
  TableVocabulary(std::vector<std::string> tokens, bool merge_empty_cells);

  int classes() const noexcept { return static_cast<int>(tokens_.size()); }
  int end() const noexcept { return classes() - 1; }
  bool is_boundary(int token) const noexcept { return token == 0 || token == end(); }
  // Whether a cell begins here, so that its box is kept.
  bool opens_cell(int token) const { return opens_cell_[static_cast<std::size_t>(token)]; }
  const std::string& text(int token) const { return tokens_[static_cast<std::size_t>(token)]; }

 private:
  std::vector<std::string> tokens_;
  std::vector<bool> opens_cell_;
};

// What the network gives for one picture, and how large a box of 1 x 1 is in pixels.
struct TableOutput {
  const float* probabilities = nullptr;  // [steps, vocabulary.classes()]
  const float* boxes = nullptr;          // [steps, coordinates], or null: the model has none
  int steps = 0;
  int coordinates = 0;  // 4: x1 y1 x2 y2; 8: four corners
  double scale_x = 1;
  double scale_y = 1;
};

struct TableStructure {
  std::vector<std::string> tokens;  // from <html> to </html>
  std::vector<int> boxes;           // cell by cell, `coordinates` numbers each, in pixels
  int coordinates = 0;
  float score = 0;  // mean probability of the tokens; 0 for none
};

// Greedy decoding up to the first end token behind the first step. Numbers that are not finite and
// boxes far outside every picture become 0 and the nearest number that fits.
TableStructure decode_table_structure(const TableVocabulary& vocabulary, const TableOutput& output);

}  // namespace hpinfer::postprocess

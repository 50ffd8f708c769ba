// Text from the output of a connectionist-temporal-classification (CTC) network.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "core/cpu.h"
#include "postprocess/ctc_max.h"

namespace hpinfer::postprocess {

// What one line of text was decoded to: one entry for each character.
struct CtcLine {
  std::vector<int> indices;        // classes; never the blank, 0
  std::vector<int> columns;        // time steps at which they were read
  std::vector<float> confidences;  // the greatest values at these steps
  float score = 0;                 // mean of the confidences, summed as by NumPy; 0 for no text
  bool finite = true;              // false: the greatest value of a step is NaN or infinite
};

// Greedy decoding of one line [steps, classes], classes fastest: the greatest class of each step
// (the first of equals, the first NaN), without those equal to the step before and without blanks.
CtcLine decode_ctc(const float* values, int steps, int classes, Isa isa = active_isa());

// The same for a line whose greatest class of each step is known.
CtcLine decode_ctc(std::span<const Maximum> maxima);

// numpy.mean of float32: pairwise float32 sum, then one division; 0 for none.
float mean_float32(std::span<const float> values);

// Characters of a recognition model. Class 0 is the blank, class i the i-th character, and the last
// class the space where the model has one.
class CtcDictionary {
 public:
  CtcDictionary(std::vector<std::string> characters, bool with_space);

  // Classes of the network that this dictionary is for, the blank included.
  int classes() const noexcept { return static_cast<int>(characters_.size()); }
  // UTF-8 text of a class; throws Error(kInvalidInput) beyond the dictionary.
  const std::string& character(int index) const;
  // The text of a line.
  std::string text(const CtcLine& line) const;

 private:
  std::vector<std::string> characters_;
};

}  // namespace hpinfer::postprocess

#include "postprocess/ctc.h"

#include <cmath>
#include <utility>

#include "core/error.h"
#include "postprocess/ctc_max.h"

namespace hpinfer::postprocess {
namespace {

constexpr std::size_t kBlank = 0;
constexpr std::size_t kAccumulators = 8;
constexpr std::size_t kPairwiseBlock = 128;

// NumPy's float32 sum of contiguous values: halves down to blocks of 128, eight running sums in
// each.
float pairwise_sum(std::span<const float> values) {
  const std::size_t count = values.size();
  if (count > kPairwiseBlock) {
    const std::size_t half = count / 2 - count / 2 % kAccumulators;
    return pairwise_sum(values.first(half)) + pairwise_sum(values.subspan(half));
  }
  float sum = 0;
  std::size_t i = 0;
  if (count >= kAccumulators) {
    float r[kAccumulators];
    for (; i < kAccumulators; ++i) r[i] = values[i];
    for (; i + kAccumulators <= count; i += kAccumulators)
      for (std::size_t k = 0; k < kAccumulators; ++k) r[k] += values[i + k];
    sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
  }
  for (; i < count; ++i) sum += values[i];
  return sum;
}

}  // namespace

float mean_float32(std::span<const float> values) {
  if (values.empty()) return 0;
  return pairwise_sum(values) / static_cast<float>(values.size());
}

CtcLine decode_ctc(const float* values, int steps, int classes, Isa isa) {
  check(steps >= 0 && classes > 0, ErrorCode::kInvalidInput,
        "CTC output must be [steps, classes] with at least one class; got [", steps, ", ", classes,
        "]");
  const FindMaximum find_maximum = find_maximum_for(isa);
  const auto count = static_cast<std::size_t>(classes);
  std::vector<Maximum> maxima(static_cast<std::size_t>(steps));
  for (std::size_t step = 0; step < maxima.size(); ++step)
    maxima[step] = find_maximum(values + step * count, count);
  return decode_ctc(maxima);
}

CtcLine decode_ctc(std::span<const Maximum> maxima) {
  CtcLine line;
  std::size_t previous = kBlank;
  for (std::size_t step = 0; step < maxima.size(); ++step) {
    const Maximum& best = maxima[step];
    line.finite = line.finite && std::isfinite(best.value);
    if (best.index != previous && best.index != kBlank) {
      line.indices.push_back(static_cast<int>(best.index));
      line.columns.push_back(static_cast<int>(step));
      line.confidences.push_back(best.value);
    }
    previous = best.index;
  }
  line.score = mean_float32(line.confidences);
  return line;
}

CtcDictionary::CtcDictionary(std::vector<std::string> characters, bool with_space)
    : characters_(std::move(characters)) {
  characters_.insert(characters_.begin(), std::string());
  if (with_space) characters_.emplace_back(" ");
}

const std::string& CtcDictionary::character(int index) const {
  check(index >= 0 && index < classes(), ErrorCode::kInvalidInput, "class ", index,
        " is beyond the character dictionary of ", classes(),
        " classes (blank included); the dictionary is not that of the model");
  return characters_[static_cast<std::size_t>(index)];
}

std::string CtcDictionary::text(const CtcLine& line) const {
  std::string text;
  for (const int index : line.indices) text += character(index);
  return text;
}

}  // namespace hpinfer::postprocess

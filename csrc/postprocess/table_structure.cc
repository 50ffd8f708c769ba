#include "postprocess/table_structure.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "core/error.h"
#include "postprocess/ctc.h"

namespace hpinfer::postprocess {
namespace {

constexpr const char* kBegin = "sos";
constexpr const char* kEnd = "eos";
constexpr double kFarthest = 1 << 24;

// Where NumPy's argmax is: the first of equals, the first NaN.
std::size_t greatest(std::span<const float> values) {
  std::size_t best = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) return i;
    if (values[i] > values[best]) best = i;
  }
  return best;
}

int pixel(float value, double scale) {
  const double scaled = static_cast<double>(value) * scale;
  if (!std::isfinite(scaled)) return 0;
  return static_cast<int>(std::clamp(scaled, -kFarthest, kFarthest));  // truncated as by NumPy
}

void append_box(const TableOutput& output, std::size_t step, std::vector<int>& boxes) {
  const auto coordinates = static_cast<std::size_t>(output.coordinates);
  const float* box = output.boxes + step * coordinates;
  for (std::size_t i = 0; i < coordinates; ++i)
    boxes.push_back(pixel(box[i], i % 2 == 0 ? output.scale_x : output.scale_y));
}

}  // namespace

TableVocabulary::TableVocabulary(std::vector<std::string> tokens, bool merge_empty_cells) {
  if (merge_empty_cells) {
    if (std::find(tokens.begin(), tokens.end(), "<td></td>") == tokens.end())
      tokens.emplace_back("<td></td>");
    const auto plain = std::find(tokens.begin(), tokens.end(), "<td>");
    if (plain != tokens.end()) tokens.erase(plain);
  }
  tokens_.reserve(tokens.size() + 2);
  tokens_.emplace_back(kBegin);
  for (std::string& token : tokens) tokens_.push_back(std::move(token));
  tokens_.emplace_back(kEnd);
  for (const std::string& token : tokens_)
    opens_cell_.push_back(token == "<td>" || token == "<td" || token == "<td></td>");
}

TableStructure decode_table_structure(const TableVocabulary& vocabulary,
                                      const TableOutput& output) {
  check(output.boxes == nullptr || output.coordinates == 4 || output.coordinates == 8,
        ErrorCode::kModelFormat, "a table model gives boxes of 4 or 8 coordinates; got ",
        output.coordinates);
  TableStructure result;
  result.coordinates = output.boxes == nullptr ? 0 : output.coordinates;
  result.tokens = {"<html>", "<body>", "<table>"};
  std::vector<float> confidences;
  const auto classes = static_cast<std::size_t>(vocabulary.classes());
  for (std::size_t step = 0; step < static_cast<std::size_t>(output.steps); ++step) {
    const std::span row(output.probabilities + step * classes, classes);
    const std::size_t best = greatest(row);
    const auto token = static_cast<int>(best);
    if (step > 0 && token == vocabulary.end()) break;
    if (vocabulary.is_boundary(token)) continue;
    if (output.boxes != nullptr && vocabulary.opens_cell(token))
      append_box(output, step, result.boxes);
    result.tokens.push_back(vocabulary.text(token));
    confidences.push_back(row[best]);
  }
  for (const char* token : {"</table>", "</body>", "</html>"}) result.tokens.emplace_back(token);
  result.score = mean_float32(confidences);
  return result;
}

}  // namespace hpinfer::postprocess

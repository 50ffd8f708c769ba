#include "postprocess/table_html.h"

#include <string_view>

namespace hpinfer::postprocess {
namespace {

constexpr std::string_view kBold = "<b>";
constexpr std::string_view kBoldEnd = "</b>";
constexpr std::string_view kEmptyCell = "<td></td>";
constexpr std::string_view kCellEnd = "</td>";

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool continues_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; }

std::string_view without_first(std::string_view text, int characters) {
  for (; characters > 0 && !text.empty(); --characters) {
    text.remove_prefix(1);
    while (!text.empty() && continues_character(text.front())) text.remove_prefix(1);
  }
  return text;
}

std::string_view without_last(std::string_view text, int characters) {
  for (; characters > 0 && !text.empty(); --characters) {
    while (text.size() > 1 && continues_character(text.back())) text.remove_suffix(1);
    text.remove_suffix(1);
  }
  return text;
}

// One of several texts of a cell. The tags are cut by length wherever they stand, as the reference
// does.
std::string_view bare(std::string_view text) {
  if (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  if (contains(text, kBold)) text = without_first(text, static_cast<int>(kBold.size()));
  if (contains(text, kBoldEnd)) text = without_last(text, static_cast<int>(kBoldEnd.size()));
  return text;
}

void append_cell(std::span<const std::size_t> lines, std::span<const std::string> texts,
                 std::string& html) {
  if (lines.empty()) return;
  if (lines.size() == 1) {
    html += texts[lines.front()];
    return;
  }
  const bool bold = contains(texts[lines.front()], kBold);
  if (bold) html += kBold;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string_view text = bare(texts[lines[i]]);
    html += text;
    if (i + 1 < lines.size() && !text.empty() && text.back() != ' ') html += ' ';
  }
  if (bold) html += kBoldEnd;
}

}  // namespace

std::string joined_tokens(std::span<const std::string> tokens) {
  std::string html;
  for (const std::string& token : tokens) {
    if (!html.empty()) html += ' ';
    html += token;
  }
  return html;
}

std::string filled_table(std::span<const std::string> tokens,
                         std::span<const std::vector<std::size_t>> matched,
                         std::span<const std::string> texts) {
  std::string html;
  std::size_t cell = 0;
  for (const std::string& token : tokens) {
    if (!contains(token, kCellEnd)) {
      html += token;
      continue;
    }
    const bool whole = token == kEmptyCell;
    if (whole) html += "<td>";
    if (cell < matched.size()) append_cell(matched[cell], texts, html);
    html += whole ? kCellEnd : std::string_view(token);
    ++cell;
  }
  return html;
}

}  // namespace hpinfer::postprocess

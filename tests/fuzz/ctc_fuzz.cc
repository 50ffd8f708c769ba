// Text out of recognition tensors, and the places of its words.
#include "input.h"
#include "pictures.h"
#include "postprocess/ctc.h"
#include "postprocess/word_boxes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t count) {
  using hpinfer::fuzz::Input;
  using namespace hpinfer::postprocess;
  Input input(data, count);
  const int steps = input.range(-1, 120);
  const int classes = input.range(0, 40);
  std::vector<std::string> characters;
  for (int i = input.range(0, 40); i > 0; --i)
    characters.push_back(input.flag() ? input.text(4)
                                      : input.pick<std::string>(
                                            {"a", "7", "-", ".", "\xE4\xB8\x80", " ", "", "\xFF"}));
  std::vector<Point2i> region;
  const bool far = input.byte() % 8 == 0;
  for (int i = input.range(0, 9) == 0 ? 3 : 4; i > 0; --i)
    region.push_back(
        far ? Point2i{input.range(-(1 << 24), 1 << 24), input.range(-(1 << 24), 1 << 24)}
            : Point2i{input.range(0, 4000), input.range(0, 4000)});
  const double columns = input.flag() ? static_cast<double>(input.number()) : steps;
  const bool with_space = input.flag();
  const hpinfer::Isa isa = hpinfer::fuzz::any_isa(input);
  const std::vector<float> values =
      hpinfer::fuzz::numbers(input, static_cast<std::size_t>(std::max(steps, 0) * classes));
  hpinfer::fuzz::result_or_error([&] {
    const CtcLine line = decode_ctc(values.data(), steps, classes, isa);
    hpinfer::fuzz::require(line.indices.size() <= static_cast<std::size_t>(steps),
                           "a line has at most a character a step");
    for (const int index : line.indices)
      hpinfer::fuzz::require(index > 0 && index < classes, "a class is one of the network's");
    const CtcDictionary dictionary(characters, with_space);
    static_cast<void>(dictionary.text(line));
    const LineWords words = locate_words(line, dictionary, region, columns);
    hpinfer::fuzz::require(words.words.size() == words.boxes.size(), "a word has a box");
  });
  return 0;
}

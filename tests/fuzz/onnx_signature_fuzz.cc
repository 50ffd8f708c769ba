// What an ONNX file says of its inputs and outputs; the file may be anything.
#include "engines/onnx_signature.h"
#include "input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t count) {
  hpinfer::fuzz::result_or_error([&] {
    const auto* bytes = reinterpret_cast<const std::byte*>(data);
    const auto signature = hpinfer::read_onnx_signature(std::span(bytes, count));
    if (!signature) return;
    hpinfer::fuzz::require(!signature->outputs.empty(), "a model has an output");
    for (const auto& value : signature->inputs)
      hpinfer::fuzz::require(value.name.size() <= count, "names come from the file");
  });
  return 0;
}

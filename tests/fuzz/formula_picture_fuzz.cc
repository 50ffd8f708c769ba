// Pictures of formulas: cut to their ink, stretched, shrunk, centred.
#include "pictures.h"
#include "vision/formula_picture.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t count) {
  hpinfer::fuzz::Input input(data, count);
  hpinfer::fuzz::Picture picture = hpinfer::fuzz::picture(input, 600, 8000);
  hpinfer::vision::FormulaPlan plan;
  const hpinfer::vision::PixelSize size{input.range(1, 200), input.range(1, 200)};
  if (input.flag())
    plan.picture = hpinfer::vision::LatexOcrPicture{
        {input.range(1, size.width), input.range(1, size.height)}, size};
  else
    plan.picture = hpinfer::vision::UniMerNetPicture{size};
  // A few cells of ink on paper of one colour: what is left after the cut is tiny, or one line.
  if (input.flag()) {
    std::fill(picture.bytes.begin(), picture.bytes.end(), input.byte());
    for (int spots = input.range(0, 4); spots > 0 && !picture.bytes.empty(); --spots)
      picture.bytes[input.raw<std::uint32_t>() % picture.bytes.size()] = input.byte();
  }
  hpinfer::fuzz::result_or_error([&] {
    const hpinfer::Image result = hpinfer::vision::formula_picture(picture.view, plan);
    hpinfer::fuzz::require_whole(result);
    const auto tensor_size = hpinfer::vision::formula_tensor_size(result, plan);
    if (static_cast<std::int64_t>(tensor_size.width) * tensor_size.height > 1 << 20) return;
    std::vector<float> tensor(static_cast<std::size_t>(tensor_size.width) *
                              static_cast<std::size_t>(tensor_size.height));
    hpinfer::vision::write_formula_tensor(result, plan, tensor.data());
  });
  return 0;
}

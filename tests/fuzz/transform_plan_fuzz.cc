// Pre-processing chains as an inference.yml may name them, on pictures of any geometry: the tensor
// is written completely, and nothing beside it.
#include <cmath>

#include "pictures.h"
#include "vision/plan.h"

namespace {

using namespace hpinfer::vision;  // the operators, by name
using hpinfer::fuzz::Input;

// Small sizes mostly, sometimes any number.
int side(Input& input) {
  return input.byte() % 8 == 0 ? input.raw<std::int32_t>() : input.range(-1, 600);
}

int multiple(Input& input) {
  return input.byte() % 8 == 0 ? input.raw<std::int32_t>() : input.range(0, 64);
}

PixelSize size(Input& input) { return {side(input), side(input)}; }

Interpolation interpolation(Input& input) {
  return input.pick({Interpolation::kNearest, Interpolation::kLinear, Interpolation::kCubic,
                     Interpolation::kArea, Interpolation::kLanczos4, Interpolation::kPilBilinear,
                     Interpolation::kPilBicubic});
}

Operator operator_of(Input& input) {
  switch (input.range(0, 10)) {
    case 0: {
      DetResize op{side(input),
                   input.pick({DetResize::Limit::kMax, DetResize::Limit::kMin,
                               DetResize::Limit::kResizeLong}),
                   side(input), multiple(input)};
      if (input.flag()) op.fixed = size(input);
      return op;
    }
    case 1:
      return RecResize{side(input), side(input), side(input)};
    case 2:
      return ResizeExact{size(input), interpolation(input)};
    case 3:
      return ResizeSide{input.pick({ResizeSide::Which::kShort, ResizeSide::Which::kLong}),
                        side(input), multiple(input), interpolation(input)};
    case 4:
      return ResizeKeepRatio{size(input), multiple(input), interpolation(input)};
    case 5:
      return CenterFrame{input.flag(), size(input)};
    case 6:
      return CenterCrop{size(input)};
    case 7:
      return SetColorOrder{input.pick(
          {hpinfer::ColorOrder::kBgr, hpinfer::ColorOrder::kRgb, hpinfer::ColorOrder::kGray})};
    case 8: {
      Normalize op;
      if (input.flag()) op.scale = input.number();
      if (input.flag()) op.mean = {input.number(), input.number(), input.number()};
      if (input.flag()) op.std = {input.number(), input.number(), input.number()};
      op.formula = input.pick({NormalizeFormula::kScaleShift, NormalizeFormula::kDivideBy255,
                               NormalizeFormula::kDivideBy255Double});
      return op;
    }
    case 9: {
      Pad op{size(input), input.flag() ? multiple(input) : 0};
      if (input.flag()) op.fill = {input.number(), input.number(), input.number()};
      return op;
    }
    default:
      return ToChw{};
  }
}

void run(const TransformPlan& plan, const hpinfer::ImageView& image, int sides_longer) {
  constexpr std::int64_t kMostElements = 1 << 20;  // of the harness, to be quick
  constexpr float kUnwritten = 12345.678F;
  Placement placement = plan.place(image.height, image.width);
  hpinfer::fuzz::require(placement.out_height > 0 && placement.out_width > 0,
                         "a placement has a size");
  hpinfer::fuzz::require(
      static_cast<std::int64_t>(placement.out_height) * placement.out_width <= kMaxPlanPixels,
      "a placement stays within the limit");
  placement.out_height += sides_longer;
  placement.out_width += sides_longer;
  const std::int64_t plane = static_cast<std::int64_t>(placement.out_height) * placement.out_width;
  if (plane * 3 > kMostElements) return;
  std::vector<float> tensor(static_cast<std::size_t>(plane * 3), kUnwritten);
  plan.run(image, placement, {tensor.data(), plane, placement.out_width});
  for (const float value : tensor)
    hpinfer::fuzz::require(value != kUnwritten, "a run writes every element");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t count) {
  Input input(data, count);
  const hpinfer::fuzz::Picture picture = hpinfer::fuzz::picture(input, 2000);
  std::vector<Operator> operators;
  const int length = input.range(1, 5);
  for (int i = 0; i < length; ++i) operators.push_back(operator_of(input));
  if (input.byte() % 4 != 0) operators.emplace_back(ToChw{});
  const int sides_longer = input.range(0, 3);
  hpinfer::fuzz::result_or_error([&] {
    const TransformPlan plan = TransformPlan::compile(operators);
    hpinfer::fuzz::require(!plan.explain().empty(), "a plan explains itself");
    run(plan, picture.view, sides_longer);
  });
  return 0;
}

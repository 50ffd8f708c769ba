#include <vector>

#include "testing.h"
#include "vision/plan.h"
#include "vision_pictures.h"

namespace hpinfer::vision {
namespace {

TransformPlan plan_of(const std::vector<Operator>& operators) {
  return TransformPlan::compile(operators);
}

std::vector<float> run(const TransformPlan& plan, const Image& image, const Placement& p,
                       ThreadPool* pool = nullptr) {
  const std::ptrdiff_t row = p.out_width;
  std::vector<float> out(static_cast<std::size_t>(3 * row * p.out_height), -7.0F);
  plan.run(image.view(), p, {out.data(), row * p.out_height, row}, pool);
  return out;
}

TEST(det_sizes_follow_the_reference) {
  const auto max960 = plan_of({DetResize{}, ToChw{}});
  // int(1754 * 960 / 1754) = 960; int(1240 * ratio) = 678 -> round(21.1875) * 32.
  EXPECT_EQ(max960.place(1754, 1240).scaled_height, 960);
  EXPECT_EQ(max960.place(1754, 1240).scaled_width, 672);
  // 48 / 32 = 1.5 and 80 / 32 = 2.5 both round to 2: half to even.
  EXPECT_EQ(max960.place(48, 80).scaled_height, 64);
  EXPECT_EQ(max960.place(48, 80).scaled_width, 64);
  const auto min736 =
      plan_of({DetResize{.limit_side_len = 736, .limit_type = DetResize::Limit::kMin}, ToChw{}});
  // 736x36800 is cut to 80x4000, and 80 / 32 = 2.5 rounds to 2.
  EXPECT_EQ(min736.place(100, 5000).scaled_width, 4000);
  EXPECT_EQ(min736.place(100, 5000).scaled_height, 64);
}

TEST(det_pads_tiny_pictures_with_zeros) {
  const auto plan = plan_of({DetResize{.limit_side_len = 64}, ToChw{}});
  const Placement p = plan.place(10, 40);
  EXPECT_EQ(p.padded_height, 32);
  EXPECT_EQ(p.padded_width, 40);
  Image white(10, 40, 3, ColorOrder::kBgr);
  std::fill(white.pixels.begin(), white.pixels.end(), std::uint8_t{255});
  const auto out = run(plan, white, p);
  EXPECT_EQ(out.front(), 255.0F);
  EXPECT_EQ(out.back(), 0.0F);
}

TEST(rec_sizes_follow_the_reference) {
  const auto plan = plan_of({RecResize{}, ToChw{}});
  const Placement narrow = plan.place(30, 100);  // ceil(48 * 100 / 30) = 160
  EXPECT_EQ(narrow.resized_width, 160);
  EXPECT_EQ(narrow.out_width, 320);
  const Placement wide = plan.place(31, 500);  // 774.19...: ceil is cut to the tensor's 774
  EXPECT_EQ(wide.resized_width, 774);
  EXPECT_EQ(wide.out_width, 774);
  const Placement stretched = plan.place(10, 5000);
  EXPECT_EQ(stretched.resized_width, 3200);
  EXPECT_EQ(stretched.out_width, 3200);
}

TEST(rec_fills_the_batch_width_with_zeros) {
  std::mt19937 random(1);
  const auto plan = plan_of(
      {RecResize{},
       Normalize{1.0, {0.5, 0.5, 0.5}, {0.5, 0.5, 0.5}, NormalizeFormula::kDivideBy255}, ToChw{}});
  const Image image = testing::random_picture(random, 30, 100);
  Placement p = plan.place(30, 100);
  const auto own = run(plan, image, p);
  p.out_width = 400;
  const auto batch = run(plan, image, p);
  bool equal = true;
  for (std::size_t row = 0; row < 3 * 48; ++row)
    for (std::size_t x = 0; x < 400; ++x)
      equal = equal && batch[row * 400 + x] == (x < 320 ? own[row * 320 + x] : 0.0F);
  EXPECT(equal);
}

TEST(crop_folded_into_the_resize_equals_a_crop_of_the_resized_picture) {
  std::mt19937 random(2);
  for (int i = 0; i < 50; ++i) {
    const int height = testing::random_between(random, 20, 300);
    const int width = testing::random_between(random, 20, 300);
    const Image image = testing::random_picture(random, height, width);
    const auto cropped = plan_of({ResizeSide{.side = 64}, CenterCrop{{56, 56}}, ToChw{}});
    const Placement p = cropped.place(height, width);
    const auto out = run(cropped, image, p);
    const Image whole = resize(image.view(), p.scaled_height, p.scaled_width);
    const ImageView part = whole.view().crop(p.crop_x, p.crop_y, 56, 56);
    bool equal = p.crop_x == (p.scaled_width - 56) / 2;
    for (int c = 0; c < 3; ++c)
      for (int y = 0; y < 56; ++y)
        for (int x = 0; x < 56; ++x)
          equal = equal && out[static_cast<std::size_t>((c * 56 + y) * 56 + x)] ==
                               static_cast<float>(part.row<std::uint8_t>(y)[3 * x + c]);
    EXPECT(equal);
  }
}

TEST(padding_is_normalised_only_when_it_comes_first) {
  const Image image(4, 4, 3, ColorOrder::kBgr);
  const Normalize shift{1.0, {100.0, 100.0, 100.0}, {1.0, 1.0, 1.0}};
  const Pad pad{.size = {6, 4}, .fill = {114.0F, 114.0F, 114.0F}};
  const auto before = plan_of({pad, shift, ToChw{}});
  EXPECT_EQ(run(before, image, before.place(4, 4)).back(), 14.0F);
  const auto after = plan_of({shift, ToChw{}, pad});
  EXPECT_EQ(run(after, image, after.place(4, 4)).back(), 114.0F);
  const auto multiple = plan_of({ToChw{}, Pad{.multiple = 32}});
  EXPECT_EQ(multiple.place(33, 64).out_height, 64);
  EXPECT_EQ(multiple.place(33, 64).out_width, 64);
}

TEST(colour_is_swapped_only_when_it_differs) {
  Image image(1, 1, 3, ColorOrder::kBgr);
  image.pixels = {10, 20, 30};
  const auto plan = plan_of({SetColorOrder{ColorOrder::kRgb}, ToChw{}});
  EXPECT_EQ(run(plan, image, plan.place(1, 1)).front(), 30.0F);
  image.order = ColorOrder::kRgb;
  EXPECT_EQ(run(plan, image, plan.place(1, 1)).front(), 10.0F);
}

TEST(bands_on_a_pool_give_the_same_tensor) {
  std::mt19937 random(9);
  ThreadPool pool(4);
  const Image image = testing::random_picture(random, 700, 900);
  const auto plan = plan_of({DetResize{}, Normalize{}, ToChw{}, Pad{.multiple = 128}});
  const Placement p = plan.place(700, 900);
  EXPECT(run(plan, image, p) == run(plan, image, p, &pool));
}

TEST(compile_refuses_wrong_orders_and_values) {
  const auto expect_config = [](const std::vector<Operator>& operators, std::string_view part) {
    EXPECT_ERROR(plan_of(operators), ErrorCode::kConfig, part);
  };
  expect_config({DetResize{}}, "must include ToChw");
  expect_config({DetResize{}, RecResize{}, ToChw{}}, "this is the second");
  expect_config({Normalize{}, DetResize{}, ToChw{}}, "must come before");
  expect_config({ToChw{}, Normalize{}}, "before ToChw");
  expect_config({Normalize{}, SetColorOrder{}, ToChw{}}, "SetColorOrder must come before");
  expect_config({Normalize{}, CenterCrop{{2, 2}}, ToChw{}}, "CenterCrop must come before");
  expect_config({RecResize{}, CenterCrop{{2, 2}}, ToChw{}}, "cannot follow RecResize");
  expect_config({Normalize{1.0, {}, {0.0, 1.0, 1.0}}, ToChw{}}, "not 0");
  expect_config({DetResize{.multiple = 0}, ToChw{}}, "multiple");
  expect_config({ResizeExact{}, ToChw{}}, "must be 1 to");
  expect_config({Pad{.size = {4, 4}, .fill = {0.5F, 0.0F, 0.0F}}, Normalize{}, ToChw{}},
                "0 to 255");
}

TEST(place_and_run_refuse_what_does_not_fit) {
  const auto crop = plan_of({CenterCrop{{8, 8}}, ToChw{}});
  EXPECT_ERROR(crop.place(4, 9), ErrorCode::kInvalidInput, "smaller than the crop");
  EXPECT_ERROR(crop.place(0, 9), ErrorCode::kInvalidInput, "got 9x0");
  const auto pad = plan_of({Pad{.size = {8, 8}}, ToChw{}});
  EXPECT_ERROR(pad.place(9, 9), ErrorCode::kInvalidInput, "larger than the padding");
  const Image other(5, 5, 3, ColorOrder::kBgr);
  EXPECT_ERROR(run(pad, other, pad.place(4, 4)), ErrorCode::kInvalidInput, "got 5x5");
  Placement small = pad.place(5, 5);
  small.out_width = 4;
  EXPECT_ERROR(run(pad, other, small), ErrorCode::kInvalidInput, "smaller than the resized");
}

TEST(explain_names_every_step) {
  const std::string text =
      plan_of({SetColorOrder{}, ResizeSide{}, CenterCrop{{224, 224}}, Normalize{}, ToChw{}})
          .explain();
  for (const char* part : {"short side to 256", "centre 224x224", "to RGB", "scale_shift", "CHW"})
    EXPECT(text.find(part) != std::string::npos);
}

}  // namespace
}  // namespace hpinfer::vision

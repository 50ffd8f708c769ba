// The arithmetic of the CUDA kernels, run on the host: equal to the CPU kernels to the last bit.
#include <cmath>
#include <limits>
#include <vector>

#include "cuda/maximum_kernel.h"
#include "device_tasks.h"
#include "testing.h"
#include "vision/plan.h"
#include "vision/warp.h"
#include "vision_pictures.h"

namespace hpinfer::vision {
namespace {

using testing::random_between;
using testing::random_picture;

const Normalize kImageNet{.mean = {0.485, 0.456, 0.406}, .std = {0.229, 0.224, 0.225}};

std::vector<float> on_cpu(const std::vector<Operator>& operators, const Image& image,
                          Placement& p) {
  const TransformPlan plan = TransformPlan::compile(operators);
  p = plan.place(image.height, image.width);
  const std::ptrdiff_t row = p.out_width;
  std::vector<float> out(static_cast<std::size_t>(3 * row * p.out_height));
  plan.run(image.view(), p, {out.data(), row * p.out_height, row});
  return out;
}

std::vector<float> as_on_device(const Image& image, const Placement& p, bool reverse) {
  testing::HostTransform made = testing::make_transform(image.view(), p, kImageNet, reverse);
  for (int y = 0; y < p.out_height; ++y)
    for (int x = 0; x < p.out_width; ++x) cuda::transform_pixel(made.task, x, y);
  return std::move(made.out);
}

void expect_same(const std::vector<Operator>& operators, const Image& image, bool reverse) {
  Placement p;
  const std::vector<float> expected = on_cpu(operators, image, p);
  EXPECT(as_on_device(image, p, reverse) == expected);
}

TEST(device_transform_equals_the_plan) {
  std::mt19937 random(3);
  for (int i = 0; i < 30; ++i) {
    const int height = random_between(random, 33, 200);
    const int width = random_between(random, 33, 200);
    const Image image = random_picture(random, height, width);
    expect_same({DetResize{.limit_side_len = 96}, kImageNet, ToChw{}}, image, false);
    expect_same({RecResize{}, kImageNet, ToChw{}}, image, false);
    expect_same(
        {SetColorOrder{ColorOrder::kRgb}, ResizeExact{.size = {64, 48}}, kImageNet, ToChw{}}, image,
        true);
  }
}

TEST(device_transform_copies_halves_and_crops) {
  std::mt19937 random(4);
  const Image image = random_picture(random, 96, 128);
  expect_same({ResizeExact{.size = {128, 96}}, kImageNet, ToChw{}}, image, false);
  expect_same({ResizeExact{.size = {64, 48}}, kImageNet, ToChw{}}, image, false);
  expect_same({ResizeExact{.size = {64, 48}}, CenterCrop{.size = {40, 32}}, kImageNet, ToChw{}},
              image, false);
  expect_same({ResizeExact{.size = {70, 60}}, CenterCrop{.size = {40, 32}}, kImageNet, ToChw{}},
              image, false);
}

float longer(const Point2f& a, const Point2f& b, const Point2f& c, const Point2f& d) {
  return std::max(std::hypot(a.x - b.x, a.y - b.y), std::hypot(c.x - d.x, c.y - d.y));
}

TEST(device_crop_equals_the_warp) {
  std::mt19937 random(5);
  const Image image = random_picture(random, 120, 160);
  int turns = 0;
  for (int i = 0; i < 60; ++i) {
    const auto near = [&](int x, int y) {  // some corners are outside the picture
      return Point2f{static_cast<float>(x + random_between(random, -9, 9)),
                     static_cast<float>(y + random_between(random, -9, 9))};
    };
    const int right = random_between(random, 30, 165);
    const int bottom = random_between(random, 30, 125);
    const Quad c{near(2, 2), near(right, 4), near(right, bottom), near(3, bottom)};
    const auto width = static_cast<int>(longer(c[0], c[1], c[2], c[3]));
    const auto height = static_cast<int>(longer(c[0], c[3], c[1], c[2]));
    const bool turned = height >= 1.5 * width;
    const auto w = static_cast<float>(width);
    const auto h = static_cast<float>(height);
    const auto forward =
        perspective_transform(c, {Point2f{0.0F, 0.0F}, {w, 0.0F}, {w, h}, {0.0F, h}});
    const auto backward = forward ? inverse(*forward) : std::nullopt;
    EXPECT(backward.has_value());
    if (!backward) continue;
    testing::HostCrop made = testing::make_crop(image.view(), *backward, height, width, turned);
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x) cuda::crop_pixel(made.task, x, y);
    EXPECT(made.out == crop_quad(image.view(), c).pixels);
    turns += turned ? 1 : 0;
  }
  EXPECT(turns > 5);
}

TEST(device_maximum_is_numpys) {
  std::mt19937 random(6);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (int i = 0; i < 300; ++i) {
    const auto count = random_between(random, 1, 700);
    std::vector<float> row(static_cast<std::size_t>(count));
    for (float& value : row) value = static_cast<float>(random_between(random, 0, 9));
    if (i % 5 == 0) row[static_cast<std::size_t>(random_between(random, 0, count - 1))] = nan;
    std::size_t expected = 0;
    for (std::size_t k = 1; k < row.size() && !std::isnan(row[expected]); ++k)
      if (std::isnan(row[k]) || row[k] > row[expected]) expected = k;
    const int threads = std::min(64, count);
    cuda::RowMaximum best = cuda::strided_maximum(row.data(), threads - 1, threads, count);
    for (int thread = 0; thread < threads - 1; ++thread)
      best = cuda::greater_of(cuda::strided_maximum(row.data(), thread, threads, count), best);
    EXPECT_EQ(best.index, static_cast<std::int32_t>(expected));
  }
}

}  // namespace
}  // namespace hpinfer::vision

// The text reader, without an engine: networks that say what the pixels are.
#include <algorithm>
#include <cmath>
#include <thread>

#include "models/text_reader.h"
#include "testing.h"

namespace hpinfer::models {
namespace {

constexpr int kWidth = 192;  // multiples of 32: detection resizes nothing
constexpr int kHeight = 352;
constexpr int kClasses = 4;  // blank, "a", "b", space

// Every pixel that is not black is text.
class FakeDetection : public Session {
 public:
  FakeDetection() {
    inputs_ = {{"x", DType::kFloat32, {kDynamicDim, 3, kDynamicDim, kDynamicDim}}};
    outputs_ = {{"map", DType::kFloat32, {kDynamicDim, 1, kDynamicDim, kDynamicDim}}};
  }

 protected:
  void do_run(std::span<const TensorView> inputs, std::span<Tensor> outputs) const override {
    const Shape& shape = inputs[0].shape;
    outputs[0] = Tensor::allocate(DType::kFloat32, {1, 1, shape[2], shape[3]});
    const auto map = outputs[0].elements<float>();
    const auto blue = inputs[0].elements<const float>();
    for (std::size_t i = 0; i < map.size(); ++i) map[i] = blue[i] > 0 ? 1.0F : 0.0F;
  }
};

// A line's text is the letter that a pixel of its left part, half way down, stands for.
class FakeRecognition : public Session {
 public:
  FakeRecognition() {
    inputs_ = {{"x", DType::kFloat32, {kDynamicDim, 3, 48, kDynamicDim}}};
    outputs_ = {{"y", DType::kFloat32, {kDynamicDim, kDynamicDim, kClasses}}};
    options_.num_streams = 2;
  }

 protected:
  void do_run(std::span<const TensorView> inputs, std::span<Tensor> outputs) const override {
    const auto rows = static_cast<std::size_t>(inputs[0].shape[0]);
    const auto width = static_cast<std::size_t>(inputs[0].shape[3]);
    outputs[0] = Tensor::allocate(DType::kFloat32, {inputs[0].shape[0], 1, kClasses});
    const auto out = outputs[0].elements<float>();
    const auto in = inputs[0].elements<const float>();
    std::fill(out.begin(), out.end(), 0.0F);
    for (std::size_t row = 0; row < rows; ++row) {
      const float blue = (in[row * 3 * 48 * width + 24 * width + 24] * 0.5F + 0.5F) * 255.0F;
      out[row * kClasses + static_cast<std::size_t>(std::lround(blue))] = 1.0F;
    }
  }
};

// The upper half of a ring, of pixels `value`.
void draw_half_ring(Image& page, int centre_y, std::uint8_t value) {
  for (int y = centre_y - 80; y <= centre_y; ++y)
    for (int x = 0; x < kWidth; ++x) {
      const double radius = std::hypot(x - kWidth / 2, y - centre_y);
      if (radius < 55 || radius > 80) continue;
      std::fill_n(page.row(y) + 3 * static_cast<std::ptrdiff_t>(x), 3, value);
    }
}

Image curved_page() {
  Image page(kHeight, kWidth, 3, ColorOrder::kBgr);
  std::fill(page.pixels.begin(), page.pixels.end(), std::uint8_t{0});
  draw_half_ring(page, 100, 1);
  draw_half_ring(page, 210, 2);
  draw_half_ring(page, 320, 1);
  return page;
}

TextReader reader() {
  vision::Normalize plain{.scale = 1.0 / 255.0};
  plain.mean = {0, 0, 0};
  plain.std = {1, 1, 1};
  vision::Normalize centred;
  centred.mean = {0.5, 0.5, 0.5};
  centred.std = {0.5, 0.5, 0.5};
  centred.formula = vision::NormalizeFormula::kDivideBy255;
  const std::vector<vision::Operator> detection{vision::DetResize{}, plain, vision::ToChw{}};
  const std::vector<vision::Operator> recognition{vision::RecResize{}, centred, vision::ToChw{}};
  return {std::make_shared<TextDetector>(std::make_shared<FakeDetection>(), detection),
          std::make_shared<TextRecognizer>(std::make_shared<FakeRecognition>(), recognition,
                                           postprocess::CtcDictionary({"a", "b"}, true)),
          nullptr};
}

TextReaderParams params(postprocess::DbBoxType box_type) {
  TextReaderParams made;
  made.detection.db.box_type = box_type;
  made.detection.db.unclip_ratio = 0.05;
  made.detection.db.box_thresh = 0.2;  // of rectangles: the hole is in them
  made.recognition = {2, true, {}};
  return made;
}

std::string texts(const ReadPage& page) {
  std::string all;
  for (const ReadLine& line : page.lines) all += line.text.text;
  return all;
}

TEST(polygons_are_straightened_and_read_from_the_top) {
  const Image page = curved_page();
  const ReadPage read = reader().read(page.view(), params(postprocess::DbBoxType::kPoly));
  EXPECT_EQ(texts(read), "aba");
  for (const ReadLine& line : read.lines) {
    EXPECT(line.polygon.size() > 4);
    EXPECT_EQ(line.orientation, -1);
    EXPECT(line.detection_score > 0.9);
    EXPECT(line.words.boxes.empty());
  }
}

TEST(quadrilaterals_of_the_same_page_stay_quadrilaterals) {
  const Image page = curved_page();
  const ReadPage read = reader().read(page.view(), params(postprocess::DbBoxType::kQuad));
  EXPECT_EQ(read.lines.size(), std::size_t{3});
  for (const ReadLine& line : read.lines) EXPECT_EQ(line.polygon.size(), std::size_t{4});
}

TEST(polygons_have_no_words) {
  const Image page = curved_page();
  TextReaderParams words = params(postprocess::DbBoxType::kPoly);
  words.words = true;
  EXPECT_ERROR(reader().read(page.view(), words), ErrorCode::kInvalidInput, "polygons have none");
}

// Rings within rings: each is a region that is nearly as large as the page.
TEST(a_page_of_nested_regions_is_refused_before_it_fills_the_memory) {
  constexpr int kSide = 3000;
  constexpr int kRing = 24;
  Image page(kSide, kSide, 3, ColorOrder::kBgr);
  for (int y = 0; y < kSide; ++y)
    for (int x = 0; x < kSide; ++x) {
      const int depth = std::min({x, y, kSide - 1 - x, kSide - 1 - y});
      const auto value = static_cast<std::uint8_t>(depth / kRing % 2);
      std::fill_n(page.row(y) + 3 * static_cast<std::ptrdiff_t>(x), 3, value);
    }
  TextReaderParams all = params(postprocess::DbBoxType::kQuad);
  all.detection.db.box_thresh = 0;
  EXPECT_ERROR(reader().read(page.view(), all), ErrorCode::kInvalidInput, "pixels in all");
}

TEST(one_reader_serves_many_threads) {
  const Image page = curved_page();
  const TextReader shared = reader();
  std::vector<std::string> found(6);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < found.size(); ++i)
    threads.emplace_back([&, i] {
      const auto box_type =
          i % 3 == 0 ? postprocess::DbBoxType::kQuad : postprocess::DbBoxType::kPoly;
      for (int round = 0; round < 4; ++round) {
        const ReadPage read = shared.read(page.view(), params(box_type));
        found[i] += box_type == postprocess::DbBoxType::kPoly ? texts(read) : "quad";
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < found.size(); ++i)
    EXPECT_EQ(found[i], i % 3 == 0 ? "quadquadquadquad" : "abaabaabaaba");
}

}  // namespace
}  // namespace hpinfer::models

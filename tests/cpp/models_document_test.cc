// Tables, unwarping, formulas and curved text, without an engine.
#include <functional>
#include <thread>

#include "models/formula_recognizer.h"
#include "models/image_unwarper.h"
#include "models/region_crop.h"
#include "models/table_recognizer.h"
#include "testing.h"

namespace hpinfer::models {
namespace {

// Gives what a function makes of the input.
class FakeSession : public Session {
 public:
  using Network = std::function<std::vector<Tensor>(const TensorView&)>;

  FakeSession(int channels, std::size_t outputs, Network network, int streams = 2,
              DType dtype = DType::kFloat32)
      : network_(std::move(network)) {
    inputs_ = {{"x", DType::kFloat32, {kDynamicDim, channels, kDynamicDim, kDynamicDim}}};
    outputs_.resize(outputs);
    for (TensorInfo& info : outputs_) {
      info.dtype = dtype;
      info.ranked = false;
    }
    options_.num_streams = streams;
  }

 protected:
  void do_run(std::span<const TensorView> inputs, std::span<Tensor> outputs) const override {
    std::vector<Tensor> made = network_(inputs[0]);
    for (std::size_t i = 0; i < made.size(); ++i) outputs[i] = std::move(made[i]);
  }

 private:
  Network network_;
};

Image picture(int height, int width, std::uint8_t value) {
  Image image(height, width, 3, ColorOrder::kBgr);
  std::fill(image.pixels.begin(), image.pixels.end(), value);
  return image;
}

std::vector<ImageView> views_of(const std::vector<Image>& images) {
  std::vector<ImageView> views;
  for (const Image& image : images) views.push_back(image.view());
  return views;
}

// One cell a picture; its box ends at the blue value of the picture's first pixel.
std::vector<Tensor> one_cell(const TensorView& input, bool boxes_first) {
  const auto rows = input.shape[0];
  constexpr std::int64_t kClasses = 4;  // sos <tr> <td></td> eos
  Tensor tokens = Tensor::allocate(DType::kFloat32, {rows, 2, kClasses});
  Tensor boxes = Tensor::allocate(DType::kFloat32, {rows, 2, 8});
  const auto values = input.elements<const float>();
  const std::size_t size = values.size() / static_cast<std::size_t>(rows);
  std::fill(tokens.elements<float>().begin(), tokens.elements<float>().end(), 0.0F);
  for (std::size_t i = 0; i < static_cast<std::size_t>(rows); ++i) {
    tokens.elements<float>()[i * 8 + 2] = 1.0F;
    tokens.elements<float>()[i * 8 + 7] = 1.0F;
    for (std::size_t k = 0; k < 16; ++k) boxes.elements<float>()[i * 16 + k] = values[i * size];
  }
  std::vector<Tensor> outputs;
  outputs.push_back(std::move(boxes_first ? boxes : tokens));
  outputs.push_back(std::move(boxes_first ? tokens : boxes));
  return outputs;
}

TableRecognizer table_recognizer(bool boxes_first, TableBoxUnit unit) {
  const auto session = std::make_shared<FakeSession>(
      3, 2, [=](const TensorView& input) { return one_cell(input, boxes_first); });
  vision::ResizeSide resize{vision::ResizeSide::Which::kLong, 64};
  vision::Pad pad;
  pad.size = {64, 64};
  return {session,
          {resize, vision::Normalize{.scale = 1.0 / 255.0}, pad, vision::ToChw{}},
          postprocess::TableVocabulary({"<tr>"}, true),
          unit};
}

TEST(tables_keep_their_order_and_size_for_any_batch) {
  std::vector<Image> images;
  for (int i = 0; i < 9; ++i)
    images.push_back(picture(20 + 10 * i, 100, static_cast<std::uint8_t>(20 * (i + 1))));
  for (const bool boxes_first : {true, false})
    for (const int batch : {1, 2, 9}) {
      const auto tables =
          table_recognizer(boxes_first, TableBoxUnit::kPicture).recognize(views_of(images), batch);
      for (std::size_t i = 0; i < images.size(); ++i) {
        const double part = 20.0 * static_cast<double>(i + 1) / 255.0;
        EXPECT(std::abs(tables[i].boxes[0] - static_cast<int>(100 * part)) <= 1);
        EXPECT(std::abs(tables[i].boxes[1] - static_cast<int>(images[i].height * part)) <= 1);
      }
    }
  const auto padded = table_recognizer(true, TableBoxUnit::kPadded).recognize(views_of(images), 4);
  EXPECT_EQ(padded[0].boxes[0], padded[0].boxes[1]);  // the square that holds the picture
  EXPECT(table_recognizer(true, TableBoxUnit::kPadded).recognize({}, 4).empty());
}

TEST(pages_come_back_flat) {
  const auto session = std::make_shared<FakeSession>(3, 1, [](const TensorView& input) {
    std::vector<Tensor> outputs;
    outputs.push_back(Tensor::borrow(input).clone());
    return outputs;
  });
  const ImageUnwarper unwarper(session);
  std::vector<Image> images;
  for (int i = 1; i < 8; ++i) images.push_back(picture(3 * i, 50 - i, 255));
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      const auto flat = unwarper.unwarp(views_of(images));
      for (std::size_t i = 0; i < images.size(); ++i) EXPECT(flat[i].pixels == images[i].pixels);
    });
}

TEST(formulas_of_any_size_are_read_alone) {
  const auto network = [](const TensorView& input) {
    EXPECT_EQ(input.shape[0], 1);
    std::vector<Tensor> outputs;
    outputs.push_back(Tensor::allocate(DType::kInt64, {1, 2}));
    outputs[0].elements<std::int64_t>()[0] = input.shape[2];
    outputs[0].elements<std::int64_t>()[1] = input.shape[3];
    return outputs;
  };
  const auto session = std::make_shared<FakeSession>(1, 1, network, 2, DType::kInt64);
  const FormulaRecognizer recognizer(session, {vision::LatexOcrPicture{}, 16});
  const std::vector<Image> images{};
  EXPECT(recognizer.recognize({}, 4).empty());
  const Image small = picture(40, 90, 100);
  const Image large = picture(33, 50, 100);
  const std::vector<ImageView> views{small.view(), large.view()};
  const auto tokens = recognizer.recognize(views, 2);
  EXPECT(tokens[0] == (Tokens{48, 96}));
  EXPECT(tokens[1] == (Tokens{48, 64}));
}

TEST(any_region_of_a_picture_can_be_cut) {
  const Image image = picture(90, 120, 50);
  unsigned state = 7;
  const auto next = [&](int most) {
    state = state * 1664525U + 1013904223U;
    return static_cast<int>(state >> 16U) % most;
  };
  for (int round = 0; round < 1500; ++round) {
    const int reach = round % 2 == 0 ? 20 : 160;
    postprocess::Polygon region;
    for (int i = next(12); i >= 0; --i) region.push_back({next(reach) - 20, next(reach) - 20});
    const Image crop = crop_polygon(image.view(), region);
    EXPECT(crop.width >= 0 && crop.height >= 0);
  }
  EXPECT_ERROR(crop_polygon(image.view(), {{1 << 24, 0}}), ErrorCode::kInvalidInput, "2^24");
}

}  // namespace
}  // namespace hpinfer::models

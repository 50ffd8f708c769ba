// Detection and segmentation without a network: sessions that answer from what they are given.
#include <atomic>
#include <thread>

#include "models/object_detector.h"
#include "models/segmenter.h"
#include "testing.h"

namespace hpinfer::models {
namespace {

constexpr int kSide = 32;

// For each picture a box over the middle half of it, of class and count 1 if its first pixel is not
// 0; masks are 1 everywhere.
class FakeDetection : public Session {
 public:
  FakeDetection(std::vector<std::string> inputs, bool masks, int streams = 1,
                std::int64_t batch = kDynamicDim) {
    for (const std::string& name : inputs)
      inputs_.push_back({name, DType::kFloat32,
                         name == "image" ? Shape{batch, 3, kSide, kSide} : Shape{batch, 2}});
    outputs_ = {{"boxes", DType::kFloat32, {kDynamicDim, 6}},
                {"counts", DType::kInt32, {kDynamicDim}}};
    if (masks)
      outputs_.push_back({"masks", DType::kInt32, {kDynamicDim, kDynamicDim, kDynamicDim}});
    options_.num_streams = streams;
  }

  int most_pictures() const { return most_; }

 protected:
  void do_run(std::span<const TensorView> inputs, std::span<Tensor> outputs) const override {
    const TensorView& pictures = inputs[role("image")];
    const std::int64_t count = pictures.shape[0];
    int seen = most_;
    while (seen < count && !most_.compare_exchange_weak(seen, static_cast<int>(count))) {
    }
    std::vector<float> rows;
    outputs[1] = Tensor::allocate(DType::kInt32, {count});
    int height = 0;
    int width = 0;
    for (std::int64_t i = 0; i < count; ++i) {
      const auto at = static_cast<std::size_t>(2 * i);
      const auto factors = inputs[role("scale_factor")].elements<const float>();
      height = static_cast<int>(static_cast<float>(kSide) / factors[at] + 0.5F);
      width = static_cast<int>(static_cast<float>(kSide) / factors[at + 1] + 0.5F);
      const float first =
          pictures.elements<const float>()[static_cast<std::size_t>(i * 3 * kSide * kSide)];
      const bool found = first != 0.0F;
      outputs[1].elements<std::int32_t>()[static_cast<std::size_t>(i)] = found ? 1 : 0;
      const auto w = static_cast<float>(width);
      const auto h = static_cast<float>(height);
      if (found) rows.insert(rows.end(), {first, 0.9F, w / 4, h / 4, w * 3 / 4, h * 3 / 4});
    }
    const auto found = static_cast<std::int64_t>(rows.size() / 6);
    outputs[0] = Tensor::allocate(DType::kFloat32, {found, 6});
    std::copy(rows.begin(), rows.end(), outputs[0].elements<float>().data());
    if (outputs.size() < 3) return;
    outputs[2] = Tensor::allocate(DType::kInt32, {found, height, width});
    const auto cells = outputs[2].elements<std::int32_t>();
    std::fill(cells.begin(), cells.end(), 1);
  }

 private:
  std::size_t role(std::string_view name) const {
    for (std::size_t i = 0; i < inputs_.size(); ++i)
      if (inputs_[i].name == name) return i;
    return 0;
  }

  mutable std::atomic<int> most_ = 0;
};

std::vector<vision::Operator> steps() {
  return {vision::ResizeExact{{kSide, kSide}}, vision::Normalize{.scale = 1.0}, vision::ToChw{}};
}

struct Pictures {
  std::vector<Image> images;
  std::vector<ImageView> views;
};

// Sizes of all kinds; every third is black.
Pictures pictures(int count) {
  Pictures all;
  for (int i = 0; i < count; ++i) {
    Image& image = all.images.emplace_back(20 + 7 * i, 90 - 3 * i, 3, ColorOrder::kBgr);
    std::fill(image.pixels.begin(), image.pixels.end(), static_cast<std::uint8_t>(i % 3));
  }
  for (const Image& image : all.images) all.views.push_back(image.view());
  return all;
}

bool as_expected(const std::vector<DetectedObjects>& found, const Pictures& all) {
  bool good = found.size() == all.views.size();
  for (std::size_t i = 0; good && i < found.size(); ++i) {
    const auto& objects = found[i].objects;
    if (i % 3 == 0) {
      good = objects.empty();
      continue;
    }
    const auto w = static_cast<float>(all.views[i].width);
    const auto h = static_cast<float>(all.views[i].height);
    good = objects.size() == 1 && objects[0].class_id == static_cast<int>(i % 3) &&
           objects[0].coordinates[0] == w / 4 && objects[0].coordinates[3] == h * 3 / 4;
  }
  return good;
}

TEST(detection_keeps_the_input_order_for_any_batching) {
  const Pictures all = pictures(11);
  for (const int streams : {1, 3})
    for (const int batch : {1, 2, 4, 50}) {
      const auto session = std::make_shared<FakeDetection>(
          std::vector<std::string>{"im_shape", "image", "scale_factor"}, false, streams);
      const ObjectDetector detector(session, steps(), {});
      EXPECT(as_expected(detector.detect(all.views, batch, {}), all));
      EXPECT_EQ(session->most_pictures(), std::min(batch, 11));
    }
}

TEST(detection_gives_the_same_from_eight_threads) {
  const Pictures all = pictures(9);
  const auto session =
      std::make_shared<FakeDetection>(std::vector<std::string>{"image", "scale_factor"}, false, 4);
  const ObjectDetector detector(session, steps(), {});
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      for (int round = 0; round < 10; ++round)
        good += as_expected(detector.detect(all.views, 1 + round % 4, {}), all) ? 1 : 0;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good.load(), 80);
}

TEST(masks_and_fixed_batches_go_one_by_one) {
  const Pictures all = pictures(5);
  const auto masks = std::make_shared<FakeDetection>(
      std::vector<std::string>{"im_shape", "image", "scale_factor"}, true);
  const auto found = ObjectDetector(masks, steps(), {std::nullopt, true}).detect(all.views, 5, {});
  EXPECT(as_expected(found, all));
  EXPECT_EQ(masks->most_pictures(), 1);
  EXPECT_EQ(found[1].masks.size(), std::size_t{1});
  const auto fixed = std::make_shared<FakeDetection>(
      std::vector<std::string>{"image", "scale_factor"}, false, 1, 1);
  EXPECT(as_expected(ObjectDetector(fixed, steps(), {}).detect(all.views, 5, {}), all));
}

TEST(detection_refuses_what_does_not_fit) {
  const auto named = [](std::vector<std::string> inputs) {
    return std::make_shared<FakeDetection>(std::move(inputs), false);
  };
  EXPECT_ERROR(ObjectDetector(named({"image", "size"}), steps(), {}), ErrorCode::kModelFormat,
               "'size'");
  EXPECT_ERROR(ObjectDetector(named({"im_shape", "scale_factor"}), steps(), {}),
               ErrorCode::kModelFormat, "input image");
  EXPECT_ERROR(ObjectDetector(named({"image"}), steps(), {std::nullopt, true}),
               ErrorCode::kModelFormat, "3 outputs; this one has 2");
  const ObjectDetector detector(named({"image", "scale_factor"}), steps(), {});
  EXPECT_ERROR(detector.detect({}, 0, {}), ErrorCode::kInvalidInput, "batch_size");
  EXPECT_ERROR(detector.detect(std::vector<ImageView>(1), 1, {}), ErrorCode::kInvalidInput,
               "at least one pixel");
  EXPECT(detector.detect({}, 1, {}).empty());
}

// The label of a pixel is its blue value.
class FakeSegmentation : public Session {
 public:
  FakeSegmentation() {
    inputs_ = {{"x", DType::kFloat32, {kDynamicDim, 3, kDynamicDim, kDynamicDim}}};
    outputs_ = {{"y", DType::kInt32, {kDynamicDim, kDynamicDim, kDynamicDim}}};
    options_.num_streams = 2;
  }

 protected:
  void do_run(std::span<const TensorView> inputs, std::span<Tensor> outputs) const override {
    const Shape& shape = inputs[0].shape;
    outputs[0] = Tensor::allocate(DType::kInt32, {shape[0], shape[2], shape[3]});
    const auto cells = static_cast<std::size_t>(shape[2] * shape[3]);
    const auto in = inputs[0].elements<const float>();
    const auto out = outputs[0].elements<std::int32_t>();
    for (std::size_t n = 0; n < static_cast<std::size_t>(shape[0]); ++n)
      for (std::size_t i = 0; i < cells; ++i)
        out[n * cells + i] = static_cast<std::int32_t>(in[n * 3 * cells + i]);
  }
};

TEST(segmentation_labels_pictures_at_their_own_size) {
  const Pictures all = pictures(7);
  const Segmenter segmenter(std::make_shared<FakeSegmentation>(),
                            {vision::Normalize{.scale = 1.0}, vision::ToChw{}});
  const vision::Operator resize = vision::ResizeKeepRatio{{64, 64}, 32};
  for (const auto& by_call : {std::optional<vision::Operator>{}, std::optional(resize)}) {
    const auto labels = segmenter.segment(all.views, 3, by_call);
    EXPECT_EQ(labels.size(), all.views.size());
    for (std::size_t i = 0; i < labels.size(); ++i) {
      EXPECT(labels[i].shape() == (Shape{1, all.views[i].height, all.views[i].width}));
      const auto values = labels[i].elements<std::int32_t>();
      EXPECT(std::all_of(values.begin(), values.end(), [&](std::int32_t label) {
        return label == static_cast<std::int32_t>(i % 3);
      }));
    }
  }
}

}  // namespace
}  // namespace hpinfer::models

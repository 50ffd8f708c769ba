// The families' batching, without a network: a session that reports what it is asked to run.
#include <algorithm>
#include <map>
#include <mutex>

#include "models/image_classifier.h"
#include "models/text_recognizer.h"
#include "testing.h"

namespace hpinfer::models {
namespace {

constexpr int kClasses = 4;  // blank, "a", "b", space

// Reads a line's first pixel: its blue value is the class of the line's first step, all others are
// blank. So the text tells which picture a row of the batch was made from.
class FakeRecognition : public Session {
 public:
  FakeRecognition(int streams, DeviceType device, std::int64_t width = kDynamicDim,
                  Precision precision = Precision::kFloat32) {
    inputs_ = {{"x", DType::kFloat32, {kDynamicDim, 3, 48, width}}};
    options_.precision = precision;
    outputs_ = {{"y", DType::kFloat32, {kDynamicDim, kDynamicDim, kClasses}}};
    options_.num_streams = streams;
    options_.device.type = device;
  }

  // Rows of every run by width, in the order of the runs.
  std::vector<std::pair<int, int>> runs() const {
    const std::lock_guard lock(mutex_);
    return runs_;
  }

 protected:
  void do_run(std::span<const TensorView> inputs, std::span<Tensor> outputs) const override {
    const Shape& shape = inputs[0].shape;
    const auto rows = shape[0];
    const auto width = shape[3];
    outputs[0] = Tensor::allocate(DType::kFloat32, {rows, width / 8, kClasses});
    const auto out = outputs[0].elements<float>();
    std::fill(out.begin(), out.end(), 0.0F);
    const auto in = inputs[0].elements<const float>();
    const auto picture = static_cast<std::size_t>(3 * 48 * width);
    const auto steps = static_cast<std::size_t>(width / 8);
    for (std::size_t row = 0; row < static_cast<std::size_t>(rows); ++row) {
      const float blue = (in[row * picture] * 0.5F + 0.5F) * 255.0F;
      for (std::size_t step = 0; step < steps; ++step) {
        const std::size_t best = step == 0 ? static_cast<std::size_t>(blue + 0.5F) : 0;
        out[(row * steps + step) * kClasses + best] = 1.0F;
      }
    }
    const std::lock_guard lock(mutex_);
    runs_.emplace_back(static_cast<int>(width), static_cast<int>(rows));
  }

 private:
  mutable std::mutex mutex_;
  mutable std::vector<std::pair<int, int>> runs_;
};

Image line_picture(int width, std::uint8_t value) {
  Image image(48, width, 3, ColorOrder::kBgr);
  std::fill(image.pixels.begin(), image.pixels.end(), value);
  return image;
}

std::vector<vision::Operator> recognition_steps() {
  vision::Normalize normalize;
  normalize.mean = {0.5, 0.5, 0.5};
  normalize.std = {0.5, 0.5, 0.5};
  normalize.formula = vision::NormalizeFormula::kDivideBy255;
  return {vision::RecResize{}, normalize, vision::ToChw{}};
}

struct Lines {
  std::vector<Image> images;
  std::vector<ImageView> views;
  std::string expected;  // one letter a line
};

// Widths in no order; values cycle through "a" and "b".
Lines many_lines(int count) {
  Lines lines;
  for (int i = 0; i < count; ++i) {
    const int width = 100 + (i * 379) % 900;
    lines.images.push_back(line_picture(width, static_cast<std::uint8_t>(1 + i % 2)));
    lines.expected += i % 2 == 0 ? 'a' : 'b';
  }
  for (const Image& image : lines.images) lines.views.push_back(image.view());
  return lines;
}

TextRecognizer recognizer(const std::shared_ptr<FakeRecognition>& session) {
  return {session, recognition_steps(), postprocess::CtcDictionary({"a", "b"}, true)};
}

TEST(recognition_keeps_the_input_order_for_any_batching) {
  for (const int streams : {1, 2, 5})
    for (const int count : {0, 1, 2, 7, 40})
      for (const bool sorted : {false, true}) {
        const Lines lines = many_lines(count);
        const auto session = std::make_shared<FakeRecognition>(streams, DeviceType::kCpu);
        std::string text;
        for (const TextLine& line : recognizer(session).recognize(lines.views, {6, sorted, {}}))
          text += line.text;
        EXPECT_EQ(text, lines.expected);
      }
}

TEST(padding_follows_the_batch_not_how_it_is_run) {
  const Lines lines = many_lines(40);
  std::vector<std::map<int, int>> lines_by_width;
  for (const auto& [streams, device] :
       {std::pair{1, DeviceType::kCpu}, std::pair{3, DeviceType::kCpu},
        std::pair{1, DeviceType::kGpu}}) {
    const auto session = std::make_shared<FakeRecognition>(streams, device);
    recognizer(session).recognize(lines.views, {6, true, {}});
    std::map<int, int>& counts = lines_by_width.emplace_back();
    for (const auto& [width, rows] : session->runs()) counts[width] += rows;
  }
  EXPECT(lines_by_width[0] == lines_by_width[1]);
  EXPECT(lines_by_width[0] == lines_by_width[2]);
}

TEST(an_accelerator_runs_whole_batches_and_a_cpu_few_lines) {
  const Lines lines = many_lines(40);
  const auto gpu = std::make_shared<FakeRecognition>(1, DeviceType::kGpu);
  recognizer(gpu).recognize(lines.views, {6, true, {}});
  int most = 0;
  for (const auto& [width, rows] : gpu->runs()) most = std::max(most, rows);
  EXPECT_EQ(most, 6);
  const auto cpu = std::make_shared<FakeRecognition>(2, DeviceType::kCpu);
  recognizer(cpu).recognize(lines.views, {6, true, {}});
  for (const auto& [width, rows] : cpu->runs()) EXPECT(rows == 1 || width * rows <= 640);
}

TEST(every_stream_gets_work_from_one_batch) {
  const Lines lines = many_lines(6);
  const auto session = std::make_shared<FakeRecognition>(3, DeviceType::kCpu);
  recognizer(session).recognize(lines.views, {6, true, {}});
  EXPECT(session->runs().size() >= 3);
}

constexpr vision::LineColumns kRule{128, 64, 224, 32};

TEST(a_line_gets_its_own_columns_a_margin_and_a_multiple) {
  for (const auto& [line, tensor] :
       {std::pair{1, 128}, std::pair{64, 128}, std::pair{65, 160}, std::pair{160, 224},
        std::pair{161, 224}, std::pair{224, 224}, std::pair{225, 256}, std::pair{3200, 3200}})
    EXPECT_EQ(vision::tensor_columns(line, kRule), tensor);
  EXPECT_EQ(vision::tensor_columns(100, {0, 0, 0, 1}), 100);
  EXPECT_EQ(vision::tensor_columns(100, {0, 28, 3200, 64}), 128);
  EXPECT_EQ(vision::tensor_columns(100, {320, 0, 0, 1}), 320);
}

TEST(columns_of_a_line_do_not_depend_on_its_batch_mates) {
  const Lines lines = many_lines(40);
  std::map<int, int> alone;
  for (const ImageView& view : lines.views) {
    const auto session = std::make_shared<FakeRecognition>(1, DeviceType::kCpu);
    recognizer(session).recognize({&view, 1}, {6, true, kRule});
    EXPECT_EQ(session->runs().size(), std::size_t{1});
    EXPECT_EQ(session->runs()[0].first, vision::tensor_columns(view.width, kRule));
    ++alone[session->runs()[0].first];
  }
  for (const int streams : {1, 2, 5})
    for (const DeviceType device : {DeviceType::kCpu, DeviceType::kGpu})
      for (const int batch_size : {1, 6}) {
        const auto session = std::make_shared<FakeRecognition>(streams, device);
        std::string text;
        for (const TextLine& line :
             recognizer(session).recognize(lines.views, {batch_size, true, kRule}))
          text += line.text;
        EXPECT_EQ(text, lines.expected);
        std::map<int, int> together;
        for (const auto& [width, rows] : session->runs()) together[width] += rows;
        EXPECT(together == alone);
      }
}

TEST(reduced_precision_runs_more_lines_at_once) {
  std::vector<Image> images(16, line_picture(60, 1));
  std::vector<ImageView> views;
  for (const Image& image : images) views.push_back(image.view());
  for (const auto& [precision, rows] :
       {std::pair{Precision::kFloat32, 4}, std::pair{Precision::kBFloat16, 8}}) {
    const auto session =
        std::make_shared<FakeRecognition>(1, DeviceType::kCpu, kDynamicDim, precision);
    recognizer(session).recognize(views, {6, true, kRule});
    for (const auto& run : session->runs()) EXPECT_EQ(run.second, rows);
  }
}

TEST(lines_have_columns_of_their_own_only_where_the_network_allows_it) {
  const Lines lines = many_lines(1);
  const auto any = std::make_shared<FakeRecognition>(1, DeviceType::kCpu);
  EXPECT(recognizer(any).fits_any_width());
  EXPECT_ERROR(recognizer(any).recognize(lines.views, {6, true, vision::LineColumns{0, 0, 0, 0}}),
               ErrorCode::kInvalidInput, "a step of at least 1");
  const auto fixed = std::make_shared<FakeRecognition>(1, DeviceType::kCpu, 320);
  EXPECT(!recognizer(fixed).fits_any_width());
  EXPECT_ERROR(recognizer(fixed).recognize(lines.views, {6, true, kRule}), ErrorCode::kUnsupported,
               "fixed width");
}

TEST(recognition_refuses_what_does_not_fit) {
  const auto session = std::make_shared<FakeRecognition>(1, DeviceType::kCpu);
  EXPECT_ERROR(TextRecognizer(session, recognition_steps(),
                              postprocess::CtcDictionary({"a", "b", "c"}, true)),
               ErrorCode::kModelFormat, "4 classes");
  const TextRecognizer ours = recognizer(session);
  const Lines lines = many_lines(1);
  EXPECT_ERROR(ours.recognize(lines.views, {0, true, {}}), ErrorCode::kInvalidInput, "batch_size");
  const std::vector<ImageView> empty(1);
  EXPECT_ERROR(ours.recognize(empty, {}), ErrorCode::kInvalidInput, "at least one pixel");
}

TEST(equal_scores_put_the_higher_class_first) {
  const std::vector<float> scores{0.2F, 0.4F, 0.4F, 0.0F};
  EXPECT(top_classes(scores, 3) == (std::vector<int>{2, 1, 0}));
  EXPECT(top_classes(scores, 9).size() == scores.size());
  EXPECT(top_classes({}, 1).empty());
}

}  // namespace
}  // namespace hpinfer::models

// What the model classes make of a network that gives nonsense: numbers that are none, and shapes,
// counts and dtypes that do not fit. Never memory that is not there, never a result.
#include <limits>

#include "models/formula_recognizer.h"
#include "models/image_unwarper.h"
#include "models/object_detector.h"
#include "models/segmenter.h"
#include "models/table_recognizer.h"
#include "models/text_reader.h"
#include "scripted_session.h"
#include "testing.h"

namespace hpinfer::models {
namespace {

using testing::filled;
using testing::ScriptedSession;

const float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr const char* kNone = "numbers that are none";

TensorInfo picture_input() {
  return {"x", DType::kFloat32, {kDynamicDim, 3, kDynamicDim, kDynamicDim}};
}

// Gives `output` (a copy of it) whatever comes in.
std::shared_ptr<Session> gives(std::vector<Tensor> outputs, std::vector<TensorInfo> infos) {
  const auto kept = std::make_shared<std::vector<Tensor>>(std::move(outputs));
  return std::make_shared<ScriptedSession>(std::vector<TensorInfo>{picture_input()},
                                           std::move(infos), [kept](auto, auto made) {
                                             for (std::size_t i = 0; i < made.size(); ++i)
                                               made[i] = (*kept)[i].clone();
                                           });
}

template <typename... Tensors>
std::vector<Tensor> list(Tensors... tensors) {
  std::vector<Tensor> all;
  (all.push_back(std::move(tensors)), ...);
  return all;
}

Image white(int height, int width) {
  Image image(height, width, 3, ColorOrder::kBgr);
  std::fill(image.pixels.begin(), image.pixels.end(), std::uint8_t{255});
  return image;
}

std::vector<vision::Operator> exact_steps() {
  return {vision::ResizeExact{{32, 32}}, vision::Normalize{.scale = 1.0}, vision::ToChw{}};
}

void detect_text(Tensor map) {
  const TensorInfo info{"map", DType::kFloat32, {kDynamicDim, 1, kDynamicDim, kDynamicDim}};
  const TextDetector detector(gives(list(std::move(map)), {info}),
                              {vision::DetResize{}, vision::Normalize{}, vision::ToChw{}});
  const Image page = white(64, 64);
  static_cast<void>(detector.detect(page.view(), {}));
}

TEST(text_detection_refuses_nonsense) {
  for (const float value : {kNan, kInfinity, -kInfinity}) {
    Tensor map = filled({1, 1, 64, 64}, 0.1F);
    map.elements<float>()[64 * 64 - 1] = value;
    EXPECT_ERROR(detect_text(std::move(map)), ErrorCode::kEngine, kNone);
  }
  for (const Shape& shape : {Shape{0, 1, 64, 64}, Shape{2, 1, 64, 64}, Shape{1, 0, 64, 64},
                             Shape{1, 1, 0, 64}, Shape{64, 64}, Shape{1, 64, 64}, Shape{}})
    EXPECT_ERROR(detect_text(filled(shape)), ErrorCode::kModelFormat, "[1,1,H,W]");
  detect_text(filled({1, 1, 64, 64}, 0.9F));
}

void recognize_text(Tensor output, std::size_t count = 2) {
  const TensorInfo info{"y", DType::kFloat32, {kDynamicDim, kDynamicDim, 4}};
  const TextRecognizer recognizer(gives(list(std::move(output)), {info}),
                                  {vision::RecResize{}, vision::Normalize{}, vision::ToChw{}},
                                  postprocess::CtcDictionary({"a", "b"}, true));
  const Image line = white(48, 100);
  const std::vector<ImageView> lines(count, line.view());
  static_cast<void>(recognizer.recognize(lines, {6, true, {}}));
}

TEST(text_recognition_refuses_nonsense) {
  // All NaN looks like all blank, the first class: an empty line, silently.
  EXPECT_ERROR(recognize_text(filled({2, 5, 4}, kNan)), ErrorCode::kEngine, kNone);
  for (const float value : {kNan, kInfinity}) {
    Tensor output = filled({2, 5, 4}, 0.25F);
    output.elements<float>()[2 * 5 * 4 - 1] = value;
    EXPECT_ERROR(recognize_text(std::move(output)), ErrorCode::kEngine, kNone);
  }
  for (const Shape& shape : {Shape{1, 5, 4}, Shape{3, 5, 4}, Shape{0, 5, 4}, Shape{2, 20},
                             Shape{40}, Shape{2, 5, 2, 2}, Shape{}})
    EXPECT_ERROR(recognize_text(filled(shape)), ErrorCode::kModelFormat, "[2,T,C]");
  EXPECT_ERROR(recognize_text(filled({2, 5, 5})), ErrorCode::kModelFormat, "5 classes");
  recognize_text(filled({2, 5, 4}, 0.25F));
  recognize_text(filled({2, 0, 4}));
}

void classify(Tensor output) {
  const ImageClassifier classifier(
      gives(list(std::move(output)), {{"y", DType::kFloat32, {kDynamicDim, kDynamicDim}}}),
      exact_steps());
  const Image image = white(32, 32);
  static_cast<void>(classifier.classify(std::vector<ImageView>(2, image.view()), 2));
}

TEST(classification_refuses_nonsense) {
  for (const float value : {kNan, kInfinity})
    EXPECT_ERROR(classify(filled({2, 3}, value)), ErrorCode::kEngine, kNone);
  for (const Shape& shape :
       {Shape{1, 3}, Shape{3, 3}, Shape{2, 0}, Shape{6}, Shape{2, 3, 1}, Shape{}})
    EXPECT_ERROR(classify(filled(shape)), ErrorCode::kModelFormat, "must give [2,K]");
  classify(filled({2, 3}, 0.5F));
}

Tensor counts(std::vector<std::int64_t> values) {
  Tensor tensor = Tensor::allocate(DType::kInt64, {static_cast<std::int64_t>(values.size())});
  std::copy(values.begin(), values.end(), tensor.elements<std::int64_t>().begin());
  return tensor;
}

void detect(Tensor boxes, Tensor count, DType count_dtype = DType::kInt64) {
  const ObjectDetector detector(
      gives(list(std::move(boxes), std::move(count)),
            {{"boxes", DType::kFloat32, {kDynamicDim, 6}}, {"n", count_dtype, {kDynamicDim}}}),
      exact_steps(), {});
  const Image image = white(32, 32);
  static_cast<void>(detector.detect(std::vector<ImageView>(2, image.view()), 2, {}));
}

TEST(detection_refuses_nonsense) {
  for (const float value : {kNan, kInfinity})
    EXPECT_ERROR(detect(filled({3, 6}, value), counts({1, 2})), ErrorCode::kEngine, kNone);
  // Rows beyond the counts are nobody's.
  Tensor rest = filled({3, 6}, 0.9F);
  rest.elements<float>()[17] = kNan;
  detect(std::move(rest), counts({1, 1}));
  EXPECT_ERROR(detect(filled({3, 6}), counts({2, 2})), ErrorCode::kModelFormat, "more boxes");
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  EXPECT_ERROR(detect(filled({3, 6}), counts({kMost, kMost})), ErrorCode::kModelFormat,
               "more boxes");
  detect(filled({3, 6}), counts({-5, 3}));
  EXPECT_ERROR(detect(filled({3, 6}), counts({1})), ErrorCode::kModelFormat, "1 counts for 2");
  EXPECT_ERROR(detect(filled({3, 5}), counts({1, 2})), ErrorCode::kModelFormat, "columns");
  EXPECT_ERROR(detect(filled({18}), counts({1, 2})), ErrorCode::kModelFormat, "boxes [M,6]");
  EXPECT_ERROR(detect(filled({3, 6}), filled({2}), DType::kFloat32), ErrorCode::kModelFormat,
               "int32 or int64");
}

void detect_raw(Tensor scores, Tensor distances) {
  const TensorInfo any{"h", DType::kFloat32, {kDynamicDim, kDynamicDim, kDynamicDim}};
  const ObjectDetector detector(
      gives(list(std::move(scores), std::move(distances)), {any, any}), exact_steps(),
      {.raw = postprocess::GflOptions{{8}, 0.4F, 0.5F, 100, 100}, .masks = false});
  const Image image = white(32, 32);
  const ImageView view = image.view();
  static_cast<void>(detector.detect({&view, 1}, 1, {}));
}

TEST(raw_heads_refuse_nonsense) {
  detect_raw(filled({1, 16, 2}, 0.9F), filled({1, 16, 32}, 1.0F));
  EXPECT_ERROR(detect_raw(filled({1, 16, 2}, kNan), filled({1, 16, 32})), ErrorCode::kEngine,
               kNone);
  EXPECT_ERROR(detect_raw(filled({1, 16, 2}, 0.9F), filled({1, 16, 32}, kInfinity)),
               ErrorCode::kEngine, kNone);
  for (const Shape& shape : {Shape{1, 16, 0}, Shape{1, 16, 30}, Shape{1, 15, 32}, Shape{2, 16, 32},
                             Shape{16, 32}, Shape{}})
    EXPECT_ERROR(detect_raw(filled({1, 16, 2}, 0.9F), filled(shape)), ErrorCode::kModelFormat,
                 "raw heads are");
}

void segment(Tensor output, DType dtype = DType::kFloat32) {
  const Segmenter segmenter(gives(list(std::move(output)), {{"y", dtype, {}, false}}),
                            exact_steps());
  const Image image = white(32, 32);
  static_cast<void>(segmenter.segment(std::vector<ImageView>(2, image.view()), 2, {}));
}

TEST(segmentation_refuses_nonsense) {
  segment(filled({2, 3, 32, 32}, -kInfinity));  // masked values are no fault
  EXPECT_ERROR(segment(filled({2, 3, 32, 32}, kNan)), ErrorCode::kEngine, kNone);
  for (const Shape& shape :
       {Shape{1, 3, 32, 32}, Shape{2, 3, 0, 32}, Shape{2, 32, 32}, Shape{9}, Shape{2, 0, 32, 32}})
    EXPECT_ERROR(segment(filled(shape)), ErrorCode::kModelFormat, "labels [N,H,W]");
  EXPECT_ERROR(segment(Tensor::allocate(DType::kUInt8, {2, 32, 32}), DType::kUInt8),
               ErrorCode::kModelFormat, "labels [N,H,W]");
}

void recognize_table(Tensor tokens) {
  const TensorInfo info{"y", DType::kFloat32, {kDynamicDim, kDynamicDim, kDynamicDim}};
  const TableRecognizer recognizer(gives(list(std::move(tokens)), {info}), exact_steps(),
                                   postprocess::TableVocabulary({"<tr>", "<td></td>"}, false),
                                   TableBoxUnit::kPadded);
  const Image image = white(32, 32);
  static_cast<void>(recognizer.recognize(std::vector<ImageView>(2, image.view()), 2));
}

TEST(tables_refuse_nonsense) {
  recognize_table(filled({2, 3, 4}, 0.5F));
  EXPECT_ERROR(recognize_table(filled({2, 3, 4}, kNan)), ErrorCode::kEngine, kNone);
  for (const Shape& shape : {Shape{1, 3, 4}, Shape{6, 4}, Shape{24}, Shape{}})
    EXPECT_ERROR(recognize_table(filled(shape)), ErrorCode::kModelFormat, "[2,T,C]");
  EXPECT_ERROR(recognize_table(filled({2, 3, 5})), ErrorCode::kModelFormat, "4 tokens");
}

void unwarp(Tensor output) {
  const TensorInfo info{"y", DType::kFloat32, {}, false};
  const ImageUnwarper unwarper(gives(list(std::move(output)), {info}));
  const Image image = white(8, 8);
  const ImageView view = image.view();
  static_cast<void>(unwarper.unwarp({&view, 1}));
}

TEST(unwarping_refuses_nonsense) {
  unwarp(filled({1, 3, 8, 8}, 0.5F));
  for (const float value : {kNan, kInfinity})
    EXPECT_ERROR(unwarp(filled({1, 3, 8, 8}, value)), ErrorCode::kEngine, kNone);
  for (const Shape& shape :
       {Shape{1, 1, 8, 8}, Shape{2, 3, 8, 8}, Shape{1, 3, 0, 8}, Shape{192}, Shape{}})
    EXPECT_ERROR(unwarp(filled(shape)), ErrorCode::kModelFormat, "[1,3,H,W]");
}

void recognize_formulas(Tensor output, DType dtype) {
  const auto session = std::make_shared<ScriptedSession>(
      std::vector<TensorInfo>{{"x", DType::kFloat32, {kDynamicDim, 1, kDynamicDim, kDynamicDim}}},
      std::vector<TensorInfo>{{"y", dtype, {}, false}},
      [kept = std::make_shared<Tensor>(std::move(output))](auto, auto made) {
        made[0] = kept->clone();
      });
  const FormulaRecognizer recognizer(session, {vision::UniMerNetPicture{}, 16});
  Image image = white(40, 60);
  std::fill(image.row(20) + 60, image.row(20) + 120, std::uint8_t{0});
  static_cast<void>(recognizer.recognize(std::vector<ImageView>(2, image.view()), 2));
}

TEST(formulas_refuse_nonsense) {
  const auto tokens = [](const Shape& shape) { return Tensor::allocate(DType::kInt64, shape); };
  recognize_formulas(tokens({2, 2}), DType::kInt64);
  for (const Shape& shape : {Shape{1, 3}, Shape{4}, Shape{4, 1}, Shape{}})
    EXPECT_ERROR(recognize_formulas(tokens(shape), DType::kInt64), ErrorCode::kModelFormat,
                 "token numbers");
  EXPECT_ERROR(recognize_formulas(filled({2, 2}), DType::kFloat32), ErrorCode::kModelFormat,
               "token numbers");
}

}  // namespace
}  // namespace hpinfer::models

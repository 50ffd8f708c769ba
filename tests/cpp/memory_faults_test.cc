// Memory that runs out at every single allocation of every native entry: the error is
// std::bad_alloc (or kOutOfMemory) and nothing else, nothing leaks, nobody hangs, and the next call
// gives what it always gives.
#include <cmath>
#include <cstdio>
#include <new>

#include "allocation_faults.h"
#include "core/thread_pool.h"
#include "engines/routed_session.h"
#include "engines/shape_recorder.h"
#include "models/formula_recognizer.h"
#include "models/image_unwarper.h"
#include "models/object_detector.h"
#include "models/region_crop.h"
#include "models/segmenter.h"
#include "models/table_recognizer.h"
#include "models/text_reader.h"
#include "scripted_session.h"
#include "testing.h"

namespace hpinfer::models {
namespace {

using testing::filled;
using testing::ScriptedSession;

// More allocations than any entry here makes: beyond it something grows.
constexpr long kMost = 20000;

bool ran_out(const std::function<void()>& call) {
  try {
    call();
  } catch (const std::bad_alloc&) {
    return true;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kOutOfMemory) return true;
    testing::fail_allocations(-1);
    testing::report(__FILE__, __LINE__, std::string("another error: ") + error.what());
  }
  return false;
}

// Fails the first allocation of `call`, then the second, … until it needs no more.
template <typename Call>
void exhaust(const char* name, Call call) {
  for (int round = 0; round < 3; ++round) static_cast<void>(call());  // pools fill
  const auto expected = call();
  const long before = testing::live_allocations();
  long allowed = 0;
  for (; allowed < kMost; ++allowed) {
    testing::fail_allocations(allowed, allowed % 2 == 0);
    const bool failed = ran_out([&] { static_cast<void>(call()); });
    const long met = testing::failed_allocations();
    testing::fail_allocations(-1);
    if (met == 0) break;
    // A failure that does not show must not change the result either; what it may do is make a pool
    // smaller, or a thread do the work of two.
    static_cast<void>(failed);
    if (!(call() == expected)) {
      testing::report(__FILE__, __LINE__, std::string(name) + ": another result after a failure");
      return;
    }
  }
  for (int round = 0; round < 3; ++round) static_cast<void>(call());
  const long after = testing::live_allocations();
  if (std::abs(after - before) > 8)
    testing::report(__FILE__, __LINE__,
                    std::string(name) + ": " + std::to_string(after - before) + " blocks leaked");
  EXPECT(allowed > 0 && allowed < kMost);
  std::printf("  %s: %ld allocations, each failed once\n", name, allowed);
}

TensorInfo picture_input(std::int64_t channels = 3) {
  return {"x", DType::kFloat32, {kDynamicDim, channels, kDynamicDim, kDynamicDim}};
}

std::shared_ptr<Session> session(std::vector<TensorInfo> outputs, ScriptedSession::Script script,
                                 int channels = 3) {
  return std::make_shared<ScriptedSession>(std::vector<TensorInfo>{picture_input(channels)},
                                           std::move(outputs), std::move(script), 2);
}

Image striped(int height, int width) {
  Image image(height, width, 3, ColorOrder::kBgr);
  for (int y = 0; y < height; ++y)
    std::fill_n(image.row(y), 3 * width, static_cast<std::uint8_t>(y / 16 % 2 == 0 ? 255 : 0));
  return image;
}

std::vector<vision::Operator> exact_steps() {
  return {vision::ResizeExact{{32, 32}}, vision::Normalize{.scale = 1.0 / 255}, vision::ToChw{}};
}

std::vector<vision::Operator> detection_steps() {
  vision::Normalize plain{.scale = 1.0 / 255.0};
  plain.mean = {0, 0, 0};
  plain.std = {1, 1, 1};
  return {vision::DetResize{}, plain, vision::ToChw{}};
}

std::shared_ptr<TextDetector> text_detector() {
  const auto network = [](std::span<const TensorView> inputs, std::span<Tensor> outputs) {
    const Shape& shape = inputs[0].shape;
    outputs[0] = Tensor::allocate(DType::kFloat32, {1, 1, shape[2], shape[3]});
    const auto map = outputs[0].elements<float>();
    const auto blue = inputs[0].elements<const float>();
    for (std::size_t i = 0; i < map.size(); ++i) map[i] = blue[i] > 0 ? 1.0F : 0.0F;
  };
  const TensorInfo map{"m", DType::kFloat32, {kDynamicDim, 1, kDynamicDim, kDynamicDim}};
  return std::make_shared<TextDetector>(session({map}, network), detection_steps());
}

std::shared_ptr<TextRecognizer> text_recognizer() {
  const auto network = [](std::span<const TensorView> inputs, std::span<Tensor> outputs) {
    outputs[0] = filled({inputs[0].shape[0], 6, 4}, 0.1F);
    const auto out = outputs[0].elements<float>();
    for (std::size_t i = 0; i < out.size(); i += 4) out[i + i / 4 % 3] = 0.7F;
  };
  const TensorInfo info{"y", DType::kFloat32, {kDynamicDim, kDynamicDim, 4}};
  return std::make_shared<TextRecognizer>(
      session({info}, network),
      std::vector<vision::Operator>{vision::RecResize{}, vision::Normalize{}, vision::ToChw{}},
      postprocess::CtcDictionary({"a", "b"}, true));
}

std::shared_ptr<ImageClassifier> classifier() {
  const auto network = [](std::span<const TensorView> inputs, std::span<Tensor> outputs) {
    outputs[0] = filled({inputs[0].shape[0], 2}, 0.5F);
  };
  return std::make_shared<ImageClassifier>(
      session({{"y", DType::kFloat32, {kDynamicDim, 2}}}, network), exact_steps());
}

TEST(reading_a_page) {
  const TextReader reader(text_detector(), text_recognizer(), classifier());
  const Image page = striped(128, 160);
  for (const bool curved : {false, true}) {
    TextReaderParams params;
    params.detection.db.box_type =
        curved ? postprocess::DbBoxType::kPoly : postprocess::DbBoxType::kQuad;
    params.recognition = {2, true, {}};
    params.line_orientation_batch = 2;
    params.words = !curved;
    exhaust(curved ? "a page of curved text" : "a page", [&] {
      std::string text;
      for (const ReadLine& line : reader.read(page.view(), params).lines)
        text += line.text.text + ";" + std::to_string(line.polygon.size());
      return text;
    });
  }
}

TEST(recognising_lines) {
  const auto recognizer = text_recognizer();
  const Image first = striped(48, 100);
  const Image second = striped(48, 300);
  const std::vector<ImageView> lines{first.view(), second.view(), first.view()};
  for (const auto& columns :
       {std::optional<vision::LineColumns>(), std::optional(vision::LineColumns())})
    exhaust("lines", [&] {
      std::string text;
      for (const TextLine& line : recognizer->recognize(lines, {2, true, columns}))
        text += line.text;
      return text;
    });
}

TEST(classifying) {
  const auto model = classifier();
  const Image image = striped(60, 40);
  const std::vector<ImageView> images(5, image.view());
  exhaust("classification", [&] { return model->classify(images, 2); });
}

TEST(detecting_objects) {
  const auto network = [](std::span<const TensorView> inputs, std::span<Tensor> outputs) {
    const std::int64_t count = inputs[0].shape[0];
    outputs[0] = filled({count * 2, 6}, 0.9F);
    outputs[1] = Tensor::allocate(DType::kInt32, {count});
    for (std::int64_t i = 0; i < count * 2; ++i) {
      float* row = outputs[0].elements<float>().data() + i * 6;
      row[0] = 0;
      row[2] = row[3] = 3;
      row[4] = row[5] = static_cast<float>(20 + i);
    }
    for (auto& value : outputs[1].elements<std::int32_t>()) value = 2;
    if (outputs.size() < 3) return;
    outputs[2] = Tensor::allocate(DType::kInt32, {count * 2, 60, 40});
    for (auto& cell : outputs[2].elements<std::int32_t>()) cell = 1;
  };
  const Image image = striped(60, 40);
  const std::vector<ImageView> images(3, image.view());
  for (const bool masks : {false, true}) {
    std::vector<TensorInfo> outputs{{"b", DType::kFloat32, {kDynamicDim, 6}},
                                    {"n", DType::kInt32, {kDynamicDim}}};
    if (masks) outputs.push_back({"m", DType::kInt32, {kDynamicDim, kDynamicDim, kDynamicDim}});
    const ObjectDetector detector(session(std::move(outputs), network), exact_steps(),
                                  {.raw = {}, .masks = masks});
    exhaust(masks ? "objects and masks" : "objects", [&] {
      std::size_t cells = 0;
      for (const DetectedObjects& found : detector.detect(images, 2, {})) {
        cells += found.objects.size();
        for (const auto& mask : found.masks) cells += mask.cells.size();
      }
      return cells;
    });
  }
}

TEST(detecting_objects_with_raw_heads) {
  const auto network = [](std::span<const TensorView> inputs, std::span<Tensor> outputs) {
    outputs[0] = filled({inputs[0].shape[0], 16, 2}, 0.9F);
    outputs[1] = filled({inputs[0].shape[0], 16, 32}, 1.0F);
  };
  const TensorInfo any{"h", DType::kFloat32, {kDynamicDim, kDynamicDim, kDynamicDim}};
  const ObjectDetector detector(
      session({any, any}, network), exact_steps(),
      {.raw = postprocess::GflOptions{{8}, 0.4F, 0.5F, 100, 100}, .masks = false});
  const Image image = striped(60, 40);
  const std::vector<ImageView> images(2, image.view());
  exhaust("raw heads", [&] {
    std::size_t objects = 0;
    for (const DetectedObjects& found : detector.detect(images, 2, {}))
      objects += found.objects.size();
    return objects;
  });
}

TEST(segmenting) {
  const auto network = [](std::span<const TensorView> inputs, std::span<Tensor> outputs) {
    outputs[0] = filled({inputs[0].shape[0], 3, 32, 32}, 0.5F);
  };
  const Segmenter segmenter(session({{"y", DType::kFloat32, {}, false}}, network), exact_steps());
  const Image image = striped(60, 40);
  const std::vector<ImageView> images(3, image.view());
  exhaust("segmentation",
          [&] { return segmenter.segment(images, 2, {}).at(2).elements<std::int32_t>()[7]; });
}

TEST(recognising_tables) {
  const auto network = [](std::span<const TensorView> inputs, std::span<Tensor> outputs) {
    const std::int64_t count = inputs[0].shape[0];
    outputs[0] = filled({count, 5, 8}, 0.5F);
    outputs[1] = filled({count, 5, 4}, 0.1F);
    const auto tokens = outputs[1].elements<float>();
    for (std::size_t i = 0; i < tokens.size(); i += 4) tokens[i + 1 + i / 4 % 2] = 0.9F;
  };
  const TensorInfo any{"y", DType::kFloat32, {kDynamicDim, kDynamicDim, kDynamicDim}};
  const TableRecognizer recognizer(session({any, any}, network), exact_steps(),
                                   postprocess::TableVocabulary({"<tr>", "<td></td>"}, false),
                                   TableBoxUnit::kPadded);
  const Image image = striped(60, 40);
  const std::vector<ImageView> images(3, image.view());
  exhaust("tables", [&] {
    std::string text;
    for (const auto& table : recognizer.recognize(images, 2))
      for (const std::string& token : table.tokens) text += token;
    return text;
  });
}

TEST(unwarping) {
  const auto network = [](std::span<const TensorView> inputs, std::span<Tensor> outputs) {
    outputs[0] = Tensor::borrow(inputs[0]).clone();
  };
  const ImageUnwarper unwarper(session({{"y", DType::kFloat32, {}, false}}, network));
  const Image image = striped(60, 40);
  const std::vector<ImageView> images(3, image.view());
  exhaust("unwarping", [&] { return unwarper.unwarp(images).back().pixels; });
}

TEST(recognising_formulas) {
  const auto network = [](std::span<const TensorView> inputs, std::span<Tensor> outputs) {
    outputs[0] = Tensor::allocate(DType::kInt64, {inputs[0].shape[0], 2});
    for (auto& token : outputs[0].elements<std::int64_t>()) token = 5;
  };
  const Image image = striped(60, 90);
  const std::vector<ImageView> images(2, image.view());
  for (const vision::FormulaPlan& plan : {vision::FormulaPlan{vision::LatexOcrPicture{}, 16},
                                          vision::FormulaPlan{vision::UniMerNetPicture{}, 16}}) {
    const FormulaRecognizer recognizer(session({{"y", DType::kInt64, {}, false}}, network, 1),
                                       plan);
    exhaust("formulas", [&] { return recognizer.recognize(images, 2); });
  }
}

TEST(sessions_around_sessions) {
  const auto network = [](std::span<const TensorView> inputs, std::span<Tensor> outputs) {
    outputs[0] = filled({inputs[0].shape[0]}, 3.0F);
  };
  const auto inner = session({{"y", DType::kFloat32, {}, false}}, network);
  const RoutedSession routed(nullptr, inner, OtherRole::kAlways, {});
  const ShapeRecorder recorder(inner);
  const Tensor x = filled({2, 3, 4, 4});
  for (const Session* one :
       {static_cast<const Session*>(&routed), static_cast<const Session*>(&recorder)})
    exhaust("a session around another", [&] {
      std::vector<Tensor> y(1);
      one->run({&x.view(), 1}, y);
      return y[0].elements<float>()[1];
    });
}

TEST(making_a_model) {
  exhaust("making a recogniser", [] { return text_recognizer()->fits_any_width(); });
  exhaust("making a detector", [] { return text_detector() != nullptr; });
}

}  // namespace
}  // namespace hpinfer::models

// What models do on a GPU, with an accelerator that runs the kernels' arithmetic on the host.
#include <atomic>
#include <cstring>

#include "cuda/maximum_kernel.h"
#include "cuda/transform_kernel.h"
#include "models/image_classifier.h"
#include "models/text_recognizer.h"
#include "testing.h"
#include "vision_pictures.h"

namespace hpinfer::models {
namespace {

using testing::random_between;
using testing::random_picture;

constexpr Device kGpu{DeviceType::kGpu, 0};

// Memory of the host that says that it is of a GPU.
Tensor marked(Tensor tensor) {
  TensorView view = tensor.view();
  view.device = kGpu;
  return Tensor::borrow(view, tensor.owner());
}

class HostAccelerator final : public Accelerator {
 public:
  Tensor transform(const TransformBatch& batch) const override {
    ++transforms;
    Tensor out = Tensor::allocate(DType::kFloat32, batch.shape());
    // Written elsewhere than it is read, as by a copy to a GPU.
    std::vector<std::byte> staging(batch.bytes());
    std::vector<std::byte> block(batch.bytes());
    batch.write(staging.data(), block.data(), out.elements<float>().data());
    std::memcpy(block.data(), staging.data(), block.size());
    std::memset(staging.data(), 0xEE, staging.size());
    for (int i = 0; i < batch.count(); ++i) {
      cuda::TransformTask task;
      std::memcpy(&task, block.data() + static_cast<std::size_t>(i) * sizeof(task), sizeof(task));
      for (int y = 0; y < batch.height(); ++y)
        for (int x = 0; x < batch.width(); ++x) cuda::transform_pixel(task, x, y);
    }
    return marked(std::move(out));
  }

  std::vector<postprocess::Maximum> row_maxima(const TensorView& tensor) const override {
    ++maxima;
    const auto columns = static_cast<std::int32_t>(tensor.shape[tensor.shape.rank() - 1]);
    const auto values = tensor.elements<const float>();
    std::vector<postprocess::Maximum> found;
    for (std::size_t at = 0; at < values.size(); at += static_cast<std::size_t>(columns)) {
      const auto best = cuda::strided_maximum(values.data() + at, 0, 1, columns);
      found.push_back({static_cast<std::size_t>(best.index), best.value});
    }
    return found;
  }

  mutable std::atomic<int> transforms{0};
  mutable std::atomic<int> maxima{0};
};

const vision::Normalize kImageNet{.mean = {0.485, 0.456, 0.406}, .std = {0.229, 0.224, 0.225}};

std::vector<PlacedPicture> placed(const vision::TransformPlan& plan,
                                  const std::vector<Image>& images) {
  std::vector<PlacedPicture> pictures;
  int width = 0;
  for (const Image& image : images) {
    pictures.push_back({image.view(), plan.place(image.height, image.width)});
    width = std::max(width, pictures.back().placement.out_width);
  }
  for (PlacedPicture& picture : pictures) picture.placement.out_width = width;
  return pictures;
}

void expect_same_input(const std::vector<vision::Operator>& operators,
                       const std::vector<Image>& images, bool on_device) {
  const auto plan = vision::TransformPlan::compile(operators);
  const auto pictures = placed(plan, images);
  const PictureInput host(nullptr, 1);
  const PictureInput device(std::make_shared<HostAccelerator>(), 1);
  const Tensor expected = host.make(plan, pictures);
  const Tensor found = device.make(plan, pictures);
  EXPECT_EQ(found.view().device == kGpu, on_device);
  EXPECT(found.shape() == expected.shape());
  const auto a = expected.elements<float>();
  const auto b = found.elements<float>();
  EXPECT(std::equal(a.begin(), a.end(), b.begin(), b.end()));
}

TEST(a_batch_on_the_device_equals_that_of_the_host) {
  std::mt19937 random(21);
  for (int turn = 0; turn < 8; ++turn) {
    std::vector<Image> lines;
    for (int i = 0; i < random_between(random, 1, 9); ++i)
      lines.push_back(
          random_picture(random, random_between(random, 8, 90), random_between(random, 20, 700)));
    lines.push_back(random_picture(random, 48, 300));  // copied
    lines.push_back(random_picture(random, 96, 600));  // halved
    expect_same_input({vision::RecResize{}, kImageNet, vision::ToChw{}}, lines, true);
  }
  const std::vector<Image> page{random_picture(random, 333, 217)};
  expect_same_input({vision::SetColorOrder{ColorOrder::kRgb},
                     vision::DetResize{.limit_side_len = 160}, kImageNet, vision::ToChw{}},
                    page, true);
  expect_same_input({vision::ResizeExact{.size = {64, 48}}, vision::CenterCrop{.size = {32, 40}},
                     kImageNet, vision::ToChw{}},
                    page, true);
}

TEST(what_the_kernel_lacks_is_done_on_the_host) {
  std::mt19937 random(22);
  const std::vector<Image> page{random_picture(random, 100, 120)};
  expect_same_input(
      {vision::ResizeExact{.size = {64, 48}, .interpolation = vision::Interpolation::kCubic},
       kImageNet, vision::ToChw{}},
      page, false);
  // Too small: padded with zeros before the resize.
  expect_same_input({vision::DetResize{.limit_side_len = 160}, kImageNet, vision::ToChw{}},
                    {random_picture(random, 10, 12)}, false);
}

// Gives each line the class that its first pixel's blue value names.
class GpuRecognition final : public Session {
 public:
  GpuRecognition() {
    inputs_ = {{"x", DType::kFloat32, {kDynamicDim, 3, 48, kDynamicDim}}};
    outputs_ = {{"y", DType::kFloat32, {kDynamicDim, kDynamicDim, 4}}};
    options_.device = kGpu;
    options_.num_streams = 2;
  }
  mutable std::atomic<int> host_inputs{0};
  mutable std::atomic<int> host_runs{0};

 protected:
  void do_run(std::span<const TensorView> inputs, std::span<Tensor> outputs) const override {
    ++host_runs;
    if (inputs[0].device.type == DeviceType::kCpu) ++host_inputs;
    outputs[0] = result(inputs[0]);
  }
  void do_run_on_device(std::span<const TensorView> inputs,
                        std::span<Tensor> outputs) const override {
    if (inputs[0].device.type == DeviceType::kCpu) ++host_inputs;
    outputs[0] = marked(result(inputs[0]));
  }

 private:
  static Tensor result(const TensorView& input) {
    const auto rows = static_cast<std::size_t>(input.shape[0]);
    const auto picture = static_cast<std::size_t>(3 * 48 * input.shape[3]);
    const auto steps = static_cast<std::size_t>(input.shape[3] / 8);
    Tensor out = Tensor::allocate(
        DType::kFloat32, {input.shape[0], static_cast<std::int64_t>(steps), std::int64_t{4}});
    const auto values = out.elements<float>();
    std::fill(values.begin(), values.end(), 0.0F);
    const auto pixels = input.elements<const float>();
    for (std::size_t row = 0; row < rows; ++row)
      for (std::size_t step = 0; step < steps; ++step) {
        const float blue = (pixels[row * picture] * 0.5F + 0.5F) * 255.0F;
        const std::size_t best = step == 0 ? static_cast<std::size_t>(blue + 0.5F) : 0;
        values[(row * steps + step) * 4 + best] = 0.9F;
      }
    return out;
  }
};

TEST(lines_are_prepared_and_read_on_the_device) {
  vision::Normalize normalize;
  normalize.mean = normalize.std = {0.5, 0.5, 0.5};
  normalize.formula = vision::NormalizeFormula::kDivideBy255;
  std::vector<Image> images;
  std::vector<ImageView> views;
  for (int i = 0; i < 30; ++i) {
    images.emplace_back(48, 100 + 37 * i % 500, 3, ColorOrder::kBgr);
    std::fill(images.back().pixels.begin(), images.back().pixels.end(),
              static_cast<std::uint8_t>(1 + i % 2));
  }
  for (const Image& image : images) views.push_back(image.view());
  const auto read = [&](const std::shared_ptr<const GpuRecognition>& session,
                        std::shared_ptr<const Accelerator> accelerator) {
    const TextRecognizer recognizer(session, {vision::RecResize{}, normalize, vision::ToChw{}},
                                    postprocess::CtcDictionary({"a", "b"}, true),
                                    std::move(accelerator));
    return recognizer.recognize(views, {});
  };
  const auto with = std::make_shared<GpuRecognition>();
  const auto without = std::make_shared<GpuRecognition>();
  const auto accelerator = std::make_shared<HostAccelerator>();
  const auto lines = read(with, accelerator);
  const auto expected = read(without, nullptr);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    EXPECT_EQ(lines[i].text, i % 2 == 0 ? std::string("a") : std::string("b"));
    EXPECT_EQ(lines[i].text, expected[i].text);
    EXPECT_EQ(lines[i].decoded.score, expected[i].decoded.score);
    EXPECT_EQ(lines[i].columns, expected[i].columns);
  }
  EXPECT_EQ(with->host_inputs.load(), 0);
  EXPECT_EQ(with->host_runs.load(), 0);
  EXPECT(accelerator->maxima.load() > 0);
  EXPECT_EQ(without->host_runs.load(), without->host_inputs.load());
}

TEST(a_session_on_the_cpu_has_no_accelerator) {
  class OnCpu final : public Session {
    void do_run(std::span<const TensorView>, std::span<Tensor>) const override {}
  };
  EXPECT(accelerator_for(OnCpu()) == nullptr);
}

}  // namespace
}  // namespace hpinfer::models

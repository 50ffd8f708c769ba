// The CUDA kernels on a GPU: equal to the CPU kernels to the last bit.
#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>

#include "cuda/kernels.h"
#include "cuda/memory.h"
#include "cuda/status.h"
#include "device_tasks.h"
#include "testing.h"
#include "vision/plan.h"
#include "vision/warp.h"
#include "vision_pictures.h"

namespace hpinfer::cuda {
namespace {

using testing::random_between;
using testing::random_picture;

int device_count() {
  int count = 0;
  return cudaGetDeviceCount(&count) == cudaSuccess ? count : 0;
}

const testing::Requirement kNeedsGpu(device_count() > 0, "NVIDIA GPU with a driver");

class Gpu {
 public:
  Gpu() { check_cuda(cudaStreamCreate(&stream_), "creating a stream"); }
  ~Gpu() { cudaStreamDestroy(stream_); }

  template <typename T>
  T* put(const T* values, std::size_t count) {
    blocks_.push_back(memory_.take(std::max<std::size_t>(count, 1) * sizeof(T)));
    auto* copy = static_cast<T*>(blocks_.back().data());
    check_cuda(cudaMemcpyAsync(copy, values, count * sizeof(T), cudaMemcpyDefault, stream_),
               "copy");
    return copy;
  }
  template <typename T>
  std::vector<T> get(const T* values, std::size_t count) {
    std::vector<T> copy(count);
    check_cuda(cudaMemcpyAsync(copy.data(), values, count * sizeof(T), cudaMemcpyDefault, stream_),
               "copy");
    check_cuda(cudaStreamSynchronize(stream_), "waiting");
    return copy;
  }
  cudaStream_t stream() const { return stream_; }

 private:
  MemoryPool memory_{MemoryKind::kDevice, 0};
  std::vector<Block> blocks_;
  cudaStream_t stream_ = nullptr;
};

const vision::Normalize kImageNet{.mean = {0.485, 0.456, 0.406}, .std = {0.229, 0.224, 0.225}};

TEST(transforms_of_many_sizes_equal_the_plan) {
  std::mt19937 random(1);
  Gpu gpu;
  const auto plan = vision::TransformPlan::compile(
      std::vector<vision::Operator>{vision::RecResize{}, kImageNet, vision::ToChw{}});
  std::vector<Image> images;
  std::vector<testing::HostTransform> made;
  std::vector<TransformTask> tasks;
  std::vector<vision::Placement> placements;
  int width = 0;
  for (int i = 0; i < 50; ++i) {
    images.push_back(
        random_picture(random, random_between(random, 8, 90), random_between(random, 20, 900)));
    placements.push_back(plan.place(images.back().height, images.back().width));
    width = std::max(width, placements.back().out_width);
  }
  for (std::size_t i = 0; i < images.size(); ++i) {
    made.push_back(testing::make_transform(images[i].view(), placements[i], kImageNet, false));
    testing::HostTransform& host = made.back();
    TransformTask task = host.task;
    task.pixels = gpu.put(images[i].pixels.data(), images[i].pixels.size());
    task.columns = gpu.put(host.columns.data(), host.columns.size());
    task.rows = gpu.put(host.rows.data(), host.rows.size());
    task.tables = gpu.put(host.tables.data(), host.tables.size());
    task.out = gpu.put(host.out.data(), host.out.size());
    tasks.push_back(task);
  }
  check_cuda(launch_transforms(gpu.put(tasks.data(), tasks.size()), static_cast<int>(tasks.size()),
                               width, 48, gpu.stream()),
             "launch");
  for (std::size_t i = 0; i < images.size(); ++i) {
    std::vector<float> expected(made[i].out.size());
    const std::ptrdiff_t row = placements[i].out_width;
    plan.run(images[i].view(), placements[i], {expected.data(), row * 48, row});
    EXPECT(gpu.get(tasks[i].out, expected.size()) == expected);
  }
}

TEST(crops_equal_the_warp) {
  std::mt19937 random(2);
  Gpu gpu;
  const Image image = random_picture(random, 300, 400);
  const std::uint8_t* pixels = gpu.put(image.pixels.data(), image.pixels.size());
  const auto& table = vision::bicubic_table();
  const std::int16_t* weights = gpu.put(table.front().data(), table.size() * 16);
  for (int i = 0; i < 40; ++i) {
    const int width = random_between(random, 20, 300);
    const int height = random_between(random, 10, std::min(280, width + width / 3));
    const auto w = static_cast<float>(width);
    const auto h = static_cast<float>(height);
    // A rectangle whose sides are whole pixels, so that the crop has exactly these.
    const vision::Point2f at{static_cast<float>(random_between(random, -10, 120)), 5.0F};
    const vision::Quad corners{at, {at.x + w, at.y}, {at.x + w, at.y + h}, {at.x, at.y + h}};
    const auto forward =
        vision::perspective_transform(corners, {vision::Point2f{}, {w, 0}, {w, h}, {0, h}});
    const auto backward = forward ? vision::inverse(*forward) : std::nullopt;
    EXPECT(backward.has_value());
    if (!backward) continue;
    testing::HostCrop host = testing::make_crop(image.view(), *backward, height, width, false);
    CropTask task = host.task;
    task.pixels = pixels;
    task.weights = weights;
    task.out = gpu.put(host.out.data(), host.out.size());
    check_cuda(launch_crops(gpu.put(&task, 1), 1, width, height, gpu.stream()), "launch");
    EXPECT(gpu.get(task.out, host.out.size()) == vision::crop_quad(image.view(), corners).pixels);
  }
}

TEST(row_maxima_are_numpys) {
  std::mt19937 random(3);
  Gpu gpu;
  for (const int columns : {1, 2, 31, 255, 256, 257, 6625, 18710}) {
    constexpr int kRows = 40;
    std::vector<float> values(static_cast<std::size_t>(kRows * columns));
    for (float& value : values) value = static_cast<float>(random_between(random, 0, 50));
    values[0] = std::numeric_limits<float>::quiet_NaN();
    const std::vector<RowMaximum> none(kRows);
    RowMaximum* maxima = gpu.put(none.data(), none.size());
    check_cuda(launch_row_maxima(gpu.put(values.data(), values.size()), kRows, columns, maxima,
                                 gpu.stream()),
               "launch");
    const auto found = gpu.get(maxima, kRows);
    EXPECT_EQ(found[0].index, 0);
    for (std::size_t row = 1; row < kRows; ++row) {
      const auto begin = values.begin() + static_cast<std::ptrdiff_t>(row) * columns;
      EXPECT_EQ(found[row].index, std::max_element(begin, begin + columns) - begin);
    }
  }
}

TEST(threshold_is_strict) {
  Gpu gpu;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> values{0.0F, 0.3F, 0.30001F, 1.0F, nan, -1.0F};
  const std::vector<std::uint8_t> none(values.size(), 7);
  std::uint8_t* bitmap = gpu.put(none.data(), none.size());
  check_cuda(launch_threshold(gpu.put(values.data(), values.size()), 6, 0.3F, bitmap, gpu.stream()),
             "launch");
  const std::vector<std::uint8_t> expected{0, 0, 255, 255, 0, 0};
  EXPECT(gpu.get(bitmap, values.size()) == expected);
}

TEST(memory_is_reused_and_given_back) {
  for (const MemoryKind kind : {MemoryKind::kDevice, MemoryKind::kPinned}) {
    MemoryPool pool(kind, 0);
    const void* first = nullptr;
    {
      first = pool.take(5000).data();
    }
    EXPECT_EQ(pool.kept_bytes(), std::size_t{8192});
    {
      const Block again = pool.take(8000);
      EXPECT(again.data() == first);
      EXPECT_EQ(pool.kept_bytes(), std::size_t{0});
    }
    pool.trim();
    EXPECT_EQ(pool.kept_bytes(), std::size_t{0});
    EXPECT_ERROR(pool.take(std::size_t{1} << 50), ErrorCode::kEngine, "cannot be had");
    EXPECT(pool.take(16).data() != nullptr);
  }
}

}  // namespace
}  // namespace hpinfer::cuda

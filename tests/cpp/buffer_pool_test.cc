#include "core/buffer_pool.h"

#include "testing.h"

namespace hpinfer {
namespace {

TEST(pool_reuses_the_smallest_buffer_that_fits) {
  BufferPool pool(2);
  void* small = nullptr;
  void* large = nullptr;
  {
    const Tensor a = pool.take(DType::kFloat32, {16});
    const Tensor b = pool.take(DType::kFloat32, {1024});
    small = a.data();
    large = b.data();
  }
  const Tensor first = pool.take(DType::kUInt8, {10});
  EXPECT_EQ(first.data(), small);
  const Tensor second = pool.take(DType::kUInt8, {10});
  EXPECT_EQ(second.data(), large);
}

TEST(pool_keeps_no_more_than_its_capacity) {
  BufferPool pool(1);
  void* large = nullptr;
  {
    const Tensor a = pool.take(DType::kUInt8, {8});
    const Tensor b = pool.take(DType::kUInt8, {4096});
    large = b.data();
  }
  const Tensor kept = pool.take(DType::kUInt8, {8});
  EXPECT_EQ(kept.data(), large);  // the large one is worth more than the small one
}

}  // namespace
}  // namespace hpinfer

#include "core/cpu.h"
#include "core/device.h"
#include "core/dynamic_library.h"
#include "core/image.h"
#include "core/log.h"
#include "core/tensor.h"
#include "testing.h"

namespace hpinfer {
namespace {

TEST(shape_counts_elements_and_prints) {
  EXPECT_EQ(Shape({2, 3, 4}).num_elements(), 24U);
  EXPECT_EQ(Shape().num_elements(), 1U);
  EXPECT_EQ(Shape({0, 6}).num_elements(), 0U);
  EXPECT_EQ(Shape({1, kDynamicDim}).to_string(), "[1, ?]");
  EXPECT(Shape({kDynamicDim, 3}).accepts(Shape({7, 3})));
  EXPECT(!Shape({kDynamicDim, 3}).accepts(Shape({7, 4})));
  EXPECT(!Shape({kDynamicDim}).accepts(Shape({7, 4})));
}

TEST(shape_refuses_what_it_cannot_hold) {
  EXPECT_ERROR(Shape({1, 1, 1, 1, 1, 1, 1, 1, 1}), ErrorCode::kInvalidInput, "at most 8");
  EXPECT_ERROR(Shape({kDynamicDim}).num_elements(), ErrorCode::kInvalidInput, "concrete");
  EXPECT_ERROR(Shape({1LL << 40, 1LL << 40}).num_elements(), ErrorCode::kInvalidInput, "too many");
}

TEST(dtype_names_round_trip) {
  for (const DType dtype : {DType::kFloat32, DType::kFloat16, DType::kFloat64, DType::kInt8,
                            DType::kUInt8, DType::kInt32, DType::kInt64, DType::kBool})
    EXPECT(dtype_from_name(dtype_name(dtype)) == dtype);
  EXPECT(!dtype_from_name("complex64"));
}

TEST(tensor_owns_borrows_and_checks_its_dtype) {
  Tensor tensor = Tensor::allocate(DType::kFloat32, {2, 2});
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor.data()) % 64, 0U);
  tensor.elements<float>()[3] = 5.0F;
  const Tensor copy = tensor.clone();
  EXPECT(copy.data() != tensor.data());
  EXPECT_EQ(copy.elements<float>()[3], 5.0F);
  EXPECT_ERROR(tensor.elements<int>(), ErrorCode::kInvalidType, "float32");

  auto owner = std::make_shared<int>(1);
  Tensor borrowed = Tensor::borrow(tensor.view(), owner);
  EXPECT_EQ(owner.use_count(), 2);
  borrowed = Tensor();
  EXPECT_EQ(owner.use_count(), 1);
}

TEST(device_parses_what_it_prints) {
  EXPECT(parse_device("gpu:3") == (Device{DeviceType::kGpu, 3}));
  EXPECT_EQ(to_string(parse_device("gpu")), "gpu:0");
  EXPECT_EQ(to_string(parse_device("cpu")), "cpu");
  for (const char* bad : {"", "cpu:0", "gpu:", "gpu:x", "gpu:-1", "tpu", "gpu:1x"})
    EXPECT_ERROR(parse_device(bad), ErrorCode::kInvalidInput, "device must be");
}

TEST(image_crop_shares_memory_and_stays_inside) {
  Image image(4, 5, 3, ColorOrder::kBgr);
  const ImageView part = image.view().crop(1, 2, 3, 2);
  EXPECT_EQ(part.row<std::uint8_t>(0), image.row(2) + 3);
  EXPECT_ERROR(image.view().crop(3, 0, 3, 1), ErrorCode::kInvalidInput, "leaves the picture");
}

TEST(missing_library_keeps_the_loaders_words) {
  EXPECT_ERROR(DynamicLibrary::open("/nowhere/libnothing.so"), ErrorCode::kEngineUnavailable,
               "cannot open shared object file");
  const DynamicLibrary self = DynamicLibrary::open("libc.so.6");
  EXPECT(self.symbol("malloc") != nullptr);
  EXPECT(self.path().is_absolute());
  EXPECT_ERROR(self.symbol("no_such_symbol"), ErrorCode::kEngineUnavailable, "no_such_symbol");
}

TEST(log_reaches_the_sink_above_the_level) {
  std::string seen;
  set_log_sink([&](LogLevel, std::string_view message) { seen += message; });
  log(LogLevel::kInfo, "quiet");
  log(LogLevel::kWarning, "loud");
  set_log_sink(nullptr);
  log(LogLevel::kError, "nobody");
  EXPECT_EQ(seen, "loud");
}

TEST(active_isa_is_supported) {
  const auto isas = supported_isas();
  EXPECT(isas.front() == Isa::kScalar);
  EXPECT(std::find(isas.begin(), isas.end(), active_isa()) != isas.end());
}

}  // namespace
}  // namespace hpinfer

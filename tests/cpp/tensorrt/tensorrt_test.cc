// TensorRT's engine with tensors on the GPU, on the stand-ins. HPINFER_TENSORRT_LIBRARY says where
// they are. All else is tested from Python (tests/python/tensorrt).
#include <cstdlib>
#include <cstring>
#include <string>

#include "engines/registry.h"
#include "engines/tensorrt/cuda_runtime.h"
#include "testing.h"

namespace hpinfer {
namespace {

std::string field(int number, const std::string& bytes) {
  return std::string(1, static_cast<char>(number << 3 | 2)) + static_cast<char>(bytes.size()) +
         bytes;
}

std::string integer(int number, int value) {
  return {static_cast<char>(number << 3), static_cast<char>(value)};
}

// y = -x for one row of any length, as ONNX: field numbers of the published onnx.proto.
std::string negation() {
  const auto value = [](const std::string& name) {
    const std::string dims = field(1, field(2, "n"));  // dim_param
    return field(1, name) + field(2, field(1, integer(1, 1) + field(2, dims)));
  };
  const std::string node = field(1, "x") + field(2, "y") + field(3, "neg") + field(4, "Neg");
  const std::string graph =
      field(1, node) + field(2, "g") + field(11, value("x")) + field(12, value("y"));
  return integer(1, 8) + field(7, graph) + field(8, field(1, "") + integer(2, 13));
}

std::shared_ptr<const Session> open_session(bool on_device) {
  const std::string model = negation();
  SessionOptions options;
  options.device = {DeviceType::kGpu, 0};
  options.profiles = {{{"x", {{1}, {4}, {8}}}}};
  options.outputs_on_device = on_device;
  const ModelSource source{{}, std::as_bytes(std::span(model.data(), model.size())), {}};
  return open_engine("tensorrt", {})->create_session(source, options);
}

// A row on the GPU.
class DeviceRow {
 public:
  explicit DeviceRow(std::int64_t length)
      : cuda_(tensorrt::CudaRuntime::open(std::getenv("HPINFER_TENSORRT_LIBRARY"))),
        buffer_(cuda_, tensorrt::MemoryKind::kDevice),
        pinned_(cuda_, tensorrt::MemoryKind::kPinned),
        stream_(cuda_) {
    view_ = {DType::kFloat32, {length}, nullptr, {DeviceType::kGpu, 0}};
    view_.data = buffer_.require(view_.num_bytes());
    pinned_.require(view_.num_bytes());
  }
  const TensorView& view() const { return view_; }
  float* host() const { return static_cast<float*>(pinned_.data()); }
  void send() { copy(view_.data, pinned_.data(), cudaMemcpyHostToDevice); }
  void fetch(const void* from) { copy(pinned_.data(), from, cudaMemcpyDeviceToHost); }

 private:
  void copy(void* to, const void* from, cudaMemcpyKind kind) {
    cuda_.check_status(cuda_.memcpy_async(to, from, view_.num_bytes(), kind, stream_.get()),
                       "copy");
    stream_.synchronize();
  }

  tensorrt::CudaRuntime cuda_;
  tensorrt::GrowingBuffer buffer_;
  tensorrt::GrowingBuffer pinned_;
  tensorrt::Stream stream_;
  TensorView view_;
};

TEST(tensorrt_reads_and_writes_memory_of_the_gpu) {
  const auto session = open_session(false);
  DeviceRow x(3);
  DeviceRow y(3);
  for (int i = 0; i < 3; ++i) x.host()[i] = static_cast<float>(i + 1);
  x.send();
  std::vector<Tensor> outputs(1);
  outputs[0] = Tensor::borrow(y.view());
  const TensorView input = x.view();
  session->run(std::span(&input, 1), outputs);
  EXPECT(outputs[0].data() == y.view().data);  // written in place
  y.fetch(y.view().data);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(y.host()[i], -static_cast<float>(i + 1));
}

TEST(tensorrt_leaves_results_on_the_gpu_if_asked) {
  const auto session = open_session(true);
  const Tensor x = Tensor::allocate(DType::kFloat32, {2});
  x.elements<float>()[0] = 5;
  x.elements<float>()[1] = 7;
  const TensorView input = x.view();
  std::vector<Tensor> outputs(1);
  session->run(std::span(&input, 1), outputs);
  EXPECT(outputs[0].view().device == (Device{DeviceType::kGpu, 0}));
  EXPECT(outputs[0].lifetime() == Tensor::Lifetime::kLease);
  EXPECT_ERROR(outputs[0].clone(), ErrorCode::kUnsupported, "on gpu:0");
  DeviceRow row(2);
  row.fetch(outputs[0].data());
  EXPECT_EQ(row.host()[0], -5.F);
  EXPECT_EQ(row.host()[1], -7.F);
}

TEST(tensorrt_refuses_memory_of_another_gpu) {
  const auto session = open_session(false);
  DeviceRow x(3);
  TensorView input = x.view();
  input.device.index = 1;
  std::vector<Tensor> outputs(1);
  EXPECT_ERROR(session->run(std::span(&input, 1), outputs), ErrorCode::kInvalidInput,
               "input 'x' is on gpu:1; the session runs on gpu:0");
}

}  // namespace
}  // namespace hpinfer

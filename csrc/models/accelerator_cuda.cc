#include <map>
#include <mutex>

#include "core/log.h"
#include "cuda/device_work.h"
#include "models/accelerator.h"

namespace hpinfer::models {
namespace {

class CudaAccelerator final : public Accelerator {
 public:
  explicit CudaAccelerator(int device) : work_(device) {}

  Tensor transform(const TransformBatch& batch) const override {
    const cuda::Block staging = work_.take_pinned(batch.bytes());
    const cuda::Block block = work_.take_device(batch.bytes());
    const TensorView view{DType::kFloat32, batch.shape(), nullptr,
                          Device{DeviceType::kGpu, work_.device()}};
    const auto planes = std::make_shared<cuda::Block>(work_.take_device(view.num_bytes()));
    TensorView out = view;
    out.data = planes->data();
    batch.write(static_cast<std::byte*>(staging.data()), static_cast<std::byte*>(block.data()),
                static_cast<float*>(out.data));
    work_.transform(staging, block, batch.bytes(), batch.count(), batch.width(), batch.height());
    return Tensor::borrow(out, planes);
  }

  std::vector<postprocess::Maximum> row_maxima(const TensorView& tensor) const override {
    const auto columns = static_cast<std::int32_t>(tensor.shape[tensor.shape.rank() - 1]);
    std::vector<cuda::RowMaximum> maxima(tensor.shape.num_elements() /
                                         static_cast<std::size_t>(columns));
    work_.row_maxima(static_cast<const float*>(tensor.data), columns, maxima);
    std::vector<postprocess::Maximum> found;
    found.reserve(maxima.size());
    for (const cuda::RowMaximum& maximum : maxima)
      found.push_back({static_cast<std::size_t>(maximum.index), maximum.value});
    return found;
  }

 private:
  cuda::DeviceWork work_;
};

}  // namespace

std::shared_ptr<const Accelerator> accelerator_for(const Session& session) {
  const Device device = session.options().device;
  if (device.type != DeviceType::kGpu || session.replicas() > 1 || !session.takes(device))
    return nullptr;
  static std::mutex mutex;
  static std::map<int, std::weak_ptr<const Accelerator>> known;
  const std::lock_guard lock(mutex);
  if (auto found = known[device.index].lock()) return found;
  if (const std::string problem = cuda::device_problem(device.index); !problem.empty()) {
    log(LogLevel::kWarning,
        "pictures are prepared on the CPU: CUDA cannot use " + to_string(device) + ": " + problem);
    return nullptr;
  }
  const auto made = std::make_shared<const CudaAccelerator>(device.index);
  known[device.index] = made;
  return made;
}

}  // namespace hpinfer::models

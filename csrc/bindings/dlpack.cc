#include "bindings/dlpack.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace py = pybind11;

namespace hpinfer::bindings {
namespace {

constexpr const char* kUnused = "dltensor";  // a consumer renames the capsule that it takes over

// The layout that every consumer reads, without a version: DLPack's dlpack.h (dmlc/dlpack).
namespace abi {

struct DataType {
  std::uint8_t code;
  std::uint8_t bits;
  std::uint16_t lanes;
};

struct Tensor {
  void* data;
  std::int32_t device_type;
  std::int32_t device_id;
  std::int32_t ndim;
  DataType dtype;
  std::int64_t* shape;
  std::int64_t* strides;  // null: C order
  std::uint64_t byte_offset;
};

struct ManagedTensor {
  Tensor tensor;
  void* manager_context;
  void (*deleter)(ManagedTensor*);
};

static_assert(sizeof(void*) != 8 || sizeof(ManagedTensor) == 64);

}  // namespace abi

// What a ManagedTensor points to lives and dies with it.
struct Exported {
  abi::ManagedTensor managed;
  std::array<std::int64_t, Shape::kMaxRank> shape;
  std::shared_ptr<const void> owner;
};

std::uint8_t type_code(DType dtype) {
  constexpr std::uint8_t kInt = 0, kUInt = 1, kFloat = 2, kBool = 6;
  switch (dtype) {
    case DType::kInt8:
    case DType::kInt32:
    case DType::kInt64:
      return kInt;
    case DType::kUInt8:
      return kUInt;
    case DType::kBool:
      return kBool;
    case DType::kFloat16:
    case DType::kFloat32:
    case DType::kFloat64:
      return kFloat;
  }
  fail(ErrorCode::kInternal, "a dtype without a DLPack code");
}

void destroy(abi::ManagedTensor* managed) {
  delete static_cast<Exported*>(managed->manager_context);
}

void destroy_unused(PyObject* capsule) {
  if (PyCapsule_IsValid(capsule, kUnused) == 0) return;
  destroy(static_cast<abi::ManagedTensor*>(PyCapsule_GetPointer(capsule, kUnused)));
}

}  // namespace

py::capsule dlpack_capsule(const TensorView& view, std::shared_ptr<const void> owner) {
  auto exported = std::make_unique<Exported>();
  std::copy(view.shape.begin(), view.shape.end(), exported->shape.begin());
  const auto bits = static_cast<std::uint8_t>(8 * dtype_size(view.dtype));
  exported->managed = {{view.data,
                        kDlpackCuda,
                        view.device.index,
                        static_cast<std::int32_t>(view.shape.rank()),
                        {type_code(view.dtype), bits, 1},
                        exported->shape.data(),
                        nullptr,
                        0},
                       exported.get(),
                       &destroy};
  exported->owner = std::move(owner);
  py::capsule capsule(&exported->managed, kUnused, &destroy_unused);
  exported.release();
  return capsule;
}

}  // namespace hpinfer::bindings

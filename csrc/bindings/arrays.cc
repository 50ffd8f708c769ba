#include "bindings/arrays.h"

#include <memory>
#include <optional>
#include <string>

namespace py = pybind11;

namespace hpinfer::bindings {

namespace {

// NumPy computes a name each time it is asked: only messages do.
std::string name_of(const py::dtype& dtype) { return dtype.attr("name").cast<std::string>(); }

bool is_native_order(const py::dtype& dtype) {
  return dtype.byteorder() == '=' || dtype.byteorder() == '|';  // '|': one byte, no order
}

// By kind and size: NumPy has two type numbers of one meaning where C has (long, long long).
std::optional<DType> dtype_of_kind(char kind, py::ssize_t size) {
  if (kind == 'b') return DType::kBool;
  if (kind == 'u' && size == 1) return DType::kUInt8;
  if (kind == 'i' && size == 1) return DType::kInt8;
  if (kind == 'i' && size == 4) return DType::kInt32;
  if (kind == 'i' && size == 8) return DType::kInt64;
  if (kind == 'f' && size == 2) return DType::kFloat16;
  if (kind == 'f' && size == 4) return DType::kFloat32;
  if (kind == 'f' && size == 8) return DType::kFloat64;
  return std::nullopt;
}

}  // namespace

py::dtype numpy_dtype(DType dtype) { return py::dtype(std::string(dtype_name(dtype))); }

DType native_dtype(const py::dtype& dtype, const std::string& what) {
  const auto native = dtype_of_kind(dtype.kind(), dtype.itemsize());
  if (!native)
    fail(ErrorCode::kInvalidType, what, " has dtype ", name_of(dtype),
         "; supported are float32, float16, float64, int8, uint8, int32, int64 and bool");
  check(is_native_order(dtype), ErrorCode::kInvalidType, what, " is not in native byte order");
  return *native;
}

TensorView tensor_view(const py::array& array, const std::string& what) {
  check(static_cast<std::size_t>(array.ndim()) <= Shape::kMaxRank, ErrorCode::kInvalidInput, what,
        " has ", array.ndim(), " dimensions; at most ", Shape::kMaxRank, " are supported");
  check((array.flags() & py::array::c_style) != 0, ErrorCode::kInvalidInput, what,
        " must be C-contiguous; use numpy.ascontiguousarray");
  Shape shape(std::span(array.shape(), static_cast<std::size_t>(array.ndim())));
  return {native_dtype(array.dtype(), what), shape, const_cast<void*>(array.data()), Device{}};
}

py::array to_numpy(Tensor&& tensor) {
  if (tensor.lifetime() == Tensor::Lifetime::kLease) tensor = tensor.clone();
  auto kept = std::make_unique<Tensor>(std::move(tensor));
  const TensorView& view = kept->view();
  const std::vector<py::ssize_t> shape(view.shape.begin(), view.shape.end());
  const py::dtype dtype = numpy_dtype(view.dtype);
  void* data = view.data;
  const py::capsule owner(kept.get(), [](void* pointer) { delete static_cast<Tensor*>(pointer); });
  kept.release();
  return py::array(dtype, shape, data, owner);
}

py::array image_array(Image&& image) {
  auto kept = std::make_unique<Image>(std::move(image));
  const std::vector<py::ssize_t> shape{kept->height, kept->width, kept->channels};
  std::uint8_t* data = kept->pixels.data();
  const py::capsule owner(kept.get(), [](void* pointer) { delete static_cast<Image*>(pointer); });
  kept.release();
  return py::array(py::dtype::of<std::uint8_t>(), shape, data, owner);
}

ImageView image_view(const py::array& array, ColorOrder order) {
  const py::dtype dtype = array.dtype();
  if (dtype.char_() != 'B')
    fail(ErrorCode::kInvalidType, "an image must be uint8; got ", name_of(dtype));
  if (array.ndim() != 3 || array.shape(2) != 3)
    fail(ErrorCode::kInvalidInput, "an image must have shape [height, width, 3]; got ",
         py::str(array.attr("shape")).cast<std::string>());
  constexpr py::ssize_t kMaxSide = 1 << 24;
  check(array.shape(0) <= kMaxSide && array.shape(1) <= kMaxSide, ErrorCode::kInvalidInput,
        "an image side is at most ", kMaxSide, " pixels; got ", array.shape(1), "x",
        array.shape(0));
  check(array.shape(1) == 0 || array.shape(0) == 0 ||
            (array.strides(2) == 1 && (array.strides(1) == 3 || array.shape(1) == 1)),
        ErrorCode::kInvalidInput,
        "the pixels of an image row must be packed; use numpy.ascontiguousarray");
  return {array.data(),
          static_cast<int>(array.shape(0)),
          static_cast<int>(array.shape(1)),
          3,
          array.strides(0),
          DType::kUInt8,
          order};
}

}  // namespace hpinfer::bindings

#include "bindings/arrays.h"

#include <memory>
#include <string>

namespace py = pybind11;

namespace hpinfer::bindings {

py::dtype numpy_dtype(DType dtype) { return py::dtype(std::string(dtype_name(dtype))); }

DType native_dtype(const py::dtype& dtype, const std::string& what) {
  const auto name = dtype.attr("name").cast<std::string>();
  const auto native = dtype_from_name(name);
  check(native.has_value(), ErrorCode::kInvalidType, what, " has dtype ", name,
        "; supported are float32, float16, float64, int8, uint8, int32, int64 and bool");
  check(dtype.attr("isnative").cast<bool>(), ErrorCode::kInvalidType, what,
        " is not in native byte order");
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
  check(array.dtype().is(py::dtype::of<std::uint8_t>()) || array.dtype().char_() == 'B',
        ErrorCode::kInvalidType, "an image must be uint8; got ",
        array.dtype().attr("name").cast<std::string>());
  check(array.ndim() == 3 && array.shape(2) == 3, ErrorCode::kInvalidInput,
        "an image must have shape [height, width, 3]; got ",
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

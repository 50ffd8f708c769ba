#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "bindings/arrays.h"
#include "vision/resize.h"

namespace py = pybind11;

namespace hpinfer::bindings {
namespace {

// A uint8 array [H, W, C] that owns the picture's pixels.
py::array image_to_numpy(Image&& image) {
  auto kept = std::make_unique<Image>(std::move(image));
  const std::vector<py::ssize_t> shape{kept->height, kept->width, kept->channels};
  std::uint8_t* data = kept->pixels.data();
  const py::capsule owner(kept.get(), [](void* pointer) { delete static_cast<Image*>(pointer); });
  kept.release();
  return py::array(py::dtype::of<std::uint8_t>(), shape, data, owner);
}

template <typename Make>
py::array make_image(const Make& make) {
  Image result;
  {
    const py::gil_scoped_release unlocked;
    result = make();
  }
  return image_to_numpy(std::move(result));
}

py::array resize_image(const py::array& image, int width, int height) {
  const ImageView view = image_view(image);
  return make_image([&] { return vision::resize(view, height, width, &thread_pool()); });
}

}  // namespace

void register_vision(py::module_& m) {
  m.def("resize", &resize_image, py::arg("image"), py::arg("width"), py::arg("height"),
        "The uint8 picture [H, W, 3] resized as cv2.resize with INTER_LINEAR does, bit for bit.");
}

}  // namespace hpinfer::bindings

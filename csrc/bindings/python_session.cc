#include "bindings/python_session.h"

#include <cstring>
#include <functional>
#include <string>

#include "bindings/arrays.h"

namespace py = pybind11;

namespace hpinfer::bindings {
namespace {

// Engines put whole call stacks into their messages.
constexpr std::size_t kMaxMessage = 2000;

// References cannot be given back once the interpreter is gone; they are leaked then.
void release_references(py::object& object) {
  if (!Py_IsInitialized()) {
    object.release();
    return;
  }
  const py::gil_scoped_acquire locked;
  object = py::object();
}

// Keeps an array alive for a tensor that any thread may destroy.
std::shared_ptr<void> array_owner(py::array array) {
  return {new py::object(std::move(array)), [](void* pointer) {
            auto* const object = static_cast<py::object*>(pointer);
            release_references(*object);
            delete object;
          }};
}

std::string one_line(std::string text) {
  for (char& c : text)
    if (c == '\n' || c == '\r') c = ' ';
  if (text.size() > kMaxMessage) text = text.substr(0, kMaxMessage) + "...";
  return text;
}

// The text of the pending exception, which must be an Exception.
[[noreturn]] void rethrow_as_error(const py::error_already_set& error) {
  const std::string text = one_line(py::str(error.value()).cast<std::string>());
  const py::dict classes = py::module_::import("hpinfer.errors").attr("ERROR_CLASSES");
  for (int code = 0; code <= static_cast<int>(ErrorCode::kInternal); ++code) {
    const auto value = static_cast<ErrorCode>(code);
    const py::str name{std::string(error_code_name(value))};
    if (classes.contains(name) && error.matches(classes[name])) throw Error(value, text);
  }
  if (error.matches(PyExc_MemoryError))
    throw Error(ErrorCode::kOutOfMemory, "the engine found no memory: " + text);
  const auto type = error.type().attr("__name__").cast<std::string>();
  throw Error(ErrorCode::kEngine, type + ": " + text);
}

// A read-only array over memory of the caller.
py::array borrowed_array(const TensorView& view) {
  const std::vector<py::ssize_t> shape(view.shape.begin(), view.shape.end());
  // With a base, NumPy does not copy; None keeps nothing alive.
  py::array array(numpy_dtype(view.dtype), shape, view.data, py::none());
  array.attr("setflags")(py::arg("write") = false);
  return array;
}

bool overlap(const TensorView& a, const TensorView& b) {
  const auto* const begin_a = static_cast<const std::byte*>(a.data);
  const auto* const begin_b = static_cast<const std::byte*>(b.data);
  const std::less<const std::byte*> before;
  return a.num_bytes() > 0 && b.num_bytes() > 0 && before(begin_a, begin_b + b.num_bytes()) &&
         before(begin_b, begin_a + a.num_bytes());
}

py::array as_result(const py::handle& result, const TensorInfo& info) {
  check(py::isinstance<py::array>(result), ErrorCode::kEngine, "output '", info.name,
        "' should be an array; the engine gave ",
        py::type::of(result).attr("__name__").cast<std::string>());
  auto array = py::reinterpret_borrow<py::array>(result);
  if ((array.flags() & py::array::c_style) != 0 && array.dtype().attr("isnative").cast<bool>())
    return array;
  const py::object native = array.dtype().attr("newbyteorder")("=");
  return array.attr("astype")(native, py::arg("order") = "C", py::arg("copy") = true);
}

// Shapes are not checked: what a program declares for its outputs is often only an estimate.
void check_result(const TensorView& view, const TensorInfo& info) {
  check(view.dtype == info.dtype, ErrorCode::kEngine, "output '", info.name, "' should be ",
        dtype_name(info.dtype), "; the engine gave ", dtype_name(view.dtype));
}

void write_into(const Tensor& target, const TensorView& result, const TensorInfo& info) {
  check(target.dtype() == result.dtype && target.shape() == result.shape, ErrorCode::kInvalidInput,
        "the memory given for output '", info.name, "' has shape ", target.shape().to_string(),
        "; the result has ", result.shape.to_string());
  if (result.num_bytes() > 0) std::memcpy(target.data(), result.data, result.num_bytes());
}

}  // namespace

PythonSession::PythonSession(std::vector<TensorInfo> inputs, std::vector<TensorInfo> outputs,
                             py::function run, py::object trim, const SessionOptions& options)
    : run_(std::move(run)), trim_(std::move(trim)) {
  inputs_ = std::move(inputs);
  outputs_ = std::move(outputs);
  options_ = resolve_options(options);
}

PythonSession::~PythonSession() {
  py::object run = std::move(run_);
  release_references(run);
  release_references(trim_);
}

void PythonSession::trim() const {
  const py::gil_scoped_acquire locked;
  if (trim_.is_none()) return;
  try {
    trim_();
  } catch (const py::error_already_set& error) {
    if (!error.matches(PyExc_Exception)) throw;
    rethrow_as_error(error);
  }
}

bool PythonSession::is_of_host(const std::exception& error) const noexcept {
  return dynamic_cast<const py::error_already_set*>(&error) != nullptr;
}

void PythonSession::do_run(std::span<const TensorView> inputs, std::span<Tensor> outputs) const {
  const py::gil_scoped_acquire locked;
  try {
    py::list arrays;
    for (const TensorView& view : inputs) arrays.append(borrowed_array(view));
    take_results(run_(arrays), inputs, outputs);
  } catch (const py::error_already_set& error) {
    if (!error.matches(PyExc_Exception)) throw;
    rethrow_as_error(error);
  }
}

void PythonSession::take_results(const py::object& results, std::span<const TensorView> inputs,
                                 std::span<Tensor> outputs) const {
  const bool sequence = py::isinstance<py::list>(results) || py::isinstance<py::tuple>(results);
  check(sequence && py::len(results) == outputs_.size(), ErrorCode::kEngine,
        "the engine should give a list of ", outputs_.size(), " outputs; it gave ",
        sequence ? std::to_string(py::len(results)) : std::string("no list"));
  std::vector<py::array> arrays;
  std::vector<TensorView> views;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    py::array array = as_result(results[py::int_(i)], outputs_[i]);
    TensorView view = tensor_view(array, "output '" + outputs_[i].name + "'");
    check_result(view, outputs_[i]);
    const auto shared = [&view](const TensorView& other) { return overlap(view, other); };
    // Every output must be the caller's own: neither an input, nor another output, nor constant.
    if (outputs[i].empty() && (!array.writeable() || std::ranges::any_of(inputs, shared) ||
                               std::ranges::any_of(views, shared))) {
      array = array.attr("copy")();
      view = tensor_view(array, "output");
    }
    arrays.push_back(std::move(array));
    views.push_back(view);
  }
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i].empty())
      outputs[i] = Tensor::borrow(views[i], array_owner(std::move(arrays[i])));
    else
      write_into(outputs[i], views[i], outputs_[i]);
  }
}

}  // namespace hpinfer::bindings

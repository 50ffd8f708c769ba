#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include "bindings/arrays.h"
#include "bindings/device_array.h"
#include "bindings/foreign_call.h"
#include "bindings/model_arguments.h"
#include "bindings/native_call.h"
#include "bindings/python_session.h"
#include "bindings/shape_lists.h"
#include "core/gpu_transfer.h"
#include "engines/live_sessions.h"
#include "engines/registry.h"
#include "engines/replicated_session.h"

namespace py = pybind11;

namespace hpinfer::bindings {
namespace {

// A session that is never destroyed in a child process: engines wait there for threads that only
// the parent has. Children end soon, or load models of their own.
std::shared_ptr<Session> kept_in_children(std::shared_ptr<const Session> session) {
  auto* const pointer = const_cast<Session*>(session.get());
  // Let go of here, not with the deleter, which lives as long as anybody's weak pointer.
  return {pointer, [session = std::move(session), made_in = fork_generation()](Session*) mutable {
            if (fork_generation() != made_in)
              static_cast<void>(new std::shared_ptr<const Session>(session));
            session.reset();
          }};
}

std::shared_ptr<Session> create_session(const std::string& engine_name, const Paths& candidates,
                                        const std::optional<std::filesystem::path>& path,
                                        const std::optional<py::bytes>& bytes,
                                        const std::optional<py::bytes>& weights,
                                        const SessionOptions& options) {
  const ModelSource model{path.value_or(""), bytes_of(bytes), bytes_of(weights)};
  const py::gil_scoped_release unlocked;
  auto session =
      kept_in_children(open_engine(engine_name, candidates)->create_session(model, options));
  track_session(engine_name, session);
  return session;
}

// A stream that something was put on, of a device.
using PendingStream = std::pair<Device, std::uintptr_t>;

// The stream that the session itself works on, if the caller gave it one.
std::optional<std::uintptr_t> own_stream(const Session& session) {
  for (const ProviderOptions& provider : session.options().providers)
    if (const auto found = provider.options.find("user_compute_stream");
        found != provider.options.end())
      return std::stoull(found->second);
  return std::nullopt;
}

// Memory of the host or of a GPU. What another stream than the session's still writes is noted.
TensorView array_view(const Session& session, const py::object& array, const std::string& what,
                      bool writes, std::vector<PendingStream>& pending) {
  if (py::isinstance<py::array>(array)) {
    const auto host = py::reinterpret_borrow<py::array>(array);
    check(!writes || host.writeable(), ErrorCode::kInvalidInput, what, " is read-only");
    return tensor_view(host, what);
  }
  const auto found = device_view(array, what, session.options().device);
  check(found.has_value(), ErrorCode::kInvalidType, what,
        " must be a NumPy array, or an array on a GPU with __cuda_array_interface__; got ",
        py::type::of(array).attr("__name__").cast<std::string>());
  check(!writes || !found->read_only, ErrorCode::kInvalidInput, what, " is read-only");
  if (found->stream && found->stream != own_stream(session))
    pending.emplace_back(found->view.device, *found->stream);
  return found->view;
}

py::list run_session(const Session& session, const std::vector<py::object>& inputs,
                     const std::optional<std::vector<py::object>>& outputs) {
  std::vector<PendingStream> pending;
  std::vector<TensorView> views;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    views.push_back(array_view(session, inputs[i], "input " + std::to_string(i), false, pending));
  const std::size_t count = outputs ? outputs->size() : session.outputs().size();
  std::vector<Tensor> results(count);
  for (std::size_t i = 0; outputs && i < count; ++i)
    if (!(*outputs)[i].is_none())
      results[i] = Tensor::borrow(
          array_view(session, (*outputs)[i], "output " + std::to_string(i), true, pending));
  {
    const NativeCall call;
    for (const auto& [device, stream] : pending) wait_for_stream(device, stream);
    session.run(views, results);
    // Copied here, not where the array is made: the copy of a large result takes milliseconds.
    for (Tensor& result : results)
      if (result.lifetime() == Tensor::Lifetime::kLease &&
          result.view().device.type == DeviceType::kCpu)
        result = result.clone();
  }
  py::list arrays;
  for (std::size_t i = 0; i < count; ++i) {
    if (outputs && !(*outputs)[i].is_none())
      arrays.append((*outputs)[i]);
    else if (results[i].view().device.type == DeviceType::kCpu)
      arrays.append(to_numpy(std::move(results[i])));
    else
      arrays.append(std::make_shared<DeviceArray>(std::move(results[i])));
  }
  return arrays;
}

using Dims = std::vector<std::optional<std::int64_t>>;

// The inverse of the properties of TensorInfo.
TensorInfo tensor_info(std::string name, const std::string& dtype,
                       const std::optional<Dims>& shape) {
  const auto native = dtype_from_name(dtype);
  check(native.has_value(), ErrorCode::kUnsupported, "tensor '", name, "' has dtype ", dtype,
        ", which hpinfer does not support");
  std::vector<std::int64_t> dims;
  if (shape)
    for (const auto& dim : *shape) dims.push_back(dim.value_or(kDynamicDim));
  return {std::move(name), *native, Shape(dims), shape.has_value()};
}

std::shared_ptr<Session> python_session(const std::string& engine, std::vector<TensorInfo> inputs,
                                        std::vector<TensorInfo> outputs, py::function run,
                                        std::optional<py::function> trim,
                                        const SessionOptions& options) {
  const auto session =
      std::make_shared<PythonSession>(std::move(inputs), std::move(outputs), std::move(run),
                                      trim ? py::object(*trim) : py::object(py::none()), options);
  track_session(engine, session);
  return session;
}

std::shared_ptr<Session> replicated_session(const std::vector<std::shared_ptr<Session>>& replicas) {
  return std::make_shared<ReplicatedSession>(
      std::vector<std::shared_ptr<const Session>>(replicas.begin(), replicas.end()));
}

// None for a shape of any rank.
std::optional<py::tuple> shape_tuple(const TensorInfo& info) {
  if (!info.ranked) return std::nullopt;
  py::tuple shape(info.shape.rank());
  for (std::size_t i = 0; i < info.shape.rank(); ++i)
    shape[i] = info.shape[i] < 0 ? py::object(py::none()) : py::object(py::int_(info.shape[i]));
  return shape;
}

py::dict engine_info(const std::string& name, const Paths& candidates) {
  std::shared_ptr<const Engine> engine;
  {
    const py::gil_scoped_release unlocked;
    engine = open_engine(name, candidates);
  }
  py::dict info;
  info["version"] = engine->version();
  info["library"] = engine->library().string();
  info["devices"] = engine->devices();
  return info;
}

void register_options(py::module_& m) {
  py::enum_<Precision>(m, "Precision")
      .value("fp32", Precision::kFloat32)
      .value("fp16", Precision::kFloat16)
      .value("bf16", Precision::kBFloat16);
  py::enum_<GraphOptimization>(m, "GraphOptimization")
      .value("none", GraphOptimization::kNone)
      .value("basic", GraphOptimization::kBasic)
      .value("extended", GraphOptimization::kExtended)
      .value("all", GraphOptimization::kAll);
  py::enum_<MemoryPolicy>(m, "MemoryPolicy")
      .value("bounded", MemoryPolicy::kBounded)
      .value("fast", MemoryPolicy::kFast);
  py::class_<ProviderOptions>(m, "ProviderOptions")
      .def(py::init([](std::string name, std::map<std::string, std::string> options) {
             return ProviderOptions{std::move(name), std::move(options)};
           }),
           py::arg("name"), py::arg("options"))
      .def_readonly("name", &ProviderOptions::name)
      .def_readonly("options", &ProviderOptions::options);
  py::class_<SessionOptions>(m, "SessionOptions")
      .def(py::init<>())
      .def_property(
          "device", [](const SessionOptions& self) { return to_string(self.device); },
          [](SessionOptions& self, const std::string& text) { self.device = parse_device(text); })
      .def_readwrite("num_threads", &SessionOptions::num_threads)
      .def_readwrite("num_streams", &SessionOptions::num_streams)
      .def_readwrite("precision", &SessionOptions::precision)
      .def_readwrite("graph_optimization", &SessionOptions::graph_optimization)
      .def_readwrite("memory", &SessionOptions::memory)
      .def_readwrite("cache_dir", &SessionOptions::cache_dir)
      .def_readwrite("optimized_model", &SessionOptions::optimized_model)
      .def_readwrite("providers", &SessionOptions::providers)
      .def_readwrite("engine_config", &SessionOptions::engine_config)
      .def_property(
          "profiles", [](const SessionOptions& self) { return profile_lists(self.profiles); },
          [](SessionOptions& self, const std::vector<ProfileLists>& lists) {
            self.profiles = shape_profiles(lists);
          })
      .def_readwrite("output_order", &SessionOptions::output_order)
      .def_readwrite("outputs_on_device", &SessionOptions::outputs_on_device)
      .def_readwrite("gpu_memory_mib", &SessionOptions::gpu_memory_mib);
}

}  // namespace

void register_session(py::module_& m) {
  register_options(m);
  py::class_<TensorInfo>(m, "TensorInfo")
      .def(py::init(&tensor_info), py::arg("name"), py::arg("dtype"), py::arg("shape"))
      .def_readonly("name", &TensorInfo::name)
      .def_property_readonly(
          "dtype", [](const TensorInfo& self) { return std::string(dtype_name(self.dtype)); })
      .def_property_readonly("shape", &shape_tuple);
  // The last owner destroys the engine's model, which takes milliseconds to seconds.
  py::class_<Session, std::shared_ptr<Session>>(m, "Session",
                                                py::release_gil_before_calling_cpp_dtor())
      .def(py::init(&create_session), py::arg("engine"), py::arg("candidates"), py::arg("path"),
           py::arg("bytes"), py::arg("weights"), py::arg("options"))
      .def_property_readonly("inputs", &Session::inputs)
      .def_property_readonly("outputs", &Session::outputs)
      .def_property_readonly("options", &Session::options)
      .def_property_readonly("notes", &Session::notes)
      .def("run", &run_session, py::arg("inputs"), py::arg("outputs") = py::none())
      .def("trim", &Session::trim, py::call_guard<py::gil_scoped_release>());
  m.def("replicated_session", &replicated_session, py::arg("replicas"),
        "One session over several of one model, each on a device of its own.");
  m.def("python_session", &python_session, py::arg("engine"), py::arg("inputs"), py::arg("outputs"),
        py::arg("run"), py::arg("trim"), py::arg("options"),
        "A session whose inference is run(list of arrays) -> list of arrays; trim may be None.");
  m.def("call_without_gil", &call_without_gil, py::arg("function"), py::arg("object"),
        "Calls bool (*)(object) at an address; for member functions without arguments.");
  m.def("compiled_engines", [] {
    std::vector<std::string> names;
    for (const std::string_view name : compiled_engines()) names.emplace_back(name);
    return names;
  });
  // Before the interpreter ends, while the engines' libraries still work.
  py::module_::import("atexit").attr("register")(
      py::cpp_function(&shut_down_engines, py::call_guard<py::gil_scoped_release>()));
  m.def("engine_info", &engine_info, py::arg("name"), py::arg("candidates"),
        "Loads the engine; its version, library path and devices.");
}

}  // namespace hpinfer::bindings

#include <pybind11/functional.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <optional>

#include "bindings/model_arguments.h"
#include "bindings/shape_lists.h"
#include "engines/registry.h"
#include "engines/routed_session.h"
#include "engines/shape_recorder.h"

namespace py = pybind11;

namespace hpinfer::bindings {
namespace {

py::bytes to_bytes(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// A Python function as a progress function: what it raises stops the compilation and is kept, as
// is an interrupt from the keyboard.
class PythonProgress {
 public:
  explicit PythonProgress(std::optional<py::function> function) : function_(std::move(function)) {}

  bool operator()(const CompileProgress& progress) {
    const py::gil_scoped_acquire locked;
    try {
      if (PyErr_CheckSignals() != 0) throw py::error_already_set();
      if (!function_) return true;
      const py::object wanted = (*function_)(progress.phase, progress.step, progress.steps);
      return wanted.is_none() || wanted.cast<bool>();
    } catch (py::error_already_set& error) {
      if (!raised_) raised_.emplace(std::move(error));
      return false;
    }
  }
  // With the GIL held.
  void raise_what_was_raised() {
    if (raised_) throw py::error_already_set(std::move(*raised_));
  }

 private:
  std::optional<py::function> function_;
  std::optional<py::error_already_set> raised_;
};

py::tuple compile_model(const std::string& engine_name, const Paths& candidates,
                        const std::optional<std::filesystem::path>& path,
                        const std::optional<py::bytes>& bytes, const SessionOptions& options,
                        const std::optional<py::bytes>& timing_cache,
                        std::optional<py::function> function) {
  const ModelSource model{path.value_or(""), bytes_of(bytes), {}};
  PythonProgress progress(std::move(function));
  CompiledModel compiled;
  try {
    const py::gil_scoped_release unlocked;
    compiled = open_engine(engine_name, candidates)
                   ->compile(model, options, bytes_of(timing_cache), std::ref(progress));
  } catch (const Error&) {
    progress.raise_what_was_raised();
    throw;
  }
  return py::make_tuple(to_bytes(compiled.plan), to_bytes(compiled.timing_cache),
                        compiled.output_order);
}

std::map<std::string, std::string> device_identity(const std::string& engine_name,
                                                   const Paths& candidates,
                                                   const std::string& device) {
  const Device parsed = parse_device(device);
  const py::gil_scoped_release unlocked;
  return open_engine(engine_name, candidates)->device_identity(parsed);
}

using ShapeLists = std::vector<std::vector<std::int64_t>>;

ShapeLists as_lists(const std::vector<Shape>& shapes) {
  ShapeLists lists;
  for (const Shape& shape : shapes) lists.emplace_back(shape.begin(), shape.end());
  return lists;
}

std::shared_ptr<RoutedSession> routed_session(std::optional<std::shared_ptr<Session>> main,
                                              std::shared_ptr<Session> other,
                                              bool other_takes_refused,
                                              std::optional<py::function> refused) {
  RefusedShapes tell;
  if (refused) {
    // Any thread may destroy the session, so the function goes with the GIL.
    const std::shared_ptr<py::function> kept(new py::function(std::move(*refused)),
                                             [](py::function* function) {
                                               if (!Py_IsInitialized()) return;
                                               const py::gil_scoped_acquire locked;
                                               delete function;
                                             });
    tell = [kept](const std::vector<Shape>& shapes) {
      const py::gil_scoped_acquire locked;
      try {
        (*kept)(as_lists(shapes));
      } catch (py::error_already_set& error) {
        error.discard_as_unraisable("hpinfer: shapes outside the profiles");
      }
    };
  }
  const OtherRole role = other_takes_refused ? OtherRole::kAlways : OtherRole::kUntilMain;
  return std::make_shared<RoutedSession>(main.value_or(nullptr), std::move(other), role,
                                         std::move(tell));
}

}  // namespace

std::vector<ProfileLists> profile_lists(const std::vector<ShapeProfile>& profiles) {
  std::vector<ProfileLists> lists;
  for (const ShapeProfile& profile : profiles) {
    ProfileLists& list = lists.emplace_back();
    for (const auto& [name, range] : profile)
      list[name] = as_lists({range.smallest, range.usual, range.largest});
  }
  return lists;
}

std::vector<ShapeProfile> shape_profiles(const std::vector<ProfileLists>& lists) {
  std::vector<ShapeProfile> profiles;
  for (const ProfileLists& list : lists) {
    ShapeProfile& profile = profiles.emplace_back();
    for (const auto& [name, shapes] : list) {
      check(shapes.size() == 3, ErrorCode::kConfig, "profiles: input '", name,
            "' needs its smallest, usual and largest shape; got ", shapes.size());
      profile[name] = {Shape(shapes[0]), Shape(shapes[1]), Shape(shapes[2])};
    }
  }
  return profiles;
}

void register_compilation(py::module_& m) {
  m.def("compile_model", &compile_model, py::arg("engine"), py::arg("candidates"), py::arg("path"),
        py::arg("bytes"), py::arg("options"), py::arg("timing_cache"), py::arg("progress"),
        "Compiles for minutes: (plan, timing cache, names of the outputs in graph order). "
        "progress(phase, step, steps) is called meanwhile; False cancels.");
  m.def("device_identity", &device_identity, py::arg("engine"), py::arg("candidates"),
        py::arg("device"), "What a compiled model depends on, of a device.");
  py::class_<RoutedSession, Session, std::shared_ptr<RoutedSession>>(
      m, "RoutedSession", py::release_gil_before_calling_cpp_dtor())
      .def(py::init(&routed_session), py::arg("main"), py::arg("other"),
           py::arg("other_takes_refused"), py::arg("refused"))
      .def(
          "set_main",
          [](RoutedSession& self, std::shared_ptr<Session> main) {
            self.set_main(std::move(main));
          },
          py::arg("main"), py::call_guard<py::gil_scoped_release>())
      .def_property_readonly("has_main", &RoutedSession::has_main)
      .def_property_readonly("main_runs", &RoutedSession::main_runs)
      .def_property_readonly("other_runs", &RoutedSession::other_runs);
  py::class_<ShapeRecorder, Session, std::shared_ptr<ShapeRecorder>>(
      m, "ShapeRecorder", py::release_gil_before_calling_cpp_dtor())
      .def(py::init([](std::shared_ptr<Session> session) {
             return std::make_shared<ShapeRecorder>(std::move(session));
           }),
           py::arg("session"))
      .def_property_readonly("recorded", [](const ShapeRecorder& self) {
        std::vector<std::pair<ShapeLists, std::uint64_t>> recorded;
        for (const RecordedShapes& entry : self.recorded())
          recorded.emplace_back(as_lists(entry.shapes), entry.runs);
        return recorded;
      });
}

}  // namespace hpinfer::bindings

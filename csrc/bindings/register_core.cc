#include <pybind11/functional.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "core/build.h"
#include "core/cpu.h"
#include "core/log.h"
#include "core/thread_budget.h"

namespace py = pybind11;

namespace hpinfer::bindings {
namespace {

py::dict build_info_dict() {
  const BuildInfo build = build_info();
  py::dict options;
  for (const BuildOption& option : build.options)
    options[py::str(std::string(option.name))] = option.enabled;
  py::dict info;
  info["version"] = std::string(build.version);
  info["compiler"] = std::string(build.compiler);
  info["build_type"] = std::string(build.build_type);
  info["options"] = options;
  return info;
}

py::dict cpu_info() {
  py::list isas;
  for (const Isa isa : supported_isas()) isas.append(std::string(isa_name(isa)));
  py::dict info;
  info["name"] = std::string(cpu_name());
  info["isas"] = isas;
  info["active_isa"] = std::string(isa_name(active_isa()));
  return info;
}

py::dict thread_info() {
  const ThreadBudget& budget = thread_budget();
  py::dict info;
  info["threads"] = budget.threads;
  info["affinity"] = budget.affinity;
  info["cgroup_quota"] = budget.quota;
  info["forced"] = budget.forced;
  return info;
}

// The sink is called from any native thread, so it takes the GIL itself; errors of the Python
// callable are reported as unraisable, never thrown into native code.
void set_python_log_sink(py::function callback, LogLevel level) {
  const auto kept = std::shared_ptr<py::function>(new py::function(std::move(callback)),
                                                  [](py::function* function) {
                                                    if (!Py_IsInitialized()) return;
                                                    const py::gil_scoped_acquire gil;
                                                    delete function;
                                                  });
  set_log_level(level);
  set_log_sink([kept](LogLevel message_level, std::string_view message) {
    if (!Py_IsInitialized()) return;
    const py::gil_scoped_acquire gil;
    try {
      (*kept)(message_level, py::str(message.data(), message.size()));
    } catch (py::error_already_set& error) {
      error.discard_as_unraisable("hpinfer log sink");
    }
  });
}

}  // namespace

void register_core(py::module_& m) {
  py::enum_<LogLevel>(m, "LogLevel")
      .value("DEBUG", LogLevel::kDebug)
      .value("INFO", LogLevel::kInfo)
      .value("WARNING", LogLevel::kWarning)
      .value("ERROR", LogLevel::kError);
  m.def("set_log_sink", &set_python_log_sink, py::arg("callback"), py::arg("level"),
        "Sends native log messages of at least `level` to callback(level, message).");
  m.def("build_info", &build_info_dict, "What this build is and which options it has.");
  m.def("cpu_info", &cpu_info, "Processor name, usable instruction sets and the active one.");
  m.def("thread_info", &thread_info, "The thread budget and what it was derived from.");
}

}  // namespace hpinfer::bindings

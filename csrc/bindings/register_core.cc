#include <optional>
#include <tuple>

#include <pybind11/functional.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "core/build.h"
#include "core/cancellation.h"
#include "core/cpu.h"
#include "core/engine_clock.h"
#include "core/error.h"
#include "core/log.h"
#include "core/thread_budget.h"
#include "core/thread_pool.h"

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

// Counts what networks run for this thread from its making to stop.
class EngineTimer {
 public:
  // Seconds: before the first run (without one: all), in runs, after the last one, all.
  using Times = std::tuple<double, double, double, double>;

  EngineTimer() : scope_(std::in_place, &clock_) {}

  Times stop() {
    const EngineClock::Time end = std::chrono::steady_clock::now();
    scope_.reset();
    const double total = seconds_between(begin_, end);
    if (clock_.runs() == 0) return {total, 0.0, 0.0, total};
    return {seconds_between(begin_, clock_.first_begin()), clock_.seconds(),
            seconds_between(clock_.last_end(), end), total};
  }

 private:
  static double seconds_between(EngineClock::Time from, EngineClock::Time to) {
    return std::chrono::duration<double>(to - from).count();
  }

  EngineClock::Time begin_ = std::chrono::steady_clock::now();
  EngineClock clock_;
  std::optional<EngineClock::Scope> scope_;
};

// A cancellation is its thread's from the making of this to end.
class CancellationScope {
 public:
  explicit CancellationScope(std::shared_ptr<Cancellation> cancellation)
      : cancellation_(std::move(cancellation)), scope_(std::in_place, cancellation_.get()) {}
  void end() { scope_.reset(); }

 private:
  std::shared_ptr<Cancellation> cancellation_;
  std::optional<Cancellation::Scope> scope_;
};

std::shared_ptr<Cancellation> cancellation_after(std::optional<double> seconds) {
  if (!seconds)
    return std::make_shared<Cancellation>(std::optional<Cancellation::Clock::time_point>());
  const auto span = std::chrono::duration<double>(*seconds);
  return std::make_shared<Cancellation>(
      Cancellation::Clock::now() + std::chrono::duration_cast<Cancellation::Clock::duration>(span));
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
  py::class_<EngineTimer>(m, "EngineTimer",
                          "Times the networks that run for this thread, from its making on.")
      .def(py::init<>())
      .def("stop", &EngineTimer::stop,
           "Ends counting, in the same thread, innermost timer first. Gives seconds: before the "
           "first network (all, if none ran), in networks, summed over the threads that ran them, "
           "after the last one, and altogether.");
  py::class_<CancellationScope>(m, "CancellationScope")
      .def("end", &CancellationScope::end, "No more, in the same thread, innermost scope first.");
  py::class_<Cancellation, std::shared_ptr<Cancellation>>(
      m, "Cancellation", "Stops native work of several threads where it can stop.")
      .def(py::init(&cancellation_after), py::arg("seconds") = py::none(),
           "Stops it by itself after so many seconds.")
      .def("cancel", &Cancellation::cancel, "Stops it now; for any thread.")
      .def("check", &Cancellation::check, "Raises if it is stopped.")
      .def(
          "scope",
          [](std::shared_ptr<Cancellation> self) {
            return std::make_unique<CancellationScope>(std::move(self));
          },
          "Makes the native work of this thread this one's, until the scope's end.");
  m.def("thread_info", &thread_info, "The thread budget and what it was derived from.");
}

}  // namespace hpinfer::bindings

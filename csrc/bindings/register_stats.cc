#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "core/buffer_pool.h"
#include "core/process_memory.h"
#include "core/thread_budget.h"
#include "core/thread_pool.h"
#include "engines/live_sessions.h"

namespace py = pybind11;

namespace hpinfer::bindings {
namespace {

struct ProcessStats {
  std::vector<EngineUsage> engines;
  BufferPool::Usage buffers;
  int pool_threads = 0;
  int busy_threads = 0;
  std::optional<ProcessMemory> memory;
};

// Without the GIL: a session of a Python engine may die in here, which needs it.
ProcessStats collect() {
  const py::gil_scoped_release unlocked;
  ProcessStats stats;
  stats.engines = engine_usages();
  stats.buffers = BufferPool::usage_of_all();
  if (const ThreadPool* const pool = existing_thread_pool()) {
    stats.pool_threads = pool->threads();
    stats.busy_threads = pool->busy();
  }
  stats.memory = process_memory();
  return stats;
}

py::dict engine_dict(const EngineUsage& engine) {
  py::dict entry;
  entry["sessions"] = engine.sessions;
  entry["running"] = engine.running;
  entry["done"] = engine.done;
  entry["failed"] = engine.failed;
  entry["requests"] = engine.usage.requests;
  entry["idle_requests"] = engine.usage.idle_requests;
  entry["leases"] = engine.usage.leases;
  return entry;
}

py::dict process_stats() {
  const ProcessStats stats = collect();
  py::dict engines;
  for (const EngineUsage& engine : stats.engines)
    engines[py::str(engine.engine)] = engine_dict(engine);
  py::dict buffers;
  buffers["pools"] = stats.buffers.pools;
  buffers["idle"] = stats.buffers.idle;
  buffers["idle_bytes"] = stats.buffers.idle_bytes;
  buffers["taken"] = stats.buffers.taken;
  buffers["taken_bytes"] = stats.buffers.taken_bytes;
  py::dict threads;
  threads["budget"] = thread_budget().threads;
  threads["pool"] = stats.pool_threads;
  threads["busy"] = stats.busy_threads;
  py::dict result;
  result["engines"] = engines;
  result["buffers"] = buffers;
  result["threads"] = threads;
  if (stats.memory) {
    result["resident_bytes"] = stats.memory->resident;
    result["peak_bytes"] = stats.memory->peak;
  }
  return result;
}

void trim_process() {
  const py::gil_scoped_release unlocked;
  BufferPool::clear_all();
  trim_sessions();
  release_free_heap();
}

}  // namespace

void register_stats(py::module_& m) {
  m.def("process_stats", &process_stats, "What the native part of this process holds and did.");
  m.def("trim_process", &trim_process,
        "Gives idle buffers and what the engines of all live sessions cache back to the system.");
}

}  // namespace hpinfer::bindings

#include "engines/engine.h"

#include <cxxabi.h>

#include <new>
#include <system_error>

#include "core/cancellation.h"
#include "core/engine_clock.h"
#include "core/thread_budget.h"
#include "engines/live_sessions.h"

namespace hpinfer {
namespace {

std::string name_list(std::span<const TensorInfo> infos) {
  std::string text;
  for (const TensorInfo& info : infos) text += (text.empty() ? "'" : ", '") + info.name + "'";
  return text;
}

}  // namespace

void Session::check_tensor(std::string_view role, const TensorInfo& info,
                           const TensorView& view) const {
  check(view.dtype == info.dtype, ErrorCode::kInvalidType, role, " '", info.name, "' must be ",
        dtype_name(info.dtype), "; got ", dtype_name(view.dtype));
  check(!info.ranked || info.shape.accepts(view.shape), ErrorCode::kInvalidInput, role, " '",
        info.name, "' must have shape ", info.shape.to_string(), "; got ", view.shape.to_string());
  check(view.data != nullptr || view.shape.num_elements() == 0, ErrorCode::kInvalidInput, role,
        " '", info.name, "' has no memory");
  check(takes_memory_of(view.device), ErrorCode::kInvalidInput, role, " '", info.name, "' lies on ",
        to_string(view.device), ", and the session runs on ", to_string(options_.device),
        ": copy it to the host, or load the model on that device");
}

bool Session::takes_memory_of(Device device) const {
  return device.type == DeviceType::kCpu || device == options_.device;
}

void Session::run(std::span<const TensorView> inputs, std::span<Tensor> outputs) const {
  check_and_run(inputs, outputs, &Session::do_run);
}

void Session::run_on_device(std::span<const TensorView> inputs, std::span<Tensor> outputs) const {
  check_and_run(inputs, outputs, &Session::do_run_on_device);
}

void Session::check_and_run(std::span<const TensorView> inputs, std::span<Tensor> outputs,
                            Run how) const {
  check(inputs.size() == inputs_.size(), ErrorCode::kInvalidInput, "the model has ", inputs_.size(),
        " inputs (", name_list(inputs_), "); got ", inputs.size());
  check(outputs.size() == outputs_.size(), ErrorCode::kInvalidInput, "the model has ",
        outputs_.size(), " outputs (", name_list(outputs_), "); got ", outputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) check_tensor("input", inputs_[i], inputs[i]);
  for (std::size_t i = 0; i < outputs.size(); ++i)
    if (!outputs[i].empty()) check_tensor("output", outputs_[i], outputs[i].view());
  check_process();
  Cancellation::check_current();
  CountedRun counted(counters_);
  EngineClock* const clock = EngineClock::current();
  const auto begin = clock != nullptr ? std::chrono::steady_clock::now() : EngineClock::Time();
  run_engine(inputs, outputs, how);
  if (clock != nullptr) clock->add(begin, std::chrono::steady_clock::now());
  check_given(outputs);
  counted.succeed();
}

void Session::check_given(std::span<const Tensor> outputs) const {
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const TensorView& view = outputs[i].view();
    check(!outputs[i].empty() && (view.data != nullptr || view.shape.num_elements() == 0),
          ErrorCode::kEngine, "the engine gave no output '", outputs_[i].name, "'");
    check(view.dtype == outputs_[i].dtype, ErrorCode::kEngine, "output '", outputs_[i].name,
          "' should be ", dtype_name(outputs_[i].dtype), "; the engine gave ",
          dtype_name(view.dtype));
  }
}

// Nothing foreign leaves it: an engine's exception may be of any type, or of none.
void Session::run_engine(std::span<const TensorView> inputs, std::span<Tensor> outputs,
                         Run how) const {
  try {
    (this->*how)(inputs, outputs);
  } catch (const Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw;  // the binding knows it
  } catch (const std::exception& error) {
    if (is_of_host(error)) throw;
    fail(ErrorCode::kEngine, "the engine failed: ", error.what());
  } catch (abi::__forced_unwind&) {
    throw;  // the thread is being ended, by an interpreter that has gone
  } catch (...) {
    fail(ErrorCode::kEngine, "the engine failed, with an exception that says nothing");
  }
}

void Session::check_process() const {
  check(made_in_ == fork_generation() || survives_fork(), ErrorCode::kUnsupported,
        "this model was loaded before the process was forked, and its engine's threads are not in "
        "the child: load it in the child, or start children with multiprocessing's 'spawn'");
}

CompiledModel Engine::compile(const ModelSource& /*model*/, const SessionOptions& /*options*/,
                              std::span<const std::byte> /*timing_cache*/,
                              const ProgressFunction& /*progress*/) const {
  fail(ErrorCode::kUnsupported, "the ", name(), " engine compiles when it loads a model; its ",
       "compiled form cannot be had");
}

std::map<std::string, std::string> Engine::device_identity(Device /*device*/) const {
  fail(ErrorCode::kUnsupported, "the ", name(), " engine does not compile for a device");
}

ErrorCode failure_code(std::string_view words, ErrorCode otherwise) noexcept {
  for (const std::string_view sign :
       {"bad_alloc", "bad allocation", "Failed to allocate ", "out of memory", "Out of memory",
        "OutOfMemory", "Cannot allocate memory"})
    if (words.find(sign) != std::string_view::npos) return ErrorCode::kOutOfMemory;
  return otherwise;
}

std::string_view precision_name(Precision precision) noexcept {
  switch (precision) {
    case Precision::kFloat32:
      return "fp32";
    case Precision::kFloat16:
      return "fp16";
    case Precision::kBFloat16:
      return "bf16";
  }
  return "unknown";
}

SessionOptions resolve_options(SessionOptions options) {
  check(options.num_threads >= 0, ErrorCode::kConfig,
        "num_threads must be at least 1, or 0 for all available; got ", options.num_threads);
  check(options.num_streams >= 1, ErrorCode::kConfig, "num_streams must be at least 1; got ",
        options.num_streams);
  check(options.gpu_memory_mib >= 0, ErrorCode::kConfig,
        "gpu_memory_mib must be at least 1, or 0 for no limit; got ", options.gpu_memory_mib);
  if (options.num_threads == 0) options.num_threads = thread_budget().threads;
  return options;
}

void refuse_compile_options(const SessionOptions& options, std::string_view engine) {
  check(options.profiles.empty() && options.output_order.empty(), ErrorCode::kConfig,
        "profiles and output_order have no effect on the ", engine,
        " engine, which takes any shape; they are for tensorrt");
}

void refuse_gpu_options(const SessionOptions& options, std::string_view engine) {
  check(!options.outputs_on_device, ErrorCode::kConfig, "outputs_on_device has no effect on the ",
        engine, " engine here; it is for tensorrt, and for onnxruntime on a GPU");
  check(options.gpu_memory_mib == 0, ErrorCode::kConfig, "gpu_memory_mib has no effect on the ",
        engine, " engine here; it is for onnxruntime on a GPU");
}

void check_model_source(const ModelSource& model) {
  if (model.in_memory()) {
    check(!model.bytes.empty(), ErrorCode::kModelFormat, "the model in memory has 0 bytes");
    return;
  }
  std::error_code error;
  const auto status = std::filesystem::status(model.path, error);
  check(std::filesystem::exists(status), ErrorCode::kModelNotFound, "model file ",
        model.path.string(), " does not exist");
  check(std::filesystem::is_regular_file(status), ErrorCode::kModelNotFound, "model path ",
        model.path.string(), " is not a file");
  check(std::filesystem::file_size(model.path, error) > 0 && !error, ErrorCode::kModelFormat,
        "model file ", model.path.string(), " is empty or cannot be read");
}

}  // namespace hpinfer

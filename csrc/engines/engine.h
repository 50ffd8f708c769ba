// What every inference engine looks like to the rest of hpinfer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/device.h"
#include "core/dtype.h"
#include "core/fork.h"
#include "core/shape.h"
#include "core/tensor.h"

namespace hpinfer {

// One input or output of a model. Dynamic dimensions are kDynamicDim.
struct TensorInfo {
  std::string name;
  DType dtype = DType::kFloat32;
  Shape shape;
  bool ranked = true;  // false: the model does not even say the number of dimensions
};

// Where the model comes from: a file, or bytes in memory (then `path` is empty, and `weights` may
// hold the second file of a two-file format). The bytes must live only during create_session.
struct ModelSource {
  std::filesystem::path path;
  std::span<const std::byte> bytes;
  std::span<const std::byte> weights;

  bool in_memory() const noexcept { return path.empty(); }
};

enum class Precision { kFloat32, kFloat16, kBFloat16 };
enum class GraphOptimization { kNone, kBasic, kExtended, kAll };

// How an engine keeps memory between runs.
enum class MemoryPolicy {
  kBounded,  // for inputs of many sizes: caches are bounded and growth follows the request
  kFast,     // for inputs of one size: plans and arenas are kept
};

// The shapes of one input that an engine is built for.
struct ShapeRange {
  Shape smallest;
  Shape usual;  // to be fastest at
  Shape largest;
};

// Ranges of all dynamic inputs that belong together, by input name.
using ShapeProfile = std::map<std::string, ShapeRange>;

struct ProviderOptions {
  std::string name;
  std::map<std::string, std::string> options;
};

// Everything that can be asked of a session. An option that the engine cannot honour is an error
// of create_session (kConfig or kUnsupported), never ignored.
struct SessionOptions {
  Device device;
  int num_threads = 0;  // processors for this session, all streams together; 0 = thread_budget()
  int num_streams = 1;  // inferences that are expected at the same time; they share num_threads
  Precision precision = Precision::kFloat32;
  GraphOptimization graph_optimization = GraphOptimization::kAll;
  MemoryPolicy memory = MemoryPolicy::kBounded;
  std::filesystem::path cache_dir;         // OpenVINO: where compiled models are kept; empty = off
  std::filesystem::path optimized_model;   // ONNX Runtime: where the rewritten graph is written
  std::vector<ProviderOptions> providers;  // ONNX Runtime: execution providers before the CPU's
  std::map<std::string, std::string> engine_config;  // the engine's own keys, passed through
  std::vector<ShapeProfile> profiles;     // TensorRT: what a model with dynamic inputs is built for
  std::vector<std::string> output_order;  // TensorRT: outputs of a plan, in graph order
  bool outputs_on_device = false;         // on a GPU: results in engine memory stay there
  int gpu_memory_mib = 0;  // ONNX Runtime on CUDA: the most that its arena may hold; 0 = all
};

// What a session holds at this moment besides the model.
struct SessionUsage {
  std::int64_t requests = 0;       // the engine's per-run objects, busy ones included
  std::int64_t idle_requests = 0;  // of these, kept for the next run
  std::int64_t leases = 0;         // of these, kept by results that are still being read
};

struct RunCounters;

// A loaded model. Immutable after creation; run() may be called from any number of threads at once
// and gives the same bits as serial calls.
class Session {
 public:
  virtual ~Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // In graph order.
  const std::vector<TensorInfo>& inputs() const noexcept { return inputs_; }
  const std::vector<TensorInfo>& outputs() const noexcept { return outputs_; }

  // The options with every default resolved (num_threads is never 0).
  const SessionOptions& options() const noexcept { return options_; }

  // One inference. `inputs` holds one view for each input, in graph order; none is copied where
  // the engine can read it in place. `outputs` holds one tensor for each output, in graph order: an
  // empty one comes back with engine memory (see Tensor::lifetime), a tensor that has memory gets
  // the result written into it and must have the result's dtype and shape.
  //
  // Throws Error: kInvalidInput (count, rank, dimension), kInvalidType, kEngine (also for what an
  // engine throws, and for outputs that it leaves out or gives in another dtype), kOutOfMemory (or
  // std::bad_alloc), kUnsupported after a fork(); and what the Cancellation of this thread says.
  //
  // An input, and memory for an output, may lie on the session's own GPU; the work that fills an
  // input must be done. Results are there when it returns, on any device.
  void run(std::span<const TensorView> inputs, std::span<Tensor> outputs) const;

  // The same, but results in engine memory stay on the session's GPU where the engine can leave
  // them there: their device tells.
  void run_on_device(std::span<const TensorView> inputs, std::span<Tensor> outputs) const;

  // Whether run() takes inputs of these shapes: engines that are built for ranges of shapes do not
  // take all that fit the infos.
  virtual bool accepts(std::span<const TensorView> /*inputs*/) const { return true; }

  // What the engine does otherwise than one would think, one sentence each.
  virtual std::vector<std::string> notes() const { return {}; }

  // Whether run() takes memory that lies there.
  bool takes(Device device) const { return takes_memory_of(device); }

  // Devices that share its runs.
  virtual int replicas() const { return 1; }
  // Whether a child process may run what its parent loaded: only where nothing but the caller's
  // thread works.
  virtual bool survives_fork() const noexcept { return false; }

  // Gives cached memory back to the system where the engine can; safe while others run.
  virtual void trim() const {}

  // Thread-safe.
  virtual SessionUsage usage() const { return {}; }

 protected:
  Session() = default;
  // Inputs and outputs are checked against the infos before this is called.
  virtual void do_run(std::span<const TensorView> inputs, std::span<Tensor> outputs) const = 0;
  virtual void do_run_on_device(std::span<const TensorView> inputs,
                                std::span<Tensor> outputs) const {
    do_run(inputs, outputs);
  }
  virtual bool takes_memory_of(Device device) const;

  // Whether an exception of do_run that is no Error is the host's and leaves run() as it is.
  virtual bool is_of_host(const std::exception& /*error*/) const noexcept { return false; }

  std::vector<TensorInfo> inputs_;
  std::vector<TensorInfo> outputs_;
  SessionOptions options_;

 private:
  using Run = void (Session::*)(std::span<const TensorView>, std::span<Tensor>) const;
  void check_and_run(std::span<const TensorView> inputs, std::span<Tensor> outputs, Run how) const;
  void check_tensor(std::string_view role, const TensorInfo& info, const TensorView& view) const;

  friend void track_session(std::string_view engine, const std::shared_ptr<Session>& session);

  void run_engine(std::span<const TensorView> inputs, std::span<Tensor> outputs, Run how) const;
  void check_process() const;
  void check_given(std::span<const Tensor> outputs) const;

  RunCounters* counters_ = nullptr;  // null: runs are not counted (sessions around others)
  const int made_in_ = fork_generation();
};

// How far a compilation is: `step` of `steps` in a phase, whose name is the engine's.
struct CompileProgress {
  std::string phase;
  int step = 0;
  int steps = 0;
};

// Called now and then while an engine compiles, from any of its threads; false cancels.
using ProgressFunction = std::function<bool(const CompileProgress&)>;

// A model in the engine's own form, as create_session takes it, and what belongs to it.
struct CompiledModel {
  std::vector<std::byte> plan;
  std::vector<std::byte> timing_cache;    // measurements for the next compilation
  std::vector<std::string> output_order;  // names, in the order of the model's graph
};

// A loaded engine library. Thread-safe.
class Engine {
 public:
  virtual ~Engine() = default;

  virtual std::string_view name() const noexcept = 0;
  virtual std::string version() const = 0;
  virtual std::filesystem::path library() const = 0;
  // What the engine calls its devices or execution providers, e.g. "CPU", "CUDAExecutionProvider".
  virtual std::vector<std::string> devices() const = 0;

  // Throws Error: kModelNotFound, kModelFormat, kConfig, kUnsupported, kEngine.
  virtual std::shared_ptr<const Session> create_session(const ModelSource& model,
                                                        const SessionOptions& options) const = 0;

  // For engines whose compilation takes minutes: the compiled model, to be kept. `timing_cache` may
  // be empty. Throws Error as create_session, kCancelled if `progress` asked for it.
  virtual CompiledModel compile(const ModelSource& model, const SessionOptions& options,
                                std::span<const std::byte> timing_cache,
                                const ProgressFunction& progress) const;

  // Which device of the machine compiled models are for, in the engine's words: keys of a cache.
  virtual std::map<std::string, std::string> device_identity(Device device) const;
};

// The code of an engine's failure: kOutOfMemory if its words are of that, else `otherwise`.
ErrorCode failure_code(std::string_view words, ErrorCode otherwise = ErrorCode::kEngine) noexcept;

std::string_view precision_name(Precision precision) noexcept;

// Fills num_threads from the thread budget and checks the ranges that hold for every engine.
SessionOptions resolve_options(SessionOptions options);

// Throws Error(kConfig) if an option is set that only an engine that compiles for shapes has.
void refuse_compile_options(const SessionOptions& options, std::string_view engine);

// Throws Error(kConfig) if an option is set that means something on a GPU only.
void refuse_gpu_options(const SessionOptions& options, std::string_view engine);

// Reads nothing; checks that the file exists and is a readable regular file (kModelNotFound) or
// that the bytes are not empty (kModelFormat).
void check_model_source(const ModelSource& model);

}  // namespace hpinfer

#include "engines/engine.h"

#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "core/thread_budget.h"
#include "engines/registry.h"
#include "testing.h"

namespace hpinfer {
namespace {

namespace fs = std::filesystem;

// A session that notes whether the engine was reached.
class FakeSession : public Session {
 public:
  FakeSession() {
    inputs_ = {{"x", DType::kFloat32, {kDynamicDim, 3}}, {"k", DType::kInt64, {1}}};
    outputs_ = {{"y", DType::kFloat32, {kDynamicDim, 3}}};
  }
  mutable int runs = 0;

 protected:
  void do_run(std::span<const TensorView> inputs, std::span<Tensor> outputs) const override {
    ++runs;
    outputs[0] = Tensor::allocate(DType::kFloat32, inputs[0].shape);
  }
};

// An environment variable for the time of a test.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    setenv(name, value.c_str(), 1);
  }
  ~Variable() { unsetenv(name_); }

 private:
  const char* name_;
};

TEST(session_checks_before_the_engine_is_reached) {
  const FakeSession session;
  const Tensor x = Tensor::allocate(DType::kFloat32, {2, 3});
  const Tensor flat = Tensor::allocate(DType::kFloat32, {6});
  const Tensor k = Tensor::allocate(DType::kInt64, {1});
  std::vector<Tensor> y(1);
  const auto run = [&](std::vector<TensorView> inputs) { session.run(inputs, y); };

  EXPECT_ERROR(run({x.view()}), ErrorCode::kInvalidInput, "2 inputs ('x', 'k'); got 1");
  EXPECT_ERROR(run({flat.view(), k.view()}), ErrorCode::kInvalidInput, "[?, 3]; got [6]");
  EXPECT_ERROR(run({k.view(), k.view()}), ErrorCode::kInvalidType, "float32; got int64");
  EXPECT_ERROR(run({TensorView{DType::kFloat32, {1, 3}, nullptr, {}}, k.view()}),
               ErrorCode::kInvalidInput, "no memory");
  y[0] = Tensor::allocate(DType::kFloat64, {2, 3});
  EXPECT_ERROR(run({x.view(), k.view()}), ErrorCode::kInvalidType, "output 'y'");
  EXPECT_EQ(session.runs, 0);

  y[0] = Tensor();
  run({x.view(), k.view()});
  run({TensorView{DType::kFloat32, {0, 3}, nullptr, {}}, k.view()});
  EXPECT_EQ(session.runs, 2);
}

TEST(options_take_the_thread_budget_and_refuse_nonsense) {
  EXPECT_EQ(resolve_options({}).num_threads, thread_budget().threads);
  SessionOptions options;
  options.num_threads = 3;
  EXPECT_EQ(resolve_options(options).num_threads, 3);
  options.num_threads = -1;
  EXPECT_ERROR(resolve_options(options), ErrorCode::kConfig, "got -1");
  options.num_threads = 1;
  options.num_streams = 0;
  EXPECT_ERROR(resolve_options(options), ErrorCode::kConfig, "num_streams");
}

TEST(model_source_is_checked_before_an_engine_sees_it) {
  const fs::path folder = fs::temp_directory_path() / ("hpinfer_model_" + std::to_string(getpid()));
  fs::create_directories(folder);
  const fs::path file = folder / "model.onnx";
  EXPECT_ERROR(check_model_source({file, {}, {}}), ErrorCode::kModelNotFound, "does not exist");
  EXPECT_ERROR(check_model_source({folder, {}, {}}), ErrorCode::kModelNotFound, "not a file");
  std::ofstream(file).flush();
  EXPECT_ERROR(check_model_source({file, {}, {}}), ErrorCode::kModelFormat, "is empty");
  std::ofstream(file) << "model";
  check_model_source({file, {}, {}});
  fs::remove_all(folder);

  EXPECT_ERROR(check_model_source({}), ErrorCode::kModelFormat, "0 bytes");
  const std::byte one{1};
  check_model_source({{}, std::span(&one, 1), {}});
}

TEST(registry_names_what_it_has) {
  EXPECT_ERROR(open_engine("tensorflow", {}), ErrorCode::kConfig, "'tensorflow' is not part");
  for (const std::string_view name : compiled_engines())
    EXPECT_ERROR(open_engine("", {}), ErrorCode::kConfig, "'" + std::string(name) + "'");
}

TEST(registry_reports_every_path_that_failed) {
  for (const std::string_view name : compiled_engines()) {
    std::string upper(name);
    for (char& c : upper) c = static_cast<char>(c - 'a' + 'A');
    const std::string variable = "HPINFER_" + upper + "_LIBRARY";
    {
      const Variable forced(variable.c_str(), "/nowhere/forced.so");
      EXPECT_ERROR(open_engine(name, {"/nowhere/candidate.so"}), ErrorCode::kEngineUnavailable,
                   "/nowhere/forced.so: cannot open shared object file");
    }
    {
      const Variable forced(variable.c_str(), "libc.so.6");
      EXPECT_ERROR(open_engine(name, {}), ErrorCode::kEngineUnavailable, "has no symbol");
    }
  }
}

TEST(precisions_have_names) {
  EXPECT_EQ(precision_name(Precision::kFloat32), "fp32");
  EXPECT_EQ(precision_name(Precision::kFloat16), "fp16");
  EXPECT_EQ(precision_name(Precision::kBFloat16), "bf16");
}

}  // namespace
}  // namespace hpinfer

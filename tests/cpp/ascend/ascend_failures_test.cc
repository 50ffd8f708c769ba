// Every call of AscendCL fails in turn: each failure is an Error that names it, nothing is left of
// what was made before it, and what comes after works.
#include "stand_in_models.h"

namespace hpinfer {
namespace {

using namespace ascend_testing;

constexpr int kInternalError = 500000;
// More calls of one function than any of the scenarios makes.
constexpr int kMostCalls = 100;

struct Scenario {
  const char* name;
  const std::string* model;
  std::vector<Shape> shapes;  // of float32 x; int64 z follows where there are two
};

void load_and_run(const Scenario& scenario) {
  const auto session = open_session(*scenario.model);
  std::vector<Tensor> tensors;
  for (const Shape& shape : scenario.shapes)
    tensors.push_back(counted(tensors.empty() ? DType::kFloat32 : DType::kInt64, shape));
  std::vector<TensorView> views;
  for (const Tensor& tensor : tensors) views.push_back(tensor.view());
  for (int i = 0; i < 2; ++i) EXPECT(is_affine(tensors[0], run(*session, views)[0]));
}

// These clean up: their failure is logged, for the work is done.
bool cleans_up(const std::string& function) {
  for (const char* name :
       {"aclDestroyDataBuffer", "aclmdlDestroyDataset", "aclmdlDestroyDesc", "aclmdlUnload",
        "aclrtFree", "aclrtDestroyContext", "aclrtResetDevice", "aclDestroyTensorDesc"})
    if (function == name) return true;
  return false;
}

// The functions that a scenario calls, by name.
std::vector<std::string> called(const Scenario& scenario) {
  stand_in_trace(1);
  load_and_run(scenario);
  std::istringstream words{std::string(stand_in_traced())};
  stand_in_trace(0);
  std::vector<std::string> names;
  for (std::string name; words >> name;)
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  return names;
}

// Whether the call was reached.
bool fail_once(const Scenario& scenario, const std::string& function, int nth) {
  const int before = stand_in_calls(function.c_str());
  stand_in_fail(function.c_str(), nth, kInternalError);
  std::string message;
  try {
    load_and_run(scenario);
  } catch (const Error& error) {
    message = error.what();
    const ErrorCode expected =
        function == "aclrtGetDeviceCount" ? ErrorCode::kUnsupported : ErrorCode::kEngine;
    EXPECT_EQ(error_code_name(error.code()), error_code_name(expected));
  }
  stand_in_fail("", 0, 0);
  const bool reached = stand_in_calls(function.c_str()) - before >= nth;
  // A context that cannot be asked for counts as none. Where the one of the work cannot be had for
  // cleaning up, that is tried without it.
  const bool lost = function == "aclrtSetCurrentContext" && message.empty();
  if (lost) stand_in_forgive();
  const bool silent = cleans_up(function) || function == "aclrtGetCurrentContext" || lost;
  const bool told = message.find(function + " fails as the test wants") != std::string::npos;
  const bool right = reached && !silent ? told : message.empty();
  if (!right || stand_in_live(-1) != 0 || stand_in_violations() != 0)
    testing::report(__FILE__, __LINE__,
                    std::string(scenario.name) + ": call " + std::to_string(nth) + " of " +
                        function + ": message '" + message + "', left " +
                        std::to_string(stand_in_live(-1)) + ", " + stand_in_first_violation());
  return reached;
}

void fail_everything(const Scenario& scenario) {
  int failures = 0;
  for (const std::string& function : called(scenario))
    for (int nth = 1; nth < kMostCalls && fail_once(scenario, function, nth); ++nth) ++failures;
  load_and_run(scenario);  // nothing lingers
  EXPECT(failures > 40);
  EXPECT_CLEAN();
}

TEST(ascend_failures_of_a_fixed_model) { fail_everything({"fixed", &kFixedModel, {{2, 3}}}); }

TEST(ascend_failures_of_batch_sizes) { fail_everything({"batch", &kBatchModel, {{4, 3}}}); }

TEST(ascend_failures_of_image_sizes) { fail_everything({"image", &kImageModel, {{1, 2, 4, 4}}}); }

TEST(ascend_failures_of_dimensions) { fail_everything({"dims", &kDimsModel, {{2, 3}, {7}}}); }

TEST(ascend_failures_of_free_shapes) { fail_everything({"free", &kFreeModel, {{5, 2}}}); }

TEST(ascend_failure_to_start_and_to_count) {
  shut_down_engines();
  const auto engine = open_engine("om", {});
  stand_in_fail("aclInit", 1, kInternalError);
  EXPECT_ERROR(open_session(kFixedModel), ErrorCode::kEngineUnavailable, "AscendCL cannot start");
  stand_in_fail("aclInit", 1, kInternalError);
  EXPECT_ERROR(engine->devices(), ErrorCode::kEngineUnavailable, "aclInit fails as the test wants");
  stand_in_fail("aclrtGetDeviceCount", 1, 507899);
  EXPECT_ERROR(
      open_session(kFixedModel), ErrorCode::kUnsupported,
      "no npu:0: EZ9999: [PID: 1] aclrtGetDeviceCount fails as the test wants (error 507899)");
  stand_in_fail("aclrtGetDeviceCount", 1, 507899);
  EXPECT_EQ(engine->devices().size(), 0U);
  load_and_run({"after", &kFixedModel, {{2, 3}}});
  EXPECT_CLEAN();
}

TEST(ascend_session_goes_on_after_a_failed_run) {
  const auto session = open_session(kFixedModel);
  const Tensor x = counted(DType::kFloat32, {2, 3});
  stand_in_fail("aclmdlExecute", 1, kInternalError);
  EXPECT_ERROR(run(*session, {x.view()}), ErrorCode::kEngine, "AscendCL cannot run the model");
  EXPECT(is_affine(x, run(*session, {x.view()})[0]));
}

TEST(ascend_memory_that_is_used_up_is_said) {
  stand_in_fail("aclrtMalloc", 1, 207001);
  EXPECT_ERROR(open_session(kFixedModel), ErrorCode::kEngine, "take a lower num_streams");
  EXPECT_CLEAN();
}

}  // namespace
}  // namespace hpinfer

// The engine for Ascend's compiled models on a stand-in for AscendCL (stand_in.h).
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "stand_in_models.h"

namespace hpinfer {
namespace {

using namespace ascend_testing;

TEST(ascend_engine_tells_version_and_devices) {
  const auto engine = open_engine("om", {});
  EXPECT_EQ(engine->name(), "om");
  EXPECT_EQ(engine->version(), "1.15.0");
  const std::vector<std::string> devices{"NPU 0: Ascend310P3", "NPU 1: Ascend310P3"};
  EXPECT(engine->devices() == devices);
}

TEST(ascend_runs_a_fixed_model) {
  {
    const auto session = open_session(kFixedModel);
    EXPECT_EQ(session->inputs()[0].name, "x");
    EXPECT_EQ(session->outputs()[0].shape.to_string(), "[2, 3]");
    const Tensor x = counted(DType::kFloat32, {2, 3});
    const auto results = run(*session, {x.view()});
    EXPECT(is_affine(x, results[0]));
    std::vector<Tensor> given(1);
    given[0] = Tensor::allocate(DType::kFloat32, {2, 3});
    const void* memory = given[0].data();
    session->run(std::vector{x.view()}, given);
    EXPECT(given[0].data() == memory && is_affine(x, given[0]));
    const Tensor other = counted(DType::kFloat32, {3, 3});
    EXPECT_ERROR(run(*session, {other.view()}), ErrorCode::kInvalidInput,
                 "shape [2, 3]; got [3, 3]");
  }
  EXPECT_CLEAN();
}

TEST(ascend_calls_come_in_order) {
  stand_in_trace(1);
  run(*open_session(kFixedModel), {counted(DType::kFloat32, {2, 3}).view()});
  shut_down_engines();
  const std::string calls = stand_in_traced();
  stand_in_trace(0);
  std::size_t place = 0;
  for (const char* name : {"aclrtSetDevice",
                           "aclrtCreateContext",
                           "aclrtMalloc",
                           "aclmdlLoadFromMemWithMem",
                           "aclmdlCreateDesc",
                           "aclmdlGetDesc",
                           "aclmdlCreateDataset",
                           "aclCreateDataBuffer",
                           "aclmdlAddDatasetBuffer",
                           "aclrtMemcpy",
                           "aclmdlExecute",
                           "aclrtMemcpy",
                           "aclDestroyDataBuffer",
                           "aclmdlDestroyDataset",
                           "aclmdlDestroyDesc",
                           "aclmdlUnload",
                           "aclrtFree",
                           "aclrtDestroyContext",
                           "aclrtResetDevice",
                           "aclFinalize"}) {
    const std::size_t found = calls.find(name, place);
    EXPECT(found != std::string::npos);
    if (found == std::string::npos) std::fprintf(stderr, "%s is not in: %s\n", name, calls.c_str());
    place = found == std::string::npos ? place : found + 1;
  }
  EXPECT_CLEAN();
  EXPECT(is_affine(counted(DType::kFloat32, {2, 3}),
                   run(*open_session(kFixedModel), {counted(DType::kFloat32, {2, 3}).view()})[0]));
}

TEST(ascend_stays_started_while_a_session_lives) {
  const int ended = stand_in_calls("aclFinalize");
  auto session = open_session(kFixedModel);
  shut_down_engines();
  EXPECT_EQ(stand_in_calls("aclFinalize"), ended);
  session.reset();
  shut_down_engines();
  EXPECT_EQ(stand_in_calls("aclFinalize"), ended + 1);
  EXPECT_CLEAN();
}

TEST(ascend_leaves_what_others_started) {
  shut_down_engines();
  EXPECT_EQ(aclInit(nullptr), 0);
  const int ended = stand_in_calls("aclFinalize");
  run(*open_session(kFixedModel), {counted(DType::kFloat32, {2, 3}).view()});
  shut_down_engines();
  EXPECT_EQ(stand_in_calls("aclFinalize"), ended);
  EXPECT_CLEAN();
}

TEST(ascend_takes_the_batch_sizes_of_the_model) {
  {
    const auto session = open_session(kBatchModel);
    EXPECT_EQ(session->inputs()[0].shape.to_string(), "[?, 3]");
    EXPECT_EQ(session->outputs()[0].shape.to_string(), "[?, 3]");
    for (const std::int64_t batch : {4, 1, 8, 4}) {
      const Tensor x = counted(DType::kFloat32, {batch, 3}, static_cast<int>(batch));
      const auto results = run(*session, {x.view()});
      EXPECT_EQ(results[0].shape()[0], batch);
      EXPECT(is_affine(x, results[0]));
    }
    const Tensor two = counted(DType::kFloat32, {2, 3});
    EXPECT(!session->accepts(std::vector{two.view()}));
    EXPECT_ERROR(run(*session, {two.view()}), ErrorCode::kInvalidInput,
                 "compiled for inputs of [1, 3], [4, 3], [8, 3]; got [2, 3]");
    std::vector<Tensor> given(1);
    given[0] = Tensor::allocate(DType::kFloat32, {4, 3});
    const Tensor one = counted(DType::kFloat32, {1, 3});
    EXPECT_ERROR(session->run(std::vector{one.view()}, given), ErrorCode::kInvalidInput,
                 "'y' has shape [1, 3]; the given memory has [4, 3]");
  }
  EXPECT_CLEAN();
}

TEST(ascend_takes_the_image_sizes_of_the_model) {
  {
    const auto session = open_session(kImageModel);
    EXPECT_EQ(session->inputs()[0].shape.to_string(), "[1, 2, ?, ?]");
    EXPECT_EQ(session->outputs()[1].shape.to_string(), "[1, 2]");
    for (const Shape& shape : {Shape{1, 2, 4, 4}, Shape{1, 2, 2, 3}}) {
      const Tensor x = counted(DType::kFloat32, shape);
      EXPECT(is_affine(x, run(*session, {x.view()})[0]));
    }
    const Tensor turned = counted(DType::kFloat32, {1, 2, 3, 2});
    EXPECT_ERROR(run(*session, {turned.view()}), ErrorCode::kInvalidInput, "dynamic_image_size");
  }
  EXPECT_CLEAN();
}

TEST(ascend_takes_the_dimensions_of_several_inputs) {
  {
    const auto session = open_session(kDimsModel);
    EXPECT_EQ(session->inputs().size(), 2U);  // without the compiler's own
    EXPECT_EQ(session->inputs()[1].shape.to_string(), "[?]");
    const Tensor x = counted(DType::kFloat32, {2, 3});
    const Tensor z = counted(DType::kInt64, {7});
    const auto results = run(*session, {x.view(), z.view()});
    EXPECT(is_affine(x, results[0]));
    EXPECT_EQ(results[1].elements<std::int64_t>()[6], 18);
    const Tensor mixed = counted(DType::kInt64, {5});
    EXPECT_ERROR(run(*session, {x.view(), mixed.view()}), ErrorCode::kInvalidInput,
                 "[1, 3] [5], [2, 3] [7]; got [2, 3] [5]");
  }
  EXPECT_CLEAN();
}

TEST(ascend_takes_any_shape_of_a_free_model) {
  {
    const auto session = open_session(kFreeModel);
    for (const Shape& shape : {Shape{1, 2}, Shape{7, 5}, Shape{3, 1}, Shape{0, 4}, Shape{2, 2}}) {
      const Tensor x = counted(DType::kFloat32, shape);
      const auto results = run(*session, {x.view()});
      EXPECT(results[0].shape() == shape && is_affine(x, results[0]));
    }
    std::vector<Tensor> given(1);
    given[0] = Tensor::allocate(DType::kFloat32, {2, 2});
    const Tensor x = counted(DType::kFloat32, {2, 3});
    EXPECT_ERROR(session->run(std::vector{x.view()}, given), ErrorCode::kInvalidInput,
                 "'y' has shape [2, 3]");
    EXPECT(is_affine(x, run(*session, {x.view()})[0]));
  }
  EXPECT_CLEAN();
}

TEST(ascend_has_every_element_type) {
  for (const auto& [name, dtype] :
       {std::pair{"1", DType::kFloat16}, std::pair{"2", DType::kInt8},
        std::pair{"4", DType::kUInt8}, std::pair{"3", DType::kInt32}, std::pair{"9", DType::kInt64},
        std::pair{"11", DType::kFloat64}, std::pair{"12", DType::kBool}}) {
    const std::string type = name;
    const auto session = open_session("stand-in om\nchoice fixed\nmemory 64 64\ninput x " + type +
                                      " 4\noutput y " + type + " affine 0 1 0\n");
    EXPECT_EQ(session->inputs()[0].dtype, dtype);
    Tensor x = Tensor::allocate(dtype, {4});
    std::memset(x.data(), 0, x.view().num_bytes());
    const double one = 1;
    const std::uint16_t half_one = 0x3c00;
    if (dtype == DType::kFloat16)
      std::memcpy(x.data(), &half_one, sizeof half_one);
    else if (dtype == DType::kFloat64)
      std::memcpy(x.data(), &one, sizeof one);
    else
      static_cast<unsigned char*>(x.data())[0] = 1;
    const auto results = run(*session, {x.view()});
    EXPECT_EQ(std::memcmp(x.data(), results[0].data(), x.view().num_bytes()), 0);
  }
  EXPECT_ERROR(open_session("stand-in om\nchoice fixed\nmemory 64 64\ninput x 6 4\n"
                            "output y 0 affine 0 1 0\n"),
               ErrorCode::kUnsupported, "'x' has an element type");
  EXPECT_CLEAN();
}

TEST(ascend_lets_the_library_keep_memory_that_has_no_size) {
  {
    const std::string model =
        "stand-in om\nchoice fixed\nmemory 0 0\ninput x 0 2\noutput y 0 affine 0 2 1\n";
    const auto session = open_session(model);
    const Tensor x = counted(DType::kFloat32, {2});
    EXPECT(is_affine(x, run(*session, {x.view()})[0]));
  }
  EXPECT_CLEAN();
}

TEST(ascend_runs_many_threads_on_copies_that_share_weights) {
  {
    stand_in_slow(2000);
    const auto session = open_session(kBatchModel, npu(3));
    const int weights = stand_in_live(kAllocations);
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t)
      threads.emplace_back([&, t] {
        for (int i = 0; i < 12; ++i) {
          const std::int64_t batch = std::vector<std::int64_t>{1, 4, 8}[(t + i) % 3U];
          const Tensor x = counted(DType::kFloat32, {batch, 3}, 100 * t + i);
          if (!is_affine(x, run(*session, {x.view()})[0])) ++wrong;
        }
      });
    for (std::thread& thread : threads) thread.join();
    stand_in_slow(0);
    EXPECT_EQ(wrong.load(), 0);
    EXPECT_EQ(stand_in_max_running(), 3);
    EXPECT_EQ(stand_in_live(kModels), 3);
    // Each copy has a workspace and three buffers; the weights are there once.
    EXPECT_EQ(stand_in_live(kAllocations), weights + 2 * 4);
    session->trim();
    EXPECT_EQ(stand_in_live(kModels), 0);
    EXPECT_EQ(stand_in_live(kAllocations), 1);
    const Tensor x = counted(DType::kFloat32, {4, 3});
    EXPECT(is_affine(x, run(*session, {x.view()})[0]));
  }
  EXPECT_CLEAN();
}

TEST(ascend_memory_does_not_grow_with_runs) {
  const auto session = open_session(kFreeModel);
  const Tensor x = counted(DType::kFloat32, {4, 3});
  run(*session, {x.view()});
  const int before = stand_in_calls("aclrtMalloc");
  for (int i = 0; i < 50; ++i) run(*session, {x.view()});
  EXPECT_EQ(stand_in_calls("aclrtMalloc"), before);
}

TEST(ascend_results_outlive_the_session) {
  std::vector<Tensor> results;
  const Tensor x = counted(DType::kFloat32, {2, 3});
  results = run(*open_session(kFixedModel), {x.view()});
  EXPECT(is_affine(x, results[0]));
  EXPECT_CLEAN();
}

void work_in_a_context_of_others() {
  aclrtContext mine = nullptr;
  aclrtContext found = nullptr;
  EXPECT_EQ(aclrtSetDevice(1), 0);
  EXPECT_EQ(aclrtCreateContext(&mine, 1), 0);
  {
    const auto session = open_session(kFixedModel);
    aclrtGetCurrentContext(&found);
    EXPECT(found == mine);
    run(*session, {counted(DType::kFloat32, {2, 3}).view()});
    aclrtGetCurrentContext(&found);
    EXPECT(found == mine);
  }
  aclrtDestroyContext(mine);
  aclrtResetDevice(1);
}

TEST(ascend_goes_back_to_the_context_of_the_caller) {
  open_engine("om", {})->devices();                 // starts it
  std::thread(work_in_a_context_of_others).join();  // it ends with a context that is gone
  EXPECT_CLEAN();
}

TEST(ascend_reads_files_and_notices_another) {
  const auto path = std::filesystem::temp_directory_path() /
                    ("hpinfer_ascend_" + std::to_string(getpid()) + ".om");
  std::ofstream(path) << kFixedModel;
  const auto engine = open_engine("om", {});
  {
    const auto session = engine->create_session({path, {}, {}}, npu());
    const Tensor x = counted(DType::kFloat32, {2, 3});
    EXPECT(is_affine(x, run(*session, {x.view()})[0]));
    std::ofstream(path) << kBatchModel;
    session->trim();
    EXPECT_ERROR(run(*session, {x.view()}), ErrorCode::kModelNotFound, "make a new session");
  }
  std::ofstream(path) << "something else";
  EXPECT_ERROR(engine->create_session({path, {}, {}}, npu()), ErrorCode::kModelFormat,
               "this is no model (error 100013)");
  std::filesystem::remove(path);
  EXPECT_ERROR(engine->create_session({path, {}, {}}, npu()), ErrorCode::kModelNotFound,
               "does not exist");
  EXPECT_CLEAN();
}

TEST(ascend_refuses_options_without_effect) {
  const auto refuses = [](auto change, ErrorCode code, std::string_view part, int line) {
    SessionOptions options = npu();
    change(options);
    testing::expect_error([&] { open_session(kFixedModel, options); }, code, part, __FILE__, line);
  };
  using Options = SessionOptions;
  const ErrorCode config = ErrorCode::kConfig;
  const ErrorCode unsupported = ErrorCode::kUnsupported;
  refuses([](Options& o) { o.device = {}; }, unsupported, "'npu' only, got 'cpu'", __LINE__);
  refuses([](Options& o) { o.device.index = 2; }, unsupported, "no npu:2: AscendCL sees 2 NPU",
          __LINE__);
  refuses([](Options& o) { o.precision = Precision::kFloat16; }, unsupported, "precision_mode",
          __LINE__);
  refuses([](Options& o) { o.engine_config["a"] = "1"; }, config, "engine_config; got 'a'",
          __LINE__);
  refuses([](Options& o) { o.providers = {{"CPU", {}}}; }, config, "providers", __LINE__);
  refuses([](Options& o) { o.cache_dir = "x"; }, config, "cache_dir", __LINE__);
  refuses([](Options& o) { o.profiles = {{}}; }, config, "profiles", __LINE__);
  refuses([](Options& o) { o.output_order = {"y"}; }, config, "output_order", __LINE__);
  refuses([](Options& o) { o.outputs_on_device = true; }, config, "outputs_on_device", __LINE__);
  refuses([](Options& o) { o.graph_optimization = GraphOptimization::kNone; }, config,
          "graph_optimization", __LINE__);
  const ModelSource onnx{"/dev/null", {}, {}};
  EXPECT_ERROR(open_engine("om", {})->create_session(onnx, npu()), ErrorCode::kModelNotFound,
               "not a file");
  EXPECT_CLEAN();
}

}  // namespace
}  // namespace hpinfer

// What reaches callers when an engine misbehaves, whatever it throws or leaves out.
#include <sys/wait.h>
#include <unistd.h>

#include <new>
#include <stdexcept>

#include "core/cancellation.h"
#include "core/thread_pool.h"
#include "engines/request_pool.h"
#include "scripted_session.h"
#include "testing.h"

namespace hpinfer {
namespace {

using testing::filled;
using testing::ScriptedSession;

ScriptedSession session(ScriptedSession::Script script) {
  return {{{"x", DType::kFloat32, {kDynamicDim}}},
          {{"y", DType::kFloat32, {kDynamicDim}}},
          std::move(script)};
}

float run(const Session& session) {
  const Tensor x = filled({1}, 3.0F);
  std::vector<Tensor> y(1);
  session.run({&x.view(), 1}, y);
  return y[0].elements<float>()[0];
}

void answer(std::span<const TensorView>, std::span<Tensor> outputs) {
  outputs[0] = filled({1}, 7.0F);
}

// Fails once, then works: a failure leaves nothing behind.
template <typename Fault>
ScriptedSession failing_once(Fault fault) {
  return session([fault, failed = std::make_shared<bool>(false)](auto inputs, auto outputs) {
    if (std::exchange(*failed, true)) return answer(inputs, outputs);
    fault(outputs);
  });
}

TEST(any_exception_of_an_engine_becomes_an_error_and_the_next_run_works) {
  struct Nameless {};
  const auto standard = failing_once([](auto) { throw std::runtime_error("kernel broke"); });
  EXPECT_ERROR(run(standard), ErrorCode::kEngine, "the engine failed: kernel broke");
  EXPECT_EQ(run(standard), 7.0F);
  const auto nameless = failing_once([](auto) { throw Nameless(); });
  EXPECT_ERROR(run(nameless), ErrorCode::kEngine, "an exception that says nothing");
  EXPECT_EQ(run(nameless), 7.0F);
  const auto number = failing_once([](auto) { throw 42; });
  EXPECT_ERROR(run(number), ErrorCode::kEngine, "an exception that says nothing");
  const auto own = failing_once([](auto) { fail(ErrorCode::kUnsupported, "not this"); });
  EXPECT_ERROR(run(own), ErrorCode::kUnsupported, "not this");
  const auto memory = failing_once([](auto) { throw std::bad_alloc(); });
  bool thrown = false;
  try {
    run(memory);
  } catch (const std::bad_alloc&) {
    thrown = true;
  }
  EXPECT(thrown);
  EXPECT_EQ(run(memory), 7.0F);
}

TEST(outputs_that_an_engine_leaves_out_or_gives_in_another_dtype_are_errors) {
  const auto nothing = failing_once([](auto) {});
  EXPECT_ERROR(run(nothing), ErrorCode::kEngine, "the engine gave no output 'y'");
  EXPECT_EQ(run(nothing), 7.0F);
  const auto null = failing_once([](std::span<Tensor> outputs) {
    outputs[0] = Tensor::borrow({DType::kFloat32, {1}, nullptr, {}});
  });
  EXPECT_ERROR(run(null), ErrorCode::kEngine, "the engine gave no output 'y'");
  const auto other = failing_once(
      [](std::span<Tensor> outputs) { outputs[0] = Tensor::allocate(DType::kInt64, {1}); });
  EXPECT_ERROR(run(other), ErrorCode::kEngine,
               "output 'y' should be float32; the engine gave int64");
}

TEST(words_of_memory_have_their_own_code) {
  EXPECT(failure_code("Failed to allocate memory for requested buffer of size 9") ==
         ErrorCode::kOutOfMemory);
  EXPECT(failure_code("std::bad_alloc") == ErrorCode::kOutOfMemory);
  EXPECT(failure_code("Non-zero status code") == ErrorCode::kEngine);
  EXPECT(failure_code("no such node", ErrorCode::kModelFormat) == ErrorCode::kModelFormat);
}

TEST(a_cancelled_thread_runs_no_inference) {
  int runs = 0;
  const auto counting = session([&runs](auto inputs, auto outputs) {
    ++runs;
    answer(inputs, outputs);
  });
  Cancellation cancellation{std::optional<Cancellation::Clock::time_point>()};
  const Cancellation::Scope scope(&cancellation);
  EXPECT_EQ(run(counting), 7.0F);
  cancellation.cancel();
  EXPECT_ERROR(run(counting), ErrorCode::kCancelled, "gave it up");
  Cancellation late{Cancellation::Clock::now()};
  const Cancellation::Scope inner(&late);
  EXPECT_ERROR(run(counting), ErrorCode::kTimeLimit, "time limit");
  EXPECT_EQ(runs, 1);
}

// Exit status of a child that runs `body`.
template <typename Body>
int in_child(Body body) {
  const pid_t child = fork();
  if (child == 0) {
    int status = 99;
    try {
      status = body();
    } catch (const Error& error) {
      status = 100 + static_cast<int>(error.code());
    }
    _exit(status);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(a_session_of_the_parent_is_refused_in_a_child_and_a_new_one_works) {
  const auto parents = session(answer);
  EXPECT_EQ(run(parents), 7.0F);
  std::atomic<int> sum{0};
  thread_pool().parallel_for(100, [&](int) { ++sum; });
  EXPECT_EQ(in_child([&] {
              run(parents);
              return 0;
            }),
            100 + static_cast<int>(ErrorCode::kUnsupported));
  EXPECT_EQ(in_child([&] {
              const auto own = session(answer);
              std::atomic<int> mine{0};
              thread_pool().parallel_for(100, [&](int) { mine += static_cast<int>(run(own)); });
              return mine == 700 ? 0 : 1;
            }),
            0);
  EXPECT_EQ(run(parents), 7.0F);
}

TEST(who_waits_for_a_hanging_run_can_be_stopped) {
  const auto pool = std::make_shared<RequestPool<int>>(1, [] { return std::make_unique<int>(0); });
  auto hanging = pool->start();
  {
    Cancellation limit{Cancellation::Clock::now() + std::chrono::milliseconds(20)};
    const Cancellation::Scope scope(&limit);
    EXPECT_ERROR(pool->start(), ErrorCode::kTimeLimit, "time limit");
  }
  hanging.finish();
  pool->start().finish();
}

}  // namespace
}  // namespace hpinfer

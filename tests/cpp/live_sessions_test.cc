#include "engines/live_sessions.h"

#include <atomic>
#include <thread>
#include <vector>

#include "testing.h"

namespace hpinfer {
namespace {

// Fails where its input is negative; counts how often it was trimmed.
class Trimmed final : public Session {
 public:
  explicit Trimmed(std::atomic<int>& trims, bool breaks = false) : trims_(trims), breaks_(breaks) {
    inputs_ = {{"x", DType::kFloat32, {1}}};
    outputs_ = {{"y", DType::kFloat32, {1}}};
  }
  void trim() const override {
    ++trims_;
    if (breaks_) fail(ErrorCode::kEngine, "cannot be trimmed");
  }
  SessionUsage usage() const override { return {3, 2, 1}; }

 private:
  void do_run(std::span<const TensorView> inputs, std::span<Tensor> outputs) const override {
    check(inputs[0].elements<const float>()[0] >= 0, ErrorCode::kEngine, "negative");
    outputs[0] = Tensor::allocate(DType::kFloat32, {1});
  }

  std::atomic<int>& trims_;
  const bool breaks_;
};

void run(const Session& session, float value) {
  const Tensor x = Tensor::allocate(DType::kFloat32, {1});
  x.elements<float>()[0] = value;
  const TensorView view = x.view();
  std::vector<Tensor> y(1);
  session.run(std::span(&view, 1), y);
}

EngineUsage usage_of_engine(std::string_view name) {
  for (EngineUsage& usage : engine_usages())
    if (usage.engine == name) return std::move(usage);
  return {};
}

TEST(live_sessions_count_runs_of_living_and_dead) {
  std::atomic<int> trims{0};
  {
    const auto one = std::make_shared<Trimmed>(trims);
    const auto other = std::make_shared<Trimmed>(trims);
    track_session("counted", one);
    track_session("counted", other);
    run(*one, 1);
    run(*other, 1);
    EXPECT_ERROR(run(*other, -1), ErrorCode::kEngine, "negative");
    const EngineUsage usage = usage_of_engine("counted");
    EXPECT_EQ(usage.sessions, 2);
    EXPECT_EQ(usage.done, 2);
    EXPECT_EQ(usage.failed, 1);
    EXPECT_EQ(usage.running, 0);
    EXPECT_EQ(usage.usage.requests, 6);
    EXPECT_EQ(usage.usage.leases, 2);
  }
  const EngineUsage usage = usage_of_engine("counted");
  EXPECT_EQ(usage.sessions, 0);
  EXPECT_EQ(usage.usage.requests, 0);
  EXPECT_EQ(usage.done, 2);
}

TEST(live_sessions_are_trimmed_though_one_of_them_fails) {
  std::atomic<int> trims{0};
  const auto broken = std::make_shared<Trimmed>(trims, true);
  const auto whole = std::make_shared<Trimmed>(trims);
  track_session("trimmed", broken);
  track_session("trimmed", whole);
  {
    track_session("trimmed", std::make_shared<Trimmed>(trims));
  }
  EXPECT_ERROR(trim_sessions(), ErrorCode::kEngine, "cannot be trimmed");
  EXPECT_EQ(trims.load(), 2);  // the dead one is left alone
}

TEST(live_sessions_of_many_threads) {
  std::atomic<int> trims{0};
  std::atomic<bool> over{false};
  std::thread watcher([&] {
    while (!over) {
      trim_sessions();
      EXPECT(usage_of_engine("busy").sessions >= 0);
    }
  });
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) {
        const auto session = std::make_shared<Trimmed>(trims);
        track_session("busy", session);
        run(*session, 1);
      }
    });
  for (std::thread& thread : threads) thread.join();
  over = true;
  watcher.join();
  EXPECT_EQ(usage_of_engine("busy").done, 400);
  EXPECT_EQ(usage_of_engine("busy").sessions, 0);
}

}  // namespace
}  // namespace hpinfer

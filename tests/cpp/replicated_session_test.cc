#include "engines/replicated_session.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <thread>

#include "testing.h"

namespace hpinfer {
namespace {

// Lets runs begin together: each waits until so many are in progress on all replicas.
class Gathering {
 public:
  explicit Gathering(int expected) : expected_(expected) {}
  void arrive() {
    std::unique_lock lock(mutex_);
    ++arrived_;
    all_here_.notify_all();
    all_here_.wait(lock, [this] { return arrived_ >= expected_; });
  }

 private:
  const int expected_;
  std::mutex mutex_;
  std::condition_variable all_here_;
  int arrived_ = 0;
};

// Doubles its input and notes the device that it stands for.
class Doubling : public Session {
 public:
  explicit Doubling(int device, Gathering* gathering = nullptr) : gathering_(gathering) {
    inputs_ = {{"x", DType::kFloat32, {kDynamicDim}}};
    outputs_ = {{"y", DType::kFloat32, {kDynamicDim}}};
    options_.device = {DeviceType::kGpu, device};
    options_.num_streams = 2;
    options_.num_threads = 3;
  }
  std::vector<std::string> notes() const override { return {"the same note"}; }
  void trim() const override { ++trimmed; }
  mutable std::atomic<int> trimmed{0};
  mutable std::atomic<int> on_device{0};

 protected:
  void do_run(std::span<const TensorView> inputs, std::span<Tensor> outputs) const override {
    if (gathering_ != nullptr) gathering_->arrive();
    if (inputs[0].shape[0] == 13) fail(ErrorCode::kEngine, "13 cannot be run");
    const auto x = inputs[0].elements<const float>();
    outputs[0] = Tensor::allocate(DType::kFloat32, inputs[0].shape);
    std::transform(x.begin(), x.end(), outputs[0].elements<float>().begin(),
                   [](float value) { return 2 * value; });
  }
  void do_run_on_device(std::span<const TensorView> inputs,
                        std::span<Tensor> outputs) const override {
    ++on_device;
    do_run(inputs, outputs);
  }

 private:
  Gathering* gathering_;
};

class Renamed final : public Doubling {
 public:
  Renamed() : Doubling(1) { inputs_[0].name = "z"; }
};

float run(const Session& session, float value, Device device = {}) {
  const Tensor x = Tensor::allocate(DType::kFloat32, {1});
  x.elements<float>()[0] = value;
  TensorView view = x.view();
  view.device = device;
  std::vector<Tensor> y(1);
  session.run(std::span(&view, 1), y);
  return y[0].elements<float>()[0];
}

using Replicas = std::vector<std::shared_ptr<const Session>>;

TEST(replicas_take_turns_and_give_the_same) {
  const ReplicatedSession session(Replicas{
      std::make_shared<Doubling>(0), std::make_shared<Doubling>(1), std::make_shared<Doubling>(2)});
  for (int i = 0; i < 9; ++i)
    EXPECT_EQ(run(session, static_cast<float>(i)), 2.F * static_cast<float>(i));
  EXPECT(session.runs() == (std::vector<std::uint64_t>{3, 3, 3}));
  EXPECT_EQ(session.options().num_streams, 6);
  EXPECT_EQ(session.options().num_threads, 9);
}

TEST(runs_at_the_same_time_are_on_different_replicas) {
  Gathering gathering(4);
  const ReplicatedSession session(Replicas{std::make_shared<Doubling>(0, &gathering),
                                           std::make_shared<Doubling>(1, &gathering)});
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&, i] {
      if (run(session, static_cast<float>(i)) != 2.F * static_cast<float>(i)) ++wrong;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong.load(), 0);
  EXPECT(session.runs() == (std::vector<std::uint64_t>{2, 2}));
}

TEST(memory_of_a_device_is_read_there) {
  const ReplicatedSession session(
      Replicas{std::make_shared<Doubling>(0), std::make_shared<Doubling>(1)});
  for (int i = 0; i < 5; ++i) run(session, 1, {DeviceType::kGpu, 1});
  EXPECT(session.runs() == (std::vector<std::uint64_t>{0, 5}));
  EXPECT_ERROR(run(session, 1, {DeviceType::kGpu, 2}), ErrorCode::kInvalidInput, "lies on gpu:2");
}

TEST(a_failed_run_frees_its_place) {
  const ReplicatedSession session(
      Replicas{std::make_shared<Doubling>(0), std::make_shared<Doubling>(1)});
  const Tensor x = Tensor::allocate(DType::kFloat32, {13});
  const TensorView view = x.view();
  std::vector<Tensor> y(1);
  for (int i = 0; i < 3; ++i)
    EXPECT_ERROR(session.run(std::span(&view, 1), y), ErrorCode::kEngine, "13 cannot be run");
  for (int i = 0; i < 4; ++i) run(session, 1);
  std::vector<std::uint64_t> counts = session.runs();
  std::sort(counts.begin(), counts.end());
  EXPECT(counts == (std::vector<std::uint64_t>{3, 4}));
}

TEST(notes_name_the_devices_and_each_replicas_note_once) {
  const auto first = std::make_shared<Doubling>(0);
  const auto second = std::make_shared<Doubling>(1);
  const ReplicatedSession session(Replicas{first, second});
  const auto notes = session.notes();
  EXPECT_EQ(notes.size(), 2U);
  EXPECT(notes[0].find("gpu:0, gpu:1") != std::string::npos);
  session.trim();
  EXPECT_EQ(first->trimmed.load() + second->trimmed.load(), 2);
}

TEST(results_may_stay_on_the_device_of_the_replica) {
  const auto only = std::make_shared<Doubling>(0);
  const ReplicatedSession session(Replicas{only});
  const Tensor x = Tensor::allocate(DType::kFloat32, {1});
  const TensorView view = x.view();
  std::vector<Tensor> y(1);
  session.run_on_device(std::span(&view, 1), y);
  EXPECT_EQ(only->on_device.load(), 1);
}

TEST(replicas_must_be_of_one_model) {
  EXPECT_ERROR(
      ReplicatedSession(Replicas{std::make_shared<Doubling>(0), std::make_shared<Renamed>()}),
      ErrorCode::kEngine, "disagree");
}

}  // namespace
}  // namespace hpinfer

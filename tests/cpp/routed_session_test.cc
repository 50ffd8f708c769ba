#include "engines/routed_session.h"

#include <atomic>
#include <thread>

#include "engines/shape_recorder.h"
#include "testing.h"

namespace hpinfer {
namespace {

// Takes rows up to a length; writes its number into the output.
class Numbered : public Session {
 public:
  Numbered(float number, std::int64_t longest) : number_(number), longest_(longest) {
    inputs_ = {{"x", DType::kFloat32, {kDynamicDim}}};
    outputs_ = {{"y", DType::kFloat32, {1}}};
  }
  bool accepts(std::span<const TensorView> inputs) const override {
    return inputs[0].shape[0] <= longest_;
  }

 protected:
  void do_run(std::span<const TensorView> inputs, std::span<Tensor> outputs) const override {
    check(accepts(inputs), ErrorCode::kInvalidInput, "too long");
    outputs[0] = Tensor::allocate(DType::kFloat32, {1});
    outputs[0].elements<float>()[0] = number_;
  }

 private:
  const float number_;
  const std::int64_t longest_;
};

class Renamed final : public Numbered {
 public:
  Renamed() : Numbered(0, 1) { outputs_[0].name = "z"; }
};

float run(const Session& session, std::int64_t length) {
  const Tensor x = Tensor::allocate(DType::kFloat32, {length});
  const TensorView view = x.view();
  std::vector<Tensor> y(1);
  session.run(std::span(&view, 1), y);
  return y[0].elements<float>()[0];
}

TEST(routed_session_takes_the_main_one_where_it_can) {
  std::vector<Shape> told;
  RoutedSession routed(nullptr, std::make_shared<Numbered>(2.F, 100), OtherRole::kAlways,
                       [&](const std::vector<Shape>& shapes) { told.push_back(shapes[0]); });
  EXPECT(!routed.has_main());
  EXPECT_EQ(run(routed, 4), 2.F);
  EXPECT(told.empty());  // nothing has refused anything yet
  routed.set_main(std::make_shared<Numbered>(1.F, 10));
  EXPECT_EQ(run(routed, 4), 1.F);
  EXPECT_EQ(run(routed, 11), 2.F);
  EXPECT_EQ(run(routed, 11), 2.F);
  EXPECT_EQ(run(routed, 12), 2.F);
  EXPECT_EQ(told.size(), 2U);  // each set of shapes once
  routed.set_main(std::make_shared<Numbered>(3.F, 11));
  EXPECT_EQ(run(routed, 11), 3.F);
  EXPECT_EQ(run(routed, 12), 2.F);
  EXPECT_EQ(told.size(), 3U);  // the new main one is another
  EXPECT_EQ(routed.main_runs(), 2U);
  EXPECT_EQ(routed.other_runs(), 5U);
}

TEST(routed_session_without_another_lets_the_main_one_speak) {
  const RoutedSession routed(std::make_shared<Numbered>(1.F, 10), nullptr, OtherRole::kAlways, {});
  EXPECT_EQ(run(routed, 10), 1.F);
  EXPECT_ERROR(run(routed, 11), ErrorCode::kInvalidInput, "too long");
}

TEST(routed_session_may_have_another_only_until_the_main_one_is_there) {
  RoutedSession routed(nullptr, std::make_shared<Numbered>(2.F, 100), OtherRole::kUntilMain, {});
  EXPECT_EQ(run(routed, 11), 2.F);
  routed.set_main(std::make_shared<Numbered>(1.F, 10));
  EXPECT_EQ(run(routed, 10), 1.F);
  EXPECT_ERROR(run(routed, 11), ErrorCode::kInvalidInput, "too long");
}

TEST(routed_session_refuses_engines_that_disagree) {
  const auto other = std::make_shared<Numbered>(2.F, 100);
  EXPECT_ERROR(RoutedSession(std::make_shared<Renamed>(), other, OtherRole::kAlways, {}),
               ErrorCode::kEngine, "disagree about its outputs: z float32 and y float32");
}

TEST(routed_session_changes_its_main_one_while_others_run) {
  RoutedSession routed(nullptr, std::make_shared<Numbered>(2.F, 100), OtherRole::kAlways, {});
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      while (!stop.load()) {
        const float number = run(routed, 20);
        if (number < 2.F) ++wrong;  // the short ones never take 20
      }
    });
  for (int i = 0; i < 200; ++i)
    routed.set_main(std::make_shared<Numbered>(i % 2 == 0 ? 1.F : 3.F, i % 2 == 0 ? 10 : 50));
  stop.store(true);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong.load(), 0);
}

TEST(shape_recorder_counts_each_set_of_shapes) {
  const ShapeRecorder recorder(std::make_shared<Numbered>(1.F, 10));
  for (const std::int64_t length : {4, 8, 4}) EXPECT_EQ(run(recorder, length), 1.F);
  EXPECT_ERROR(run(recorder, 11), ErrorCode::kInvalidInput, "too long");
  const auto recorded = recorder.recorded();
  EXPECT_EQ(recorded.size(), 2U);  // what failed is not a shape to build for
  EXPECT(recorded[0].shapes[0] == Shape({4}));
  EXPECT_EQ(recorded[0].runs, 2U);
  EXPECT_EQ(recorded[1].runs, 1U);
}

}  // namespace
}  // namespace hpinfer

#include "core/cancellation.h"

#include <stdexcept>

#include "core/error.h"
#include "core/thread_pool.h"
#include "testing.h"

namespace hpinfer {
namespace {

using Clock = Cancellation::Clock;

struct Interrupt {};

void interrupt() { throw Interrupt(); }

TEST(nothing_is_stopped_without_a_reason) {
  Cancellation::check_current();
  Cancellation none{std::optional<Clock::time_point>()};
  const Cancellation::Scope scope(&none);
  Cancellation::check_current();
  Cancellation call(nullptr);
  const Cancellation::Scope inner(&call);
  Cancellation::check_current();
}

TEST(a_call_stops_with_what_it_is_part_of) {
  Cancellation whole{Clock::now() + std::chrono::hours(1)};
  const Cancellation::Scope scope(&whole);
  Cancellation call(nullptr);
  const Cancellation::Scope inner(&call);
  Cancellation::check_current();
  whole.cancel();
  EXPECT_ERROR(Cancellation::check_current(), ErrorCode::kCancelled, "gave it up");
}

TEST(scopes_end) {
  Cancellation over{Clock::now()};
  {
    const Cancellation::Scope scope(&over);
    EXPECT_ERROR(Cancellation::check_current(), ErrorCode::kTimeLimit, "time limit");
  }
  Cancellation::check_current();
}

TEST(the_host_interrupts_its_own_thread_and_the_workers_stop_with_it) {
  ThreadPool pool(3);
  Cancellation call(&interrupt);
  std::atomic<int> done{0};
  bool interrupted = false;
  {
    const Cancellation::Scope scope(&call);
    try {
      pool.parallel_for(100000, [&](int) { ++done; });
    } catch (const Interrupt&) {
      interrupted = true;  // never a worker's kCancelled, which is its consequence
    }
    EXPECT_ERROR(Cancellation::check_current(), ErrorCode::kCancelled, "gave it up");
  }
  EXPECT(interrupted);
  EXPECT(done.load() < 100000);
  pool.parallel_for(10, [&](int) { ++done; });
}

TEST(a_loop_of_many_threads_ends_at_its_deadline) {
  ThreadPool pool(3);
  Cancellation limit{Clock::now() + std::chrono::milliseconds(30)};
  std::atomic<int> done{0};
  {
    const Cancellation::Scope scope(&limit);
    EXPECT_ERROR(pool.parallel_for(1000000,
                                   [&](int) {
                                     ++done;
                                     std::this_thread::sleep_for(std::chrono::milliseconds(1));
                                   }),
                 ErrorCode::kTimeLimit, "time limit");
  }
  EXPECT(done.load() > 0);
  EXPECT(done.load() < 1000000);
  EXPECT_EQ(pool.busy(), 0);
  pool.parallel_for(10, [&](int) { ++done; });
}

}  // namespace
}  // namespace hpinfer

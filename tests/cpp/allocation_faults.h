// Memory that runs out where a test says, in any thread: every allocation of the process goes
// through it.
#pragma once

#include <cstddef>

namespace hpinfer::testing {

// From now on `allowed` allocations succeed, and then all fail for ever (persistent) or the next
// one does. Negative: none fails.
void fail_allocations(long allowed, bool persistent = false);

// How many allocations have failed since fail_allocations().
long failed_allocations();

// Blocks that are allocated now.
long live_allocations();

}  // namespace hpinfer::testing

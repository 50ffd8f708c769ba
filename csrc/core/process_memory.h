// What this process holds of the machine's memory.
#pragma once

#include <cstddef>
#include <optional>

namespace hpinfer {

struct ProcessMemory {
  std::size_t resident = 0;  // bytes
  std::size_t peak = 0;      // the most that was resident so far
};

// As the kernel counts it; nullopt where it does not tell.
std::optional<ProcessMemory> process_memory();

// Hands what the C library's allocator keeps free back to the system, where it can.
void release_free_heap();

}  // namespace hpinfer

#include "core/process_memory.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <fstream>
#include <sstream>
#include <string>

namespace hpinfer {

// Lines as "VmRSS:      1234 kB".
std::optional<ProcessMemory> process_memory() {
  std::ifstream file("/proc/self/status");
  ProcessMemory memory;
  for (std::string line; std::getline(file, line);) {
    std::istringstream in(line);
    std::string name;
    std::size_t kilobytes = 0;
    if (!(in >> name >> kilobytes)) continue;
    if (name == "VmRSS:") memory.resident = kilobytes * 1024;
    if (name == "VmHWM:") memory.peak = kilobytes * 1024;
  }
  if (memory.resident == 0) return std::nullopt;
  return memory;
}

void release_free_heap() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

}  // namespace hpinfer

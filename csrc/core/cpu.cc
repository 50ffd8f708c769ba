#include "core/cpu.h"

#include <array>
#include <fstream>
#include <string>

#include "core/environment.h"
#include "core/error.h"

namespace hpinfer {
namespace {

constexpr std::array kAllIsas{Isa::kScalar, Isa::kAvx2, Isa::kAvx512, Isa::kAvx512Vbmi};

bool is_supported(Isa isa) {
#if defined(__x86_64__)
  switch (isa) {
    case Isa::kScalar:
      return true;
    case Isa::kAvx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
             __builtin_cpu_supports("bmi2");
    case Isa::kAvx512:
      return is_supported(Isa::kAvx2) && __builtin_cpu_supports("avx512f") &&
             __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512vl");
    case Isa::kAvx512Vbmi:
      return is_supported(Isa::kAvx512) && __builtin_cpu_supports("avx512vbmi");
  }
  return false;
#else
  return isa == Isa::kScalar;
#endif
}

Isa choose_isa() {
  const std::vector<Isa> usable = supported_isas();
  const auto forced = environment("FORCE_ISA");
  if (!forced) return usable.back();
  for (const Isa isa : kAllIsas) {
    if (isa_name(isa) != *forced) continue;
    check(is_supported(isa), ErrorCode::kConfig, "HPINFER_FORCE_ISA=", *forced,
          " is not supported by this processor; the best here is '", isa_name(usable.back()), "'");
    return isa;
  }
  fail(ErrorCode::kConfig, "HPINFER_FORCE_ISA must be scalar, avx2, avx512 or avx512_vbmi; got '",
       *forced, "'");
}

std::string read_cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("model name")) continue;
    const std::size_t start = line.find_first_not_of(" \t", line.find(':') + 1);
    return start == std::string::npos ? std::string() : line.substr(start);
  }
  return {};
}

}  // namespace

std::string_view isa_name(Isa isa) noexcept {
  switch (isa) {
    case Isa::kScalar:
      return "scalar";
    case Isa::kAvx2:
      return "avx2";
    case Isa::kAvx512:
      return "avx512";
    case Isa::kAvx512Vbmi:
      return "avx512_vbmi";
  }
  return "unknown";
}

std::vector<Isa> supported_isas() {
  std::vector<Isa> isas;
  for (const Isa isa : kAllIsas)
    if (is_supported(isa)) isas.push_back(isa);
  return isas;
}

Isa active_isa() {
  static const Isa isa = choose_isa();
  return isa;
}

std::string_view cpu_name() {
  static const std::string name = read_cpu_name();
  return name;
}

}  // namespace hpinfer

// Instruction sets: which kernels this processor can run, and which are chosen.
#pragma once

#include <string_view>
#include <vector>

namespace hpinfer {

// Kernel variants, slowest first. Each needs everything that the ones before it need.
enum class Isa {
  kScalar,      // plain C++, any processor
  kAvx2,        // x86-64-v3: AVX2 + FMA + BMI2
  kAvx512,      // x86-64-v4: AVX-512 F, BW, DQ, VL
  kAvx512Vbmi,  // and VBMI, which picks single bytes: Ice Lake, Zen 4 and later
};

std::string_view isa_name(Isa isa) noexcept;

// Variants that this processor can run, slowest first; always holds kScalar.
std::vector<Isa> supported_isas();

// The variant in use: the fastest supported one, or HPINFER_FORCE_ISA=scalar|avx2|avx512|
// avx512_vbmi (read once). Throws Error(kConfig) if the forced one is unknown or not supported
// here.
Isa active_isa();

// Brand string of the processor, e.g. "AMD EPYC"; empty if the system does not tell.
std::string_view cpu_name();

}  // namespace hpinfer

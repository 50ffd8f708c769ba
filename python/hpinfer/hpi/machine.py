"""This machine, as far as it decides which engine is fastest."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpinfer.config.hpi import PrecisionName

#: Processor flags that give a network's lower precision an advantage, any one of them.
_PRECISION_FLAGS: dict[PrecisionName, frozenset[str]] = {
    "bf16": frozenset({"avx512_bf16", "amx_bf16", "bf16"}),
    "fp16": frozenset({"avx512_fp16", "amx_fp16", "asimdhp"}),
}
_FLAG_LABELS = ("flags", "Features")


@dataclass(frozen=True, slots=True)
class Machine:
    """The processor and what this process may use of it.

    Attributes:
        architecture: E.g. ``"x86_64"``.
        cpu: Brand string.
        flags: Instruction-set flags as the kernel names them; empty if unknown.
        threads: Threads that the process may use.
    """

    architecture: str
    cpu: str
    flags: frozenset[str]
    threads: int

    @property
    def reduced_precisions(self) -> tuple[PrecisionName, ...]:
        """Precisions below fp32 that the processor has instructions for."""
        return tuple(name for name, flags in _PRECISION_FLAGS.items() if flags & self.flags)


def this_machine() -> Machine:
    """The machine that this process runs on."""
    from hpinfer import _native

    return Machine(
        architecture=platform.machine(),
        cpu=_native.cpu_info()["name"],
        flags=_cpu_flags(Path("/proc/cpuinfo")),
        threads=int(_native.thread_info()["threads"]),
    )


def _cpu_flags(path: Path) -> frozenset[str]:
    try:
        with path.open(encoding="ascii", errors="replace") as lines:
            for line in lines:
                label, _, value = line.partition(":")
                if label.strip() in _FLAG_LABELS:
                    return frozenset(value.split())
    except OSError:  # not Linux: no lower precision is assumed
        pass
    return frozenset()

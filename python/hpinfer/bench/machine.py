"""Facts about the machine and the software that a reader of timings needs."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any

_NOTEWORTHY_FLAGS = (
    *("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8"),
    *("asimd", "asimdhp", "bf16", "i8mm"),
)
_PACKAGES = ("hpinfer", "onnxruntime", "onnxruntime-gpu", "openvino", "paddlepaddle", "numpy")


def describe_machine() -> dict[str, Any]:
    """Processor, usable cores and how they share caches, memory, system, load, versions."""
    from hpinfer import _native
    from hpinfer.hpi.machine import this_machine

    machine = this_machine()
    cores = sorted(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": machine.cpu or platform.machine(),
        "cores": len(cores),
        "threads": machine.threads,
        "isa": [flag for flag in _NOTEWORTHY_FLAGS if flag in machine.flags],
        "kernels": _native.cpu_info()["active_isa"],
        "last_level_cache_shared_by": {str(core): _cache_sharing(core) for core in cores},
        "memory_gib": round(memory / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load_average_before": round(os.getloadavg()[0], 2),
        "versions": _versions(),
    }


def _cache_sharing(core: int) -> str:
    """Cores that share the last-level cache of `core`, or "unknown"."""
    levels = sorted(Path(f"/sys/devices/system/cpu/cpu{core}/cache").glob("index*"))
    try:
        return (levels[-1] / "shared_cpu_list").read_text(encoding="ascii").strip()
    except (IndexError, OSError):
        return "unknown"


def _versions() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found

"""Facts about the machine that a reader of timings needs."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

NOTEWORTHY_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "asimd", "bf16")


def cpu_fields() -> dict[str, str]:
    """The first processor's fields, as the kernel lists them."""
    fields: dict[str, str] = {}
    for line in Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines():
        key, _, value = line.partition(":")
        fields[key.strip()] = value.strip()
    return fields


def cache_sharing(cpu: int) -> str:
    """CPUs that share the last-level cache of `cpu`, or "unknown"."""
    levels = sorted(Path(f"/sys/devices/system/cpu/cpu{cpu}/cache").glob("index*"))
    if not levels:
        return "unknown"
    return (levels[-1] / "shared_cpu_list").read_text().strip()


def facts() -> dict[str, Any]:
    """CPU model, usable cores and how they share caches, memory, kernel, load."""
    fields = cpu_fields()
    flags = set((fields.get("flags") or fields.get("Features") or "").split())
    cpus = sorted(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": fields.get("model name", platform.processor() or platform.machine()),
        "cores": len(cpus),
        "isa": [flag for flag in NOTEWORTHY_FLAGS if flag in flags],
        "last_level_cache_shared_by": {str(cpu): cache_sharing(cpu) for cpu in cpus},
        "memory_gib": round(memory / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "load_average_before": os.getloadavg()[0],
    }

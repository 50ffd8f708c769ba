"""CUDA's libraries from pip's packages, loaded before an engine asks the loader for them.

NVIDIA's packages (``nvidia-cublas``, ``nvidia-cudnn-cu13`` …) keep their libraries in
``site-packages/nvidia/*/lib``, where the loader does not look. A library that is loaded already is
found by its name wherever it came from.
"""

from __future__ import annotations

import ctypes
import importlib.util
import logging
import re
from functools import cache
from pathlib import Path

_log = logging.getLogger("hpinfer.engines")

#: In an order in which each finds what it needs. Of cuDNN only the front: it loads its parts.
_NAMES = (
    "cudart",
    "nvJitLink",
    "nvrtc",
    "cublasLt",
    "cublas",
    "cufft",
    "curand",
    "cudnn",
)


@cache
def load_cuda_libraries() -> tuple[Path, ...]:
    """Loads what is installed, once a process.

    Returns:
        What was loaded; a library that cannot be loaded is left to the engine, whose error says
        what it misses.
    """
    found = installed_libraries(package_roots())
    return tuple(path for path in found if _loaded(path))


def package_roots() -> list[Path]:
    """Folders that pip's ``nvidia`` packages share."""
    try:
        spec = importlib.util.find_spec("nvidia")
    except (ImportError, ValueError):  # ValueError: a module in sys.modules without a spec
        return []
    return [] if spec is None else [Path(root) for root in spec.submodule_search_locations or ()]


def installed_libraries(roots: list[Path]) -> list[Path]:
    """The libraries under these folders, in the order of loading.

    Args:
        roots: Folders that hold ``<package>/lib/lib<name>.so.<release>``. Of several releases of a
            library the newest is taken.
    """
    chosen = []
    for name in _NAMES:
        pattern = re.compile(rf"lib{name}\.so\.(\d+)")
        matches = [
            (int(match.group(1)), path)
            for root in roots
            for path in sorted(root.glob(f"*/lib/lib{name}.so.*"))
            if (match := pattern.fullmatch(path.name))
        ]
        chosen += [max(matches)[1]] if matches else []
    return chosen


def _loaded(path: Path) -> bool:
    try:
        ctypes.CDLL(str(path))
    except OSError as error:
        _log.debug("%s is not loaded: %s", path, error)
        return False
    return True

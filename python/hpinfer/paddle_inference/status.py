"""Whether PaddlePaddle is installed, told without importing it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from pathlib import Path

from hpinfer._engine_status import EngineStatus

#: Distributions that bring the package, and the devices of each, best first.
_DISTRIBUTIONS: dict[str, tuple[str, ...]] = {
    "paddlepaddle-gpu": ("GPU", "CPU"),
    "paddlepaddle": ("CPU",),
}
#: 3.0 cannot load PIR programs without parameters.
_OLDEST = (3, 1)
_INSTALL = "install it with: pip install 'hpinfer[paddle]'"


def status() -> EngineStatus:
    """Whether Paddle Inference can be used here. Reads the installed files, imports nothing."""
    from hpinfer.build import is_built_with_paddle

    if not is_built_with_paddle():
        return _unusable("not part of this build; build hpinfer with ENABLE_PADDLE_BACKEND=ON")
    library = libpaddle()
    if library is None:
        return _unusable(f"the package paddle is not installed; {_INSTALL}")
    name, version = _distribution()
    if not version:
        return _unusable(f"{library.parent.parent} belongs to no installed distribution")
    if version_tuple(version)[:2] < _OLDEST:
        return _unusable(f"PaddlePaddle {version} is too old: 3.1 or newer is needed; {_INSTALL}")
    return EngineStatus(
        name="paddle",
        usable=True,
        version=version,
        library=str(library),
        devices=_DISTRIBUTIONS[name],
    )


def libpaddle() -> Path | None:
    """Path of the package's native library, or None if there is none."""
    try:
        spec = importlib.util.find_spec("paddle")
    except (ImportError, ValueError):  # ValueError: a module in sys.modules without a spec
        return None
    roots = spec.submodule_search_locations if spec is not None else None
    libraries = (Path(root, "base", "libpaddle.so") for root in roots or ())
    return next((path for path in libraries if path.is_file()), None)


def version_tuple(version: str) -> tuple[int, ...]:
    """The leading numbers of a version: ``"3.3.1.post1"`` is (3, 3, 1)."""
    numbers = []
    for part in version.split("."):
        if not part.isdigit():
            break
        numbers.append(int(part))
    return tuple(numbers)


def _distribution() -> tuple[str, str]:
    for name in _DISTRIBUTIONS:
        try:
            return name, importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return "", ""


def _unusable(reason: str) -> EngineStatus:
    return EngineStatus(name="paddle", usable=False, reason=reason)

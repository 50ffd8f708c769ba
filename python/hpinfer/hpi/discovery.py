"""Finds engine libraries among the installed distributions without importing them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from hpinfer._engine_status import EngineStatus
from hpinfer.errors import EngineUnavailableError, HpinferError

__all__ = ["EngineStatus", "engines", "library_candidates", "with_remedy"]

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Engine name to (import name, folder inside the package, file pattern).
_LIBRARIES: dict[str, tuple[str, str, str]] = {
    "onnxruntime": ("onnxruntime", "capi", "libonnxruntime.so*"),
    "openvino": ("openvino", "libs", "libopenvino_c.so*"),
    "tensorrt": ("tensorrt_libs", ".", "libnvinfer.so*"),
}
#: Where CANN installs its toolkit and its runtime, for processes that have not sourced set_env.sh.
_CANN_LIBRARIES = tuple(
    Path("/usr/local/Ascend") / part / "lib64" / "libascendcl.so"
    for part in ("cann", "ascend-toolkit/latest", "nnrt/latest")
)


def library_candidates(engine: str) -> list[Path]:
    """Paths of the engine's library in the installed packages, best first.

    The package is located, not imported, so that nothing of it runs.
    """
    if engine == "om":
        return _cann_libraries()
    if engine not in _LIBRARIES:
        return []
    package, folder, pattern = _LIBRARIES[engine]
    return [
        library
        for root in _package_roots(package)
        for library in sorted((root / folder).glob(pattern), key=lambda path: len(path.name))
    ]


def _cann_libraries() -> list[Path]:
    from hpinfer._settings import cann_folder

    named = cann_folder()
    own = [] if named is None else [named / "lib64" / "libascendcl.so"]
    return [path for path in (*own, *_CANN_LIBRARIES) if path.is_file()]


def _package_roots(package: str) -> Iterator[Path]:
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):  # ValueError: a module in sys.modules without a spec
        return
    if spec is not None:
        yield from (Path(root) for root in spec.submodule_search_locations or ())


def with_remedy(engine: str, error: HpinferError) -> HpinferError:
    """An error of an engine that cannot be used, with what to do about it.

    Args:
        engine: Its name.
        error: What loading it raised; one of another kind comes back as it is.
    """
    if not isinstance(error, EngineUnavailableError) or engine not in _LIBRARIES:
        return error
    if "is not usable here" not in str(error):  # it was loaded: a GPU or its driver is missing
        return error
    package, folder, pattern = _LIBRARIES[engine]
    roots = list(_package_roots(package))
    if not roots:
        wanted = "tensorrt" if engine == "tensorrt" else "'hpinfer[cpu]'"
        remedy = f"install it with: pip install {wanted}"
    elif library_candidates(engine):
        remedy = f"if the package {package} is damaged: pip install --force-reinstall {package}"
    else:
        remedy = (
            f"the package {package} in {roots[0]} has no {folder}/{pattern}: it is not whole, "
            f"pip install --force-reinstall {package}"
        )
    return EngineUnavailableError(f"{error}; {remedy}")


def engines() -> list[EngineStatus]:
    """Status of every engine that this build can talk to.

    Loads each library once, but does not import PaddlePaddle.
    """
    from hpinfer import _native, paddle_inference
    from hpinfer.build import is_built_with_paddle

    found = [_status(name) for name in _native.compiled_engines()]
    return [*found, paddle_inference.status()] if is_built_with_paddle() else found


def _status(name: str) -> EngineStatus:
    from hpinfer import _native

    try:
        info = _native.engine_info(name, library_candidates(name))
    except HpinferError as error:
        return EngineStatus(name=name, usable=False, reason=str(with_remedy(name, error)))
    return EngineStatus(
        name=name,
        usable=True,
        version=info["version"],
        library=info["library"],
        devices=tuple(info["devices"]),
    )

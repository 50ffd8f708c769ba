"""Which ``ultra_infer`` PaddleX will import, and switching hpinfer's on and off.

Two ways lead to the same module. The distribution ``hpinfer-ultra-infer`` is the one for
requirements files and images: pip knows it. `enable` is for places where only hpinfer's own wheel
can be had. Both put a folder at the end of the import path, so that a real ultra-infer, which lies
in site-packages itself, always comes first and is never overwritten.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import os
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hpinfer.errors import ConfigError

MODULE = "ultra_infer"
DISTRIBUTION = "hpinfer-ultra-infer"
#: Distributions of the original.
ORIGINALS = ("ultra-infer-python", "ultra-infer-gpu-python", "ultra-infer-npu-python")
PATH_FILE = "hpinfer-paddlex-enabled.pth"
_MARK = "from hpinfer import ultra_infer"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where ``import ultra_infer`` leads.

    Attributes:
        kind: ``"hpinfer"``, ``"other"`` (the original, or anything else), or ``"none"``.
        location: The module's file; empty if there is none.
        source: What put it there: a distribution with its version, the command, or empty.
    """

    kind: Literal["hpinfer", "other", "none"]
    location: str = ""
    source: str = ""


def folder() -> Path:
    """The folder that holds hpinfer's ``ultra_infer``."""
    return Path(__file__).parent / "drop_in"


def path_file() -> Path:
    """The file that `enable` writes: in the site-packages of this interpreter."""
    return Path(sysconfig.get_path("purelib")) / PATH_FILE


def origin() -> Origin:
    """Where ``import ultra_infer`` leads in this environment; nothing is imported."""
    try:
        spec = importlib.util.find_spec(MODULE)
    except (ImportError, ValueError):  # ValueError: already imported, without a spec
        spec = None
    if spec is None:
        return Origin("none")
    location = spec.origin or next(iter(spec.submodule_search_locations or ()), "")
    if _is_ours(location):
        return Origin("hpinfer", location, _source_of_ours())
    return Origin("other", location, _first_version(ORIGINALS))


def enable() -> Origin:
    """Makes hpinfer's ``ultra_infer`` importable for every process of this environment.

    Returns:
        Where it is, for processes that start from now on.

    Raises:
        ConfigError: Another ``ultra_infer`` is there, which is left alone; or site-packages cannot
            be written.
    """
    found = origin()
    if found.kind == "other":
        owner = found.source or found.location
        raise ConfigError(
            f"another ultra_infer is installed ({owner}) and stays as it is: uninstall it to use "
            "hpinfer's"
        )
    if found.kind == "hpinfer":
        return found
    target = path_file()
    try:
        _write(target, f"{folder()}\n")
    except OSError as error:
        raise ConfigError(
            f"cannot write {target}: {error.strerror}; pip install {DISTRIBUTION} instead"
        ) from error
    return Origin("hpinfer", str(folder() / MODULE / "__init__.py"), "hpinfer paddlex enable")


def disable() -> bool:
    """Undoes `enable`.

    Returns:
        Whether it was on.

    Raises:
        ConfigError: The file cannot be removed, or the module comes from a distribution.
    """
    target = path_file()
    try:
        target.unlink()
    except FileNotFoundError:
        if origin().kind == "hpinfer" and _first_version((DISTRIBUTION,)):
            raise ConfigError(
                f"ultra_infer comes from the distribution {DISTRIBUTION}: "
                f"pip uninstall {DISTRIBUTION}"
            ) from None
        return False
    except OSError as error:
        raise ConfigError(f"cannot remove {target}: {error.strerror}") from error
    return True


def _is_ours(location: str) -> bool:
    try:
        return _MARK in Path(location).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False


def _source_of_ours() -> str:
    if path_file().is_file():
        return "hpinfer paddlex enable"
    return _first_version((DISTRIBUTION,))


def _first_version(names: tuple[str, ...]) -> str:
    for name in names:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            return f"{name} {importlib.metadata.version(name)}"
    return ""


def _write(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise

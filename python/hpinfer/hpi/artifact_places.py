"""Where artifacts are kept: beside the model, else in the user's cache, else for this process."""

from __future__ import annotations

import atexit
import contextlib
import json
import logging
import os
import shutil
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from hpinfer._settings import Settings
from hpinfer.errors import CacheError
from hpinfer.hpi.artifact_manifest import text_hash

if TYPE_CHECKING:
    from collections.abc import Sequence

_log = logging.getLogger("hpinfer.cache")

#: Process id to its temporary root: a forked child makes its own.
_temporary: dict[int, Path] = {}


def candidate_roots(model_dir: Path) -> tuple[Path, ...]:
    """Folders for the artifacts of a model, preferred first."""
    beside = (model_dir.absolute() / ".cache" / "hpinfer",) if model_dir.is_dir() else ()
    return (*beside, user_root())


def user_root() -> Path:
    """The root in the user's cache."""
    return Settings.from_env().cache_dir / "artifacts"


def temporary_root(tried: Sequence[Path]) -> Path:
    """A root that lasts as long as this process; the first use says so in the log.

    Args:
        tried: The roots that cannot be written, for the message.

    Raises:
        CacheError: No temporary folder can be made either.
    """
    root = existing_temporary_root()
    if root is not None:
        return root
    places = ", ".join(str(path) for path in tried)
    try:
        root = Path(tempfile.mkdtemp(prefix="hpinfer-artifacts-"))
    except OSError as error:
        raise CacheError(
            f"artifacts can be kept neither in {places} nor in a temporary folder "
            f"({error.strerror or error}): set HPINFER_CACHE_DIR to a writable folder"
        ) from error
    _temporary[os.getpid()] = root
    atexit.register(_remove_temporary, os.getpid(), root)
    _log.warning(
        "%s cannot be written: artifacts are built again by every process; "
        "set HPINFER_CACHE_DIR to a writable folder",
        places,
    )
    return root


def existing_temporary_root() -> Path | None:
    """The temporary root of this process if it has one."""
    return _temporary.get(os.getpid())


def _remove_temporary(owner: int, root: Path) -> None:
    if os.getpid() == owner:
        shutil.rmtree(root, ignore_errors=True)


def register_root(root: Path) -> None:
    """Note a root in the user's cache, so that ``hpinfer cache`` finds it.

    Nothing happens if the user's cache cannot be written: artifacts work without.
    """
    index = _index()
    entry = index / f"{text_hash(str(root))[:32]}.json"
    if entry.exists() or root == user_root():
        return
    temporary = index / f"{uuid.uuid4().hex}.tmp"
    try:
        index.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps({"root": str(root)}) + "\n", encoding="utf-8")
        temporary.replace(entry)
    except OSError as error:
        _log.debug("%s is not listed by `hpinfer cache list`: %s", root, error)
        with contextlib.suppress(OSError):
            temporary.unlink()


def known_roots() -> list[Path]:
    """Every root that exists and that hpinfer has written for this user.

    Entries of the index whose root is gone are dropped from it.
    """
    found = {user_root()}
    for entry in sorted(_index().glob("*.json")):
        root = _indexed(entry)
        if root is not None and root.is_dir():
            found.add(root)
            continue
        with contextlib.suppress(OSError):
            entry.unlink()
    return sorted(root for root in found if root.is_dir())


def _indexed(entry: Path) -> Path | None:
    try:
        return Path(json.loads(entry.read_text(encoding="utf-8"))["root"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _index() -> Path:
    return Settings.from_env().cache_dir / "artifact-roots"

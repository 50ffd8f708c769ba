"""The artifact cache: what was converted, compiled or measured once is not made again.

An artifact is named by the digest of everything it depends on (`ArtifactKey`), so a changed setting
never meets the product of an older one. It is checked by SHA-256 whenever it is handed out: a
truncated, altered or foreign one is removed and made again.

Three ways to keep something:

* `ArtifactStore.get_or_build`: files that a function writes; built once however many processes ask.
* `ArtifactStore.put_json` and `get_json`: a small record, the newest wins.
* `ArtifactStore.directory_for`: a folder that an engine fills itself (OpenVINO's ``cache_dir``);
  its files are recorded when the engine is done and checked before the engine sees them again.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from hpinfer._settings import Settings
from hpinfer.errors import CacheError, HpinferError
from hpinfer.hpi.artifact_manifest import (
    JSON,
    MANIFEST,
    ArtifactKey,
    ArtifactKind,
    FileEntry,
    Layout,
    Manifest,
    canonical_json,
    file_entries,
    list_files,
)
from hpinfer.hpi.artifact_places import (
    candidate_roots,
    existing_temporary_root,
    register_root,
    temporary_root,
)
from hpinfer.hpi.artifact_root import (
    ArtifactRoot,
    LockTimeoutError,
    inspect,
    is_full,
    mark_used,
)
from hpinfer.hpi.content_hash import content_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = ["JSON", "Artifact", "ArtifactKey", "ArtifactKind", "ArtifactStore", "content_hash"]

_log = logging.getLogger("hpinfer.cache")


@dataclass(frozen=True, slots=True)
class Artifact:
    """A complete artifact. Open its files soon: the size budget spares what was just used.

    Attributes:
        path: The folder with its files; only to be read.
        key: What it was made from.
        built: True if this call made it, False if it was there.
        seconds: How long making it took, now or then.
        manifest: Its manifest.
        temporary: True if it lasts only as long as this process, because nothing can be written
            beside the model nor in the user's cache.
    """

    path: Path
    key: ArtifactKey
    built: bool
    seconds: float
    manifest: Manifest
    temporary: bool = False


class ArtifactStore:
    """Finds and keeps artifacts in the first of its roots that can be written.

    Reading looks into every root, so what was prepared in a folder that is now read-only is used.
    Safe to use from several threads and processes.
    """

    def __init__(
        self, roots: Sequence[Path], *, model: str = "", budget: int | None = None
    ) -> None:
        """Make a store; nothing is read or written yet.

        Args:
            roots: Folders, preferred first.
            model: Name of the model for manifests and lists.
            budget: Bytes that each root may hold; None takes ``HPINFER_ARTIFACT_BUDGET``.
        """
        self._roots = tuple(ArtifactRoot(root) for root in roots)
        self._model = model
        self._budget = budget
        self._chosen: ArtifactRoot | None = None

    @classmethod
    def for_model(cls, model_dir: Path) -> ArtifactStore:
        """The store of a model: ``.cache/hpinfer`` in its folder, else the user's cache.

        Args:
            model_dir: The model's folder.

        Raises:
            ConfigError: An environment variable has a value that cannot be used.
        """
        return cls(candidate_roots(model_dir), model=model_dir.absolute().name)

    @property
    def lasts(self) -> bool:
        """Whether what is kept now outlives this process: one of the roots can be written."""
        return self._writable().path != existing_temporary_root()

    def find(self, key: ArtifactKey) -> Artifact | None:
        """The artifact of a key if there is an intact one.

        Names, lengths and SHA-256 of its files are compared with its manifest; this process
        reads a file for that once, as long as its stat does not change. A damaged artifact is
        removed, and the log says so.
        """
        for root in self._readable():
            manifest = self._usable(root, key, "files")
            if manifest is not None:
                mark_used(root.folder(key))
                return self._artifact(root, manifest, built=False)
        return None

    def get_or_build(
        self, key: ArtifactKey, build: Callable[[Path], None], *, timeout_s: float = 600.0
    ) -> Artifact:
        """The artifact of a key, built now if there is none.

        Of all processes that ask at the same time one builds, the others wait for it.

        Args:
            key: What the artifact depends on.
            build: Writes the files into the empty folder that it is given. Whatever it raises
                comes out unchanged, except that a disk that is full, or refuses a file of this
                root, becomes a `CacheError`.
            timeout_s: How long to wait for another process that builds it.

        Raises:
            CacheError: Another process did not finish in time, the disk is full, the builder wrote
                nothing usable, or not even a temporary folder can be made.
        """
        found = self.find(key)
        if found is not None:
            return found
        root = self._writable()
        with root.lock(key.digest, timeout_s=timeout_s):
            found = self._find_locked(root, key)
            if found is not None:
                return found
            manifest = self._build(root, key, build)
        self._after_write(root, key)
        return self._artifact(root, manifest, built=True)

    def put_json(self, key: ArtifactKey, value: JSON, *, timeout_s: float = 60.0) -> None:
        """Keep a record; it replaces an older one of the same key.

        Raises:
            CacheError: It cannot be written, or its lock was not free in time.
            InvalidTypeError: `value` is not a JSON value.
        """
        canonical_json(value)  # raises before anything is written
        root = self._writable()
        with root.lock(key.digest, timeout_s=timeout_s):
            self._usable(root, key, "record", locked=True)  # removes what cannot be replaced
            root.write_manifest(self._manifest(key, "record", {}, 0.0, record=value))
        self._after_write(root, key)

    def get_json(self, key: ArtifactKey) -> JSON:
        """The newest intact record of a key, None if there is none."""
        found = [
            (manifest.created, root, manifest)
            for root in self._readable()
            if (manifest := self._usable(root, key, "record")) is not None
        ]
        if not found:
            return None
        _, root, manifest = max(found, key=lambda item: item[0])
        mark_used(root.folder(key))
        return manifest.record

    @contextlib.contextmanager
    def directory_for(self, key: ArtifactKey, *, timeout_s: float = 600.0) -> Iterator[Path | None]:
        """A folder in which an engine keeps files of its own, for the time it loads a model.

        Files that are not as they were recorded when an engine last left the folder are gone
        before this one sees it: it finds what is intact, or an empty folder. While it fills an
        empty one no other process enters.

        Args:
            key: What the engine's files depend on.
            timeout_s: How long to wait for another process that fills the folder.

        Yields:
            The folder, or None if nothing lasting can be written or the disk is full: the engine
            then works without, and the log says so.

        Raises:
            CacheError: Another process did not finish in time.
        """
        root = self._writable()
        if root.path == existing_temporary_root():
            yield None
            return
        manifest = self._usable(root, key, "engine-owned")
        if manifest is not None and manifest.files:
            mark_used(root.folder(key))
            yield root.folder(key)
            self._record_changes(root, manifest)
            return
        with contextlib.ExitStack() as held:
            try:
                held.enter_context(root.lock(key.digest, timeout_s=timeout_s))
                folder = self._engine_folder(root, key)
            except LockTimeoutError:
                raise
            except CacheError as error:
                _log.warning("the engine works without a cache: %s", error)
                folder = None
            if folder is None:
                yield None
                return
            yield from self._fill(root, key, folder)
        self._after_write(root, key)

    def _find_locked(self, root: ArtifactRoot, key: ArtifactKey) -> Artifact | None:
        manifest = self._usable(root, key, "files", locked=True)
        if manifest is None:
            return None
        mark_used(root.folder(key))
        return self._artifact(root, manifest, built=False)

    def _engine_folder(self, root: ArtifactRoot, key: ArtifactKey) -> Path:
        """The folder of an engine, intact or empty; the caller holds the lock."""
        if self._usable(root, key, "engine-owned", locked=True) is None:
            root.write_manifest(self._manifest(key, "engine-owned", {}, 0.0))
        return root.folder(key)

    def _fill(self, root: ArtifactRoot, key: ArtifactKey, folder: Path) -> Iterator[Path]:
        start = time.perf_counter()
        try:
            yield folder
        except BaseException:
            root.remove(folder)  # the engine may have stopped in the middle of a file
            raise
        entries = _entries_left(folder)
        seconds = time.perf_counter() - start
        try:
            root.write_manifest(self._manifest(key, "engine-owned", entries, seconds))
        except CacheError as error:
            _log.warning("what the engine compiled is not kept: %s", error)
            root.remove(folder)

    def _record_changes(self, root: ArtifactRoot, manifest: Manifest) -> None:
        """After an engine that found its files: it may have replaced what it could not use."""
        folder = root.folder(manifest.key)
        try:
            if _entries_left(folder) == manifest.files:
                return
            with root.lock(manifest.key.digest, timeout_s=0):
                entries = _entries_left(folder)
                if entries:
                    seconds = manifest.build_seconds
                    root.write_manifest(
                        self._manifest(manifest.key, "engine-owned", entries, seconds)
                    )
        except CacheError as error:  # the next start finds the difference and clears the folder
            _log.debug("%s was not recorded: %s", folder, error)

    def _build(
        self, root: ArtifactRoot, key: ArtifactKey, build: Callable[[Path], None]
    ) -> Manifest:
        with root.work_folder(key.digest) as work:
            staged = work / "new"
            start = time.perf_counter()
            try:
                staged.mkdir()
                build(staged)
                if (staged / MANIFEST).exists():
                    raise CacheError(f"the builder of {key.kind} wrote {MANIFEST}, a reserved name")
                entries = file_entries(staged)
            except OSError as error:
                if isinstance(error, HpinferError):
                    raise
                if is_full(error) or _is_below(error, root):
                    raise root.write_error(error) from error
                raise
            if not entries:
                raise CacheError(f"the builder of {key.kind} wrote no file")
            seconds = time.perf_counter() - start
            manifest = self._manifest(key, "files", entries, seconds)
            root.install(staged, manifest)
        return manifest

    def _usable(
        self, root: ArtifactRoot, key: ArtifactKey, layout: Layout, *, locked: bool = False
    ) -> Manifest | None:
        """The manifest of an intact artifact; a damaged one is removed."""
        folder = root.folder(key)
        try:
            entry = inspect(folder)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            _log.warning("artifact %s cannot be read: %s", folder, error)
            return None
        manifest, problem = entry.manifest, entry.problem
        if manifest is not None and not problem:
            if manifest.layout == layout:
                return manifest
            problem = f"it is a {manifest.layout} artifact, expected {layout}"
        if locked:
            _log.warning("artifact %s is not usable and is removed: %s", folder, problem)
            root.remove(folder)
            return None
        try:
            with root.lock(key.digest, timeout_s=0):  # look again: it may just have been replaced
                return self._usable(root, key, layout, locked=True)
        except CacheError as error:  # somebody is making it, or it lies in a read-only folder
            _log.debug("artifact %s is not usable: %s (%s)", folder, problem, error)
            return None

    def _readable(self) -> tuple[ArtifactRoot, ...]:
        temporary = existing_temporary_root()
        return self._roots if temporary is None else (*self._roots, ArtifactRoot(temporary))

    def _writable(self) -> ArtifactRoot:
        if self._chosen is None or not self._chosen.path.is_dir():
            writable = next((root for root in self._roots if root.is_writable()), None)
            if writable is None:
                # Not remembered: a folder may become writable while this process lives.
                return ArtifactRoot(temporary_root([root.path for root in self._roots]))
            self._chosen = writable
        return self._chosen

    def _after_write(self, root: ArtifactRoot, key: ArtifactKey) -> None:
        if root.path == existing_temporary_root():
            return
        register_root(root.path)
        budget = Settings.from_env().artifact_budget if self._budget is None else self._budget
        for entry in root.evict(budget, keep=key.digest):
            _log.info("artifact %s removed: the size budget is %d bytes", entry.folder, budget)

    def _manifest(
        self,
        key: ArtifactKey,
        layout: Layout,
        files: Mapping[str, FileEntry],
        seconds: float,
        *,
        record: JSON = None,
    ) -> Manifest:
        from importlib.metadata import version

        created = datetime.now(timezone.utc).isoformat()
        return Manifest(
            key, layout, files, created, version("hpinfer"), round(seconds, 3), self._model, record
        )

    def _artifact(self, root: ArtifactRoot, manifest: Manifest, *, built: bool) -> Artifact:
        return Artifact(
            path=root.folder(manifest.key),
            key=manifest.key,
            built=built,
            seconds=manifest.build_seconds,
            manifest=manifest,
            temporary=root.path == existing_temporary_root(),
        )


def _is_below(error: OSError, root: ArtifactRoot) -> bool:
    """Whether the system refused a file of the root, not one that the builder has elsewhere."""
    return isinstance(error.filename, (str, os.PathLike)) and Path(error.filename).is_relative_to(
        root.path
    )


def _entries_left(folder: Path) -> Mapping[str, FileEntry]:
    """What an engine left in its folder; nothing if the folder went away meanwhile."""
    try:
        return file_entries(folder) if list_files(folder) else {}
    except OSError as error:
        _log.debug("%s cannot be read: %s", folder, error)
        return {}

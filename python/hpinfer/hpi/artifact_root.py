"""One folder of artifacts: layout, locks, installation, removal, eviction.

Layout below the root::

    <kind>/<digest>/manifest.json …   an artifact
    .tmp/<digest>/…                   work in progress; what a killed process left goes with the
                                      next build of that artifact or ``hpinfer cache verify --fix``
    .locks/<digest>.lock

An artifact appears by one rename when it is complete, so readers need no lock.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpinfer._locks import held
from hpinfer.errors import CacheError
from hpinfer.hpi.artifact_manifest import (
    KINDS,
    MANIFEST,
    Manifest,
    check_files,
    list_files,
    read_manifest,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hpinfer.hpi.artifact_manifest import ArtifactKey

_TMP, _LOCKS = ".tmp", ".locks"
#: Nobody evicts what was used so recently: its reader may be opening the files.
IN_USE_S = 60.0
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class LockTimeoutError(CacheError):
    """Another process holds the lock of an artifact for longer than the caller waits."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One folder that looks like an artifact.

    Attributes:
        folder: Where it is.
        size: Bytes of its files, manifest included.
        last_used: Seconds since the epoch.
        manifest: Its manifest, None if that is missing, damaged or foreign.
        problem: Why it must not be used; empty if nothing was found.
    """

    folder: Path
    size: int
    last_used: float
    manifest: Manifest | None
    problem: str = ""

    @property
    def kind(self) -> str:
        """The kind by its place."""
        return self.folder.parent.name

    @property
    def digest(self) -> str:
        """The digest by its place."""
        return self.folder.name


@dataclass(frozen=True, slots=True)
class ArtifactRoot:
    """A folder that holds artifacts.

    Attributes:
        path: The folder; it is created by the first write.
    """

    path: Path

    def folder(self, key: ArtifactKey) -> Path:
        """Where the artifact of a key is, or would be."""
        return self.path / key.kind / key.digest

    def is_writable(self) -> bool:
        """Whether files can be created here; tried, because mode bits do not tell."""
        probe = self.path / _TMP / f"probe-{uuid.uuid4().hex}"
        try:
            probe.mkdir(parents=True)
            (probe / "file").write_bytes(b"x")
        except OSError as error:
            # A full disk is another problem, with another message, than a read-only one.
            return error.errno in _FULL
        finally:
            shutil.rmtree(probe, ignore_errors=True)
        return True

    @contextlib.contextmanager
    def lock(self, digest: str, *, timeout_s: float) -> Iterator[None]:
        """Hold the inter-process lock of one artifact.

        Raises:
            LockTimeoutError: It was not free in time.
            CacheError: It cannot be made.
            CancelledError: Nobody waits for it any more.
        """
        path = self.path / _LOCKS / f"{digest}.lock"
        with contextlib.ExitStack() as stack:
            try:
                free = stack.enter_context(held(path, timeout_s=timeout_s))
            except OSError as error:
                raise self.write_error(error) from error
            if not free:
                raise LockTimeoutError(
                    f"another process has held the lock {path} for more than {timeout_s:g} s: wait "
                    "for the build of this artifact, or end that process"
                )
            yield

    @contextlib.contextmanager
    def work_folder(self, digest: str) -> Iterator[Path]:
        """Make a scratch folder on this file system; the caller holds the lock.

        What a killed process left is removed first, and the scratch folder at the end, however
        that comes.

        Raises:
            CacheError: The folder cannot be made.
        """
        leftovers = self.path / _TMP / digest
        shutil.rmtree(leftovers, ignore_errors=True)
        work = leftovers / uuid.uuid4().hex
        try:
            work.mkdir(parents=True)
        except OSError as error:
            raise self.write_error(error) from error
        try:
            yield work
        finally:
            shutil.rmtree(leftovers, ignore_errors=True)

    def install(self, staged: Path, manifest: Manifest) -> Path:
        """Write the manifest into a staged folder and put the folder in its place.

        The caller holds the lock.

        Raises:
            CacheError: It cannot be written.
        """
        folder = self.folder(manifest.key)
        try:
            (staged / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
            folder.parent.mkdir(parents=True, exist_ok=True)
            if folder.exists():  # not usable, or the caller would not be here
                folder.replace(staged.parent / "replaced")
            staged.replace(folder)
        except OSError as error:
            raise self.write_error(error) from error
        return folder

    def write_manifest(self, manifest: Manifest) -> Path:
        """Replace the manifest alone of an artifact; the caller holds the lock.

        Raises:
            CacheError: It cannot be written.
        """
        folder = self.folder(manifest.key)
        with self.work_folder(manifest.key.digest) as work:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                (work / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
                (work / MANIFEST).replace(folder / MANIFEST)
            except OSError as error:
                raise self.write_error(error) from error
        return folder

    def remove(self, folder: Path) -> bool:
        """Remove an artifact; the caller holds its lock. Whether it is gone."""
        trash = self.path / _TMP / folder.name / uuid.uuid4().hex
        try:
            trash.parent.mkdir(parents=True, exist_ok=True)
            folder.replace(trash)  # gone at once for readers, or not at all
        except OSError:
            shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(trash, ignore_errors=True)
        with contextlib.suppress(OSError):
            trash.unlink(missing_ok=True)  # a file in the place of a folder
            trash.parent.rmdir()
        return not folder.exists()

    def try_remove(self, folder: Path) -> bool:
        """Remove an artifact unless somebody holds its lock or it cannot be written."""
        try:
            with self.lock(folder.name, timeout_s=0):
                return self.remove(folder)
        except CacheError:
            return False

    def entries(self, *, fresh: bool = False, hashes: bool = False) -> Iterator[Entry]:
        """Every folder in the place of an artifact.

        Args:
            fresh: Read files again whose hash this process knows.
            hashes: Compare the files with the manifest; otherwise only the manifest is read.
        """
        for kind in _folders(self.path):
            if kind.name in (_TMP, _LOCKS):
                continue
            for folder in _folders(kind):
                with contextlib.suppress(FileNotFoundError):  # removed meanwhile
                    yield inspect(folder, fresh=fresh, hashes=hashes)

    def leftovers(self) -> Iterator[Path]:
        """Work folders of builds that ended without cleaning up."""
        for folder in _folders(self.path / _TMP):
            if not self.is_locked(folder.name):
                yield folder

    def is_locked(self, digest: str) -> bool:
        """Whether somebody is working on an artifact."""
        if not (self.path / _LOCKS / f"{digest}.lock").exists():
            return False
        try:
            with self.lock(digest, timeout_s=0):
                return False
        except CacheError:
            return True

    def evict(self, budget: int, *, keep: str) -> list[Entry]:
        """Remove what was used least recently until the artifacts fit into `budget` bytes.

        What is locked, was used within `IN_USE_S` seconds or has the digest `keep` stays.

        Returns:
            What was removed.
        """
        entries = sorted(self.entries(), key=lambda entry: entry.last_used)
        total = sum(entry.size for entry in entries)
        removed = []
        for entry in entries:
            if total <= budget:
                break
            if entry.digest != keep and self._evict_one(entry):
                total -= entry.size
                removed.append(entry)
        return removed

    def _evict_one(self, entry: Entry) -> bool:
        if entry.last_used > time.time() - IN_USE_S:
            return False
        try:
            with self.lock(entry.digest, timeout_s=0):
                # Somebody may have used or replaced it since it was listed.
                return _last_used(entry.folder) == entry.last_used and self.remove(entry.folder)
        except OSError:  # locked (a CacheError), or removed by somebody else
            return False

    def write_error(self, error: BaseException) -> CacheError:
        """The error to raise when a write below this root failed."""
        code = error.errno if isinstance(error, OSError) else None
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        if code in _FULL:
            return CacheError(
                f"no space for an artifact in {self.path} ({reason}): free some, for example with "
                "`hpinfer cache clear`"
            )
        return CacheError(
            f"the artifact folder {self.path} cannot be written ({reason}): make it writable, or "
            "set HPINFER_CACHE_DIR"
        )


def is_full(error: OSError) -> bool:
    """Whether an error says that the disk, the quota or the file size limit is exhausted."""
    return error.errno in _FULL


def inspect(folder: Path, *, fresh: bool = False, hashes: bool = True) -> Entry:
    """Look at one artifact.

    Raises:
        FileNotFoundError: There is none.
    """
    used, size = _last_used(folder), _size(folder)
    manifest = None
    try:
        if folder.parent.name not in KINDS:
            raise CacheError(f"its kind {folder.parent.name!r} is unknown")
        manifest = read_manifest(folder)
        if hashes:
            check_files(folder, manifest, fresh=fresh)
    except CacheError as reason:
        return Entry(folder, size, used, manifest, str(reason))
    return Entry(folder, size, used, manifest)


def mark_used(folder: Path) -> None:
    """Note that an artifact is used now; without effect where nothing can be written."""
    with contextlib.suppress(OSError):
        os.utime(folder / MANIFEST)


def _last_used(folder: Path) -> float:
    try:
        return (folder / MANIFEST).stat().st_mtime
    except OSError:
        return folder.stat().st_mtime


def _size(folder: Path) -> int:
    try:
        total = sum(list_files(folder).values())
        return total + (folder / MANIFEST).stat().st_size
    except OSError:
        return sum(
            path.lstat().st_size for path in folder.rglob("*") if path.exists() and path.is_file()
        )


def _folders(path: Path) -> list[Path]:
    try:
        return sorted(item for item in path.iterdir() if item.is_dir() and not item.is_symlink())
    except OSError:
        return []

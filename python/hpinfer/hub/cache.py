"""The on-disk model cache: layout, locks, atomic installation and verification.

Layout below the cache root::

    models/<name>/            ONNX files        models/<name>_paddle/   Paddle files
    models/.tmp/<dir>/        work in progress, removed by the next pull
    locks/<dir>.lock

A model directory appears by one rename when it is complete, so readers need no lock.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpinfer._locks import held
from hpinfer.errors import ChecksumError, HpinferError, ModelFormatError, ModelNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from hpinfer.hub.manifest import ModelFormat

RECORD = "hub.json"
_CHUNK = 1 << 20
_REPLACED = "replaced"


@dataclass(frozen=True, slots=True)
class FileRecord:
    """Digest and length of a cached file."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class CacheRecord:
    """The content of ``hub.json``: where a cached model came from and what it consists of.

    Attributes:
        name: Model name.
        source: The source that delivered it, e.g. ``wheel rapidocr==3.10.0``.
        recipe: Digest of the manifest entry it was made from; empty without one.
        files: File name to digest and length.
    """

    name: str
    source: str
    recipe: str
    files: Mapping[str, FileRecord]

    def write(self, directory: Path) -> None:
        """Write ``hub.json`` into a directory that is not yet visible to others."""
        document = {
            "schema": 1,
            "name": self.name,
            "source": self.source,
            "recipe": self.recipe,
            "files": {
                file: {"sha256": record.sha256, "size": record.size}
                for file, record in self.files.items()
            },
        }
        text = json.dumps(document, indent=1) + "\n"
        (directory / RECORD).write_text(text, encoding="utf-8")

    @classmethod
    def read(cls, directory: Path) -> CacheRecord:
        """Read ``hub.json``.

        Raises:
            ModelFormatError: It is missing or damaged.
        """
        path = directory / RECORD
        try:
            document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            files = {
                _plain_name(file): FileRecord(str(item["sha256"]), int(item["size"]))
                for file, item in document["files"].items()
            }
            texts = (document[key] for key in ("name", "source", "recipe"))
            name, source, recipe = (_text(text) for text in texts)
            return cls(name, source, recipe, files)
        except (
            *(OSError, ValueError, KeyError, TypeError, AttributeError),
            *(OverflowError, RecursionError),
        ) as error:
            raise ModelFormatError(
                f"{path} is missing or damaged ({type(error).__name__}): "
                f"run `hpinfer models pull --force {directory.name.removesuffix('_paddle')}`"
            ) from None


@dataclass(frozen=True, slots=True)
class ModelCache:
    """The model cache below one root directory.

    Attributes:
        root: The cache root; it is created by the first pull.
    """

    root: Path

    def directory(self, name: str, model_format: ModelFormat) -> Path:
        """Return where the files of a model in a format are, or would be."""
        return self.root / "models" / (name if model_format == "onnx" else f"{name}_paddle")

    @contextlib.contextmanager
    def lock(self, directory: Path, *, timeout_s: float) -> Iterator[None]:
        """Hold the inter-process lock of one model directory.

        Raises:
            ModelNotFoundError: The cache cannot be written, or the lock was not free in time.
        """
        path = self.root / "locks" / f"{directory.name}.lock"
        with contextlib.ExitStack() as stack:
            try:
                free = stack.enter_context(held(path, timeout_s=timeout_s))
            except OSError as error:
                raise self.write_error(error) from error
            if not free:
                raise ModelNotFoundError(
                    f"another process has been fetching {directory.name} for more than "
                    f"{timeout_s:g} s: wait for it, or end it and remove {path}"
                )
            yield

    @contextlib.contextmanager
    def work_directory(self, directory: Path) -> Iterator[Path]:
        """Make a scratch directory on the cache's file system; the caller holds the lock.

        What a killed process left behind is removed first, and the scratch directory itself at
        the end, however that comes.

        Raises:
            ModelNotFoundError: The cache cannot be written: the disk is full or read-only, say.
        """
        leftovers = self._leftovers(directory)
        self._put_back(directory)
        shutil.rmtree(leftovers, ignore_errors=True)
        work = leftovers / uuid.uuid4().hex
        try:
            work.mkdir(parents=True)
        except OSError as error:
            raise self.write_error(error) from error
        try:
            yield work
        except OSError as error:
            if isinstance(error, HpinferError):
                raise
            raise self.write_error(error) from error
        finally:
            shutil.rmtree(leftovers, ignore_errors=True)

    def recover(self, directory: Path) -> None:
        """Put back a model whose replacement was killed between two renames.

        Nothing happens where there is none, or where the cache cannot be written now.
        """
        if directory.exists() or not self._leftovers(directory).is_dir():
            return
        with contextlib.suppress(ModelNotFoundError, OSError), self.lock(directory, timeout_s=0):
            self._put_back(directory)

    def _leftovers(self, directory: Path) -> Path:
        return self.root / "models" / ".tmp" / directory.name

    def _put_back(self, directory: Path) -> None:
        """The caller holds the lock."""
        for replaced in self._leftovers(directory).glob(f"*/{_REPLACED}"):
            if not directory.exists():
                with contextlib.suppress(OSError):
                    replaced.replace(directory)

    def install(self, staged: Path, directory: Path, *, work: Path) -> None:
        """Put a complete staged directory in its place, replacing an older one.

        The caller holds the lock. If the last rename fails the older directory is put back.
        """
        replaced = work / _REPLACED
        had_old = directory.exists()
        if had_old:
            directory.replace(replaced)
        try:
            staged.replace(directory)
        except BaseException:
            if had_old:
                replaced.replace(directory)
            raise

    def write_error(self, error: BaseException) -> ModelNotFoundError:
        """The error to raise when a write below the root failed."""
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        return ModelNotFoundError(
            f"the model cache {self.root} cannot be written ({reason}): "
            "free some space or set HPINFER_CACHE_DIR to a writable directory"
        )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(type(value).__name__)
    return value


def _plain_name(name: str) -> str:
    """A name that stays in its directory; ValueError for another."""
    if name in ("", ".", "..") or "/" in name or "\0" in name:
        raise ValueError(name)
    return name


def hash_file(path: Path) -> FileRecord:
    """Return digest and length of a file."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return FileRecord(digest.hexdigest(), size)


def check_sizes(directory: Path, record: CacheRecord) -> None:
    """Compare the files' lengths with the record: a cheap guard against damage at every load.

    Raises:
        ChecksumError: A file is missing or has another length.
    """
    for file, expected in record.files.items():
        try:
            size = (directory / file).stat().st_size
        except OSError:
            raise ChecksumError(
                f"{directory / file} is missing: run `hpinfer models pull --force {record.name}`"
            ) from None
        if size != expected.size:
            raise ChecksumError(
                f"{directory / file} has {size} bytes, expected {expected.size}: "
                f"run `hpinfer models pull --force {record.name}`"
            )


def check_hashes(directory: Path, record: CacheRecord, pinned: Mapping[str, str]) -> dict[str, str]:
    """Compare the files' SHA-256 with the record, and with the manifest where it pins them.

    Args:
        directory: The model directory.
        record: Its ``hub.json``.
        pinned: File name to digest of the manifest; empty for sources without pins.

    Returns:
        File name to verified digest.

    Raises:
        ChecksumError: A file is missing or has another digest.
    """
    check_sizes(directory, record)
    verified: dict[str, str] = {}
    for file, expected in record.files.items():
        actual = hash_file(directory / file).sha256
        wanted = pinned.get(file, expected.sha256)
        if actual != wanted:
            raise checksum_error(str(directory / file), wanted, actual, record.name)
        verified[file] = actual
    return verified


def checksum_error(file: str, expected: str, actual: str, name: str) -> ChecksumError:
    """Return the error for a file whose SHA-256 is wrong."""
    return ChecksumError(
        f"{file} has SHA-256 {actual}, expected {expected}: "
        f"run `hpinfer models pull --force {name}`"
    )

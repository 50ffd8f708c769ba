"""SHA-256 of file contents, remembered for this process as long as a file's stat says unchanged."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, TypeAlias

from hpinfer.errors import ModelNotFoundError

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from pathlib import Path

_Signature: TypeAlias = tuple[str, int, int, int, int, int]

_CHUNK = 1 << 20
#: File systems stamp changes in steps of up to 2 s: a younger file can change and keep its stamps.
_SETTLED_NS = 2_000_000_000
_LIMIT = 4096

_known: dict[_Signature, str] = {}


def content_hash(files: Sequence[Path]) -> str:
    """Hash the contents of files in their order; their names and places do not count.

    Args:
        files: The files, e.g. the program and the weights of a model.

    Returns:
        64 hexadecimal digits: SHA-256 over the SHA-256 of each file, so that no content can be
        shifted from one file to the next unnoticed.

    Raises:
        ModelNotFoundError: A file does not exist or cannot be read.
    """
    total = hashlib.sha256()
    for file in files:
        try:
            total.update(bytes.fromhex(file_hash(file)))
        except OSError as error:
            raise ModelNotFoundError(
                f"{file} cannot be read ({error.strerror or error}): check the model directory"
            ) from error
    return total.hexdigest()


def file_hash(file: Path, *, fresh: bool = False) -> str:
    """Hash one file.

    The result is remembered by path, device, inode, length and the times of the last change of
    content and of status. The last of them cannot be set back, so a file that was overwritten in
    place with the same length and modification time is read again.

    Args:
        file: The file.
        fresh: Read the file even if its hash is known.

    Returns:
        Its SHA-256 as 64 hexadecimal digits.

    Raises:
        OSError: It cannot be read.
    """
    before = file.stat()
    signature = _signature(file, before)
    if not fresh and signature in _known:
        return _known[signature]
    digest = _read(file)
    settled = max(before.st_ctime_ns, before.st_mtime_ns) + _SETTLED_NS < time.time_ns()
    if settled and _signature(file, file.stat()) == signature:
        if len(_known) >= _LIMIT:
            _known.clear()
        _known[signature] = digest
    return digest


def _signature(file: Path, stat: os.stat_result) -> _Signature:
    stamps = (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
    return (str(file.absolute()), *stamps)


def _read(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()

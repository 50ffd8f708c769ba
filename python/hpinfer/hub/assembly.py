"""Making a model directory out of delivered files: copy, hash, inference.yml, record."""

from __future__ import annotations

import copy
import hashlib
from typing import TYPE_CHECKING, Any, BinaryIO

from hpinfer.hub.cache import CacheRecord, FileRecord, checksum_error, hash_file
from hpinfer.hub.model_files import INFERENCE_YML, KNOWN_FILES, ONNX, dump_config
from hpinfer.hub.progress import Progress
from hpinfer.hub.sources import SourceError
from hpinfer.hub.wheels import DAMAGE
from hpinfer.networks import read_onnx_metadata

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from hpinfer.hub.manifest import Artifact, FileEntry, FillRule, ModelEntry
    from hpinfer.hub.progress import ProgressCallback

_CHUNK = 1 << 20


def assemble(
    entry: ModelEntry,
    artifact: Artifact,
    staged: Path,
    *,
    opener: Callable[[FileEntry], BinaryIO],
    source: str,
    progress: ProgressCallback | None = None,
) -> None:
    """Fill an empty directory with a known model.

    Args:
        entry: The model.
        artifact: The format wanted.
        staged: The directory to fill, not yet visible to others.
        opener: Gives the bytes of a file.
        source: Who delivers, in words, for the record.
        progress: Called as bytes are written.

    Raises:
        ChecksumError: A delivered file has another SHA-256 than the manifest says.
        SourceError: The source cannot deliver a file.
    """
    written = 0
    for file in artifact.files:
        with opener(file) as stream:
            for size in _copy_checked(stream, staged, file, entry.name, source):
                written += size
                if progress is not None:
                    step = Progress(entry.name, "unpack", file.name, written, artifact.size)
                    progress(step)
    config = inference_config(entry, artifact, staged)
    (staged / INFERENCE_YML).write_text(dump_config(config), encoding="utf-8")
    files = {file.name: FileRecord(file.sha256, file.size) for file in artifact.files}
    files[INFERENCE_YML] = hash_file(staged / INFERENCE_YML)
    CacheRecord(entry.name, source, entry.recipe(artifact), files).write(staged)


def record_delivered(staged: Path, *, name: str, source: str) -> None:
    """Write the record of a directory that a source delivered whole, with the hashes found."""
    present = [file for file in KNOWN_FILES if (staged / file).is_file()]
    files = {file: hash_file(staged / file) for file in present}
    CacheRecord(name, source, "", files).write(staged)


def inference_config(entry: ModelEntry, artifact: Artifact, directory: Path) -> dict[str, Any]:
    """Return the content of inference.yml, with the values that its files supply filled in."""
    config: dict[str, Any] = {"Global": {"model_name": entry.name}}
    config.update(copy.deepcopy(dict(entry.inference)))
    for rule in artifact.fill:
        section = config
        *parents, last = rule.key.split(".")
        for parent in parents:
            section = section[parent]
        section[last] = _fill_lines(rule, directory)
    return config


def _fill_lines(rule: FillRule, directory: Path) -> list[str]:
    if rule.kind == "text":
        text = (directory / rule.origin).read_text(encoding="utf-8")
    else:
        metadata = read_onnx_metadata(directory / ONNX)
        if rule.origin not in metadata:
            raise SourceError(f"{ONNX} has no metadata entry {rule.origin!r}")
        text = metadata[rule.origin]
    # Not splitlines(): dictionaries hold characters that Python counts as line ends.
    return text.removesuffix("\n").split("\n")


def _copy_checked(
    stream: BinaryIO, staged: Path, file: FileEntry, model: str, source: str
) -> Iterator[int]:
    """Write a file and yield the length of each chunk; the end of iteration is the verdict."""
    digest, written = hashlib.sha256(), 0
    with (staged / file.name).open("xb") as target:
        # One byte more than expected is enough to know that the file is another one.
        while chunk := _unpack(stream, min(_CHUNK, file.size + 1 - written), file):
            target.write(chunk)
            digest.update(chunk)
            written += len(chunk)
            yield len(chunk)
    if digest.hexdigest() != file.sha256:
        where = f"{file.name} from {source}"
        raise checksum_error(where, file.sha256, digest.hexdigest(), model)


def _unpack(stream: BinaryIO, size: int, file: FileEntry) -> bytes:
    try:
        return stream.read(size)
    except DAMAGE as error:
        raise SourceError(f"{file.member} cannot be unpacked: {error}") from None

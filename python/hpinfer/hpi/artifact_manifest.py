"""What identifies an artifact, and the manifest beside it that says what it is.

The manifest of an artifact is complete before the artifact becomes visible. Its name is the digest
of its key, which the manifest repeats field by field: a folder whose manifest does not lead back to
its own name is foreign and is never used.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from hpinfer.errors import CacheError, InvalidInputError, InvalidTypeError
from hpinfer.hpi.content_hash import file_hash

JSON: TypeAlias = "bool | int | float | str | Sequence[JSON] | Mapping[str, JSON] | None"
ArtifactKind: TypeAlias = Literal[
    "onnx", "onnxruntime-graph", "openvino-blob", "tensorrt-engine", "tensorrt-timing", "tuning"
]
#: ``files``: written by a builder, then fixed. ``record``: one JSON value inside the manifest.
#: ``engine-owned``: a folder in which an engine keeps files as it likes.
Layout: TypeAlias = Literal["files", "record", "engine-owned"]

KINDS: tuple[ArtifactKind, ...] = get_args(ArtifactKind)
MANIFEST = "manifest.json"
#: Part of every digest: raise it when the meaning of keys or the layout of folders changes.
SCHEMA = 1


@dataclass(frozen=True, slots=True, eq=False)
class ArtifactKey:
    """Everything that an artifact depends on.

    Two keys are equal if their digests are. The fields are copied, so later changes of the mapping
    given do not reach the key.

    Attributes:
        kind: What the artifact is.
        fields: Names and JSON values: model hash, engine, versions, device, precision, options …

    Raises:
        InvalidInputError: Unknown kind, or a number that JSON does not have.
        InvalidTypeError: A field is not a JSON value.
    """

    kind: ArtifactKind
    fields: Mapping[str, JSON]

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InvalidInputError(f"kind must be one of {', '.join(KINDS)}; got {self.kind!r}")
        copied = _plain(self.fields, "fields")
        if not isinstance(copied, dict):
            raise InvalidTypeError(f"fields must be a mapping; got {type(self.fields).__name__}")
        object.__setattr__(self, "fields", copied)

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON of schema, kind and fields, 64 hexadecimal digits."""
        return text_hash(
            canonical_json({"schema": SCHEMA, "kind": self.kind, "fields": self.fields})
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ArtifactKey) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)


@dataclass(frozen=True, slots=True)
class FileEntry:
    """Length in bytes and SHA-256 of one file of an artifact."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The content of ``manifest.json``.

    Attributes:
        key: What the artifact was made from.
        layout: Who writes the folder.
        files: Relative path, with ``/``, to length and SHA-256.
        created: Time of creation, ISO 8601 in UTC.
        hpinfer: Version of hpinfer that made it.
        build_seconds: How long that took.
        model: Name of the model's folder, for people; empty if unknown.
        record: The value of a ``record``.
    """

    key: ArtifactKey
    layout: Layout
    files: Mapping[str, FileEntry]
    created: str
    hpinfer: str
    build_seconds: float
    model: str = ""
    record: JSON = field(default=None)

    def to_json(self) -> str:
        """The text of the file."""
        document: dict[str, object] = {
            "schema": SCHEMA,
            "kind": self.key.kind,
            "digest": self.key.digest,
            "layout": self.layout,
            "model": self.model,
            "created": self.created,
            "hpinfer": self.hpinfer,
            "build_seconds": self.build_seconds,
            "fields": self.key.fields,
            "files": {
                name: {"size": entry.size, "sha256": entry.sha256}
                for name, entry in sorted(self.files.items())
            },
        }
        if self.layout == "record":
            document["record"] = self.record
            document["record_sha256"] = text_hash(canonical_json(self.record))
        return json.dumps(document, indent=1, allow_nan=False) + "\n"


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of an artifact's folder and check that the folder bears its digest.

    Raises:
        CacheError: It is missing, damaged, of another schema or of another artifact; the message
            is the reason alone.
    """
    document = _document(folder)
    if document.get("schema") != SCHEMA:
        raise CacheError(f"its schema is {document.get('schema')!r}, expected {SCHEMA}")
    try:
        manifest = _parse(document)
        record_hash = document.get("record_sha256")
    except (
        *(KeyError, TypeError, ValueError, AttributeError),
        *(OverflowError, RecursionError),
    ) as error:
        raise CacheError(f"{MANIFEST} is damaged ({type(error).__name__})") from None
    digest = manifest.key.digest
    if digest != folder.name or digest != document.get("digest"):
        raise CacheError(f"{MANIFEST} describes another artifact, {digest[:12]}")
    if manifest.key.kind != folder.parent.name:
        raise CacheError(f"{MANIFEST} describes kind {manifest.key.kind}")
    if manifest.layout == "record" and text_hash(canonical_json(manifest.record)) != record_hash:
        raise CacheError("its record is altered")
    return manifest


def _document(folder: Path) -> dict[str, Any]:
    try:
        document = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CacheError(f"it has no {MANIFEST}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise CacheError(f"{MANIFEST} cannot be read ({type(error).__name__})") from None
    if not isinstance(document, dict):
        raise CacheError(f"{MANIFEST} is damaged (not an object)")
    return document


def _parse(document: dict[str, Any]) -> Manifest:
    layout = document["layout"]
    if layout not in get_args(Layout):
        raise ValueError(layout)
    return Manifest(
        key=ArtifactKey(document["kind"], document["fields"]),
        layout=layout,
        files={
            str(name): FileEntry(int(entry["size"]), str(entry["sha256"]))
            for name, entry in document["files"].items()
        },
        created=str(document["created"]),
        hpinfer=str(document["hpinfer"]),
        build_seconds=float(document["build_seconds"]),
        model=str(document["model"]),
        record=document.get("record"),
    )


def list_files(folder: Path) -> dict[str, int]:
    """Relative path and length of every file below an artifact's folder, without the manifest.

    Raises:
        CacheError: There is something that is neither a file nor a folder.
        OSError: The folder cannot be read.
    """
    found: dict[str, int] = {}
    for place, folders, files in os.walk(folder, onerror=_raise):
        for name in (*folders, *files):
            path = Path(place, name)
            status = path.lstat()
            relative = path.relative_to(folder).as_posix()
            if stat.S_ISREG(status.st_mode):
                if relative != MANIFEST:
                    found[relative] = status.st_size
            elif not stat.S_ISDIR(status.st_mode):
                raise CacheError(f"{relative} is not a regular file")
    return found


def file_entries(folder: Path) -> dict[str, FileEntry]:
    """Lengths and hashes of what `list_files` finds.

    Raises:
        CacheError: There is something that is neither a file nor a folder.
        OSError: A file cannot be read.
    """
    return {
        name: FileEntry(size, file_hash(folder / name)) for name, size in list_files(folder).items()
    }


def check_files(folder: Path, manifest: Manifest, *, fresh: bool = False) -> None:
    """Compare the files of an artifact with its manifest: names, lengths, SHA-256.

    Args:
        folder: The artifact's folder.
        manifest: Its manifest.
        fresh: Read every file, whatever this process remembers of it.

    Raises:
        CacheError: Something is missing, extra or altered; the message is the reason alone.
    """
    try:
        present = list_files(folder)
        for name, entry in manifest.files.items():
            if name not in present:
                raise CacheError(f"{name} is missing")
            if present[name] != entry.size:
                raise CacheError(f"{name} has {present[name]} bytes, expected {entry.size}")
        extra = sorted(set(present) - set(manifest.files))
        if extra:
            raise CacheError(f"{extra[0]} does not belong to it")
        for name, entry in manifest.files.items():
            if file_hash(folder / name, fresh=fresh) != entry.sha256:
                raise CacheError(f"the content of {name} is altered")
    except CacheError:
        raise
    except OSError as error:
        raise CacheError(f"it cannot be read ({error.strerror or error})") from None


def canonical_json(value: JSON) -> str:
    """The one JSON text of a value: sorted keys, no spaces, ASCII."""
    plain = _plain(value, "value")
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), allow_nan=False)


def text_hash(text: str) -> str:
    """SHA-256 of a text as UTF-8, 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object, where: str) -> JSON:
    """A copy of dicts, lists and scalars; refuses what JSON would silently turn into another."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise InvalidInputError(f"{where} must be a finite number; got {value}")
        return value
    if isinstance(value, Mapping):
        for name in value:
            if not isinstance(name, str):
                raise InvalidTypeError(f"names in {where} must be str; got {name!r}")
        return {name: _plain(item, f"{where}.{name}") for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, f"{where}[{index}]") for index, item in enumerate(value)]
    raise InvalidTypeError(f"{where} must be a JSON value; got {type(value).__name__}")


def _raise(error: OSError) -> None:
    raise error

"""The ``metadata_props`` of an ONNX file, read without the onnx package or an engine.

An ONNX file is one protobuf message, ModelProto. Of its fields only number 14 (metadata_props,
repeated StringStringEntryProto: key = 1, value = 2) is read; the graph is skipped by a seek, so
the cost does not depend on the size of the model. Wire format: the protobuf encoding guide.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from hpinfer.errors import ModelFormatError, ModelNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator

_METADATA_PROPS = 14
_VARINT, _FIXED64, _LENGTH_DELIMITED, _FIXED32 = 0, 1, 2, 5
_MAX_VARINT_BYTES = 10
_MAX_ENTRY_BYTES = 64 * 1024 * 1024


class _Malformed(Exception):
    """The bytes are not a protobuf message."""


def read_onnx_metadata(path: str | os.PathLike[str]) -> dict[str, str]:
    """Read the metadata entries of an ONNX file.

    Args:
        path: The ``.onnx`` file.

    Returns:
        Metadata key to value, in file order; the last of equal keys wins.

    Raises:
        ModelNotFoundError: The file does not exist.
        ModelFormatError: The file cannot be read or is not an ONNX model.
    """
    file = Path(path)
    try:
        size = file.stat().st_size
        with file.open("rb") as stream:
            entries = dict(_entry(blob) for blob in _fields(stream, size, _METADATA_PROPS))
    except FileNotFoundError:
        raise ModelNotFoundError(f"model file {file} does not exist") from None
    except OSError as error:
        raise ModelFormatError(f"model file {file} cannot be read: {error.strerror}") from error
    except (_Malformed, UnicodeDecodeError) as error:
        raise ModelFormatError(
            f"{file} is not an ONNX model ({error}): the file is corrupted or of another kind"
        ) from None
    return entries


def _fields(stream: BinaryIO, end: int, wanted: int) -> Iterator[bytes]:
    """Yield the payload of every length-delimited field `wanted` up to offset `end`."""
    if end == 0:
        raise _Malformed("the file is empty")
    while stream.tell() < end:
        tag = _varint(stream)
        number, wire = tag >> 3, tag & 7
        if number == 0:
            raise _Malformed(f"bad field tag at byte {stream.tell()}")
        if wire != _LENGTH_DELIMITED:
            _skip_scalar(stream, wire, end)
            continue
        length = _varint(stream)
        if stream.tell() + length > end:
            raise _Malformed(f"field {number} runs past the end of the file")
        if number != wanted:
            stream.seek(length, os.SEEK_CUR)
        elif length > _MAX_ENTRY_BYTES:
            raise _Malformed(f"a metadata entry of {length} bytes")
        else:
            yield stream.read(length)


def _skip_scalar(stream: BinaryIO, wire: int, end: int) -> None:
    if wire == _VARINT:
        _varint(stream)
    elif wire in (_FIXED64, _FIXED32):
        stream.seek(8 if wire == _FIXED64 else 4, os.SEEK_CUR)
    else:
        raise _Malformed(f"wire type {wire} at byte {stream.tell()}")
    if stream.tell() > end:
        raise _Malformed("a field runs past the end of the file")


def _varint(stream: BinaryIO) -> int:
    value = 0
    for index in range(_MAX_VARINT_BYTES):
        byte = stream.read(1)
        if not byte:
            raise _Malformed("the file ends inside a field")
        value |= (byte[0] & 0x7F) << (7 * index)
        if byte[0] < 0x80:
            return value
    raise _Malformed(f"a number of more than {_MAX_VARINT_BYTES} bytes")


def _entry(blob: bytes) -> tuple[str, str]:
    from io import BytesIO

    def last(wanted: int) -> str:
        found = list(_fields(BytesIO(blob), len(blob), wanted)) if blob else []
        return found[-1].decode("utf-8") if found else ""

    return last(1), last(2)

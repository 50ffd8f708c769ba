"""Operator types of a network file, read without its framework.

Some engines are known not to run certain operators, so it is enough to know which ones occur. ONNX
and ``.pdmodel`` are protobuf messages: only the fields on the way to the operators' types are
visited and everything else (weights above all) is skipped. PIR is JSON whose operators are
``"#": "1.name"``; a search is enough there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import mmap
    from collections.abc import Iterator
    from pathlib import Path

    from hpinfer.hpi.candidates import NetworkFormat

#: Field number to what lies there: the operator's type, or the fields of the message inside.
_Fields: TypeAlias = "dict[int, _Fields | None]"

#: ModelProto.graph.node.op_type, and the same in the graphs that control flow carries
#: (NodeProto.attribute.g), one level deep.
_ONNX_NODE: _Fields = {4: None, 5: {6: {1: {4: None}}}}
_ONNX: _Fields = {7: {1: _ONNX_NODE}}
#: ProgramDesc.blocks.ops.type.
_PDMODEL: _Fields = {1: {4: {3: None}}}

_PIR_OPERATOR = re.compile(rb'"#"\s*:\s*"[^".]+\.([A-Za-z0-9_]+)"')
_VARINT, _FIXED64, _LENGTH_DELIMITED, _FIXED32 = 0, 1, 2, 5


class _Malformed(Exception):
    """The bytes are not the expected message."""


def operator_types(path: Path, model_format: NetworkFormat) -> frozenset[str]:
    """Types of the operators in a network file.

    A file that cannot be read gives the empty set: loading it will say what is wrong with it.

    Args:
        path: The ``.onnx``, ``.pdmodel`` or PIR ``.json`` file.
        model_format: Which of them it is.
    """
    try:
        if model_format == "pir":
            return frozenset(name.decode() for name in _PIR_OPERATOR.findall(path.read_bytes()))
        return _protobuf_operators(path, _ONNX if model_format == "onnx" else _PDMODEL)
    except (OSError, ValueError, _Malformed):
        return frozenset()


def _protobuf_operators(path: Path, fields: _Fields) -> frozenset[str]:
    import mmap

    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return frozenset(_texts(data, 0, len(data), fields))


def _texts(data: mmap.mmap, start: int, end: int, fields: _Fields) -> Iterator[str]:
    for number, begin, stop in _messages(data, start, end):
        if number not in fields:
            continue
        inner = fields[number]
        if inner is None:
            yield data[begin:stop].decode("utf-8", errors="replace")
        else:
            yield from _texts(data, begin, stop, inner)


def _messages(data: mmap.mmap, position: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Number, start and end of each length-delimited field."""
    while position < end:
        tag, position = _varint(data, position, end)
        wire = tag & 7
        if wire == _VARINT:
            _, position = _varint(data, position, end)
        elif wire in (_FIXED64, _FIXED32):
            position += 8 if wire == _FIXED64 else 4
        elif wire == _LENGTH_DELIMITED:
            length, position = _varint(data, position, end)
            if position + length > end:
                raise _Malformed
            yield tag >> 3, position, position + length
            position += length
        else:
            raise _Malformed


def _varint(data: mmap.mmap, position: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while position < end and shift < 70:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
    raise _Malformed

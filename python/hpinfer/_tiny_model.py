"""An ONNX model of one addition, written byte by byte: the doctor's self-test needs no file.

The format is protobuf: each field is a key (field number * 8 + wire type) and a value, wire type 0
a variable-length integer and 2 a length with that many bytes. Field numbers are those of the
published ``onnx.proto``.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_FLOAT = 1  # TensorProto.DataType.FLOAT
_IR_VERSION = 8
_OPSET = 13


def tiny_add_model(addend: Sequence[float]) -> bytes:
    """An ONNX file with ``y = x + addend``; x, y and addend are float32 of the same length.

    Args:
        addend: The constant.

    Returns:
        The serialised model.
    """
    length = len(addend)
    node = _text(1, "x") + _text(1, "addend") + _text(2, "y") + _text(4, "Add")
    values = struct.pack(f"<{length}f", *addend)
    constant = _integer(1, length) + _integer(2, _FLOAT) + _text(8, "addend") + _bytes(9, values)
    graph = (
        _bytes(1, node)
        + _text(2, "tiny_add")
        + _bytes(5, constant)
        + _bytes(11, _value_info("x", length))
        + _bytes(12, _value_info("y", length))
    )
    opset = _text(1, "") + _integer(2, _OPSET)
    return _integer(1, _IR_VERSION) + _bytes(7, graph) + _bytes(8, opset)


def _value_info(name: str, length: int) -> bytes:
    shape = _bytes(1, _integer(1, length))  # TensorShapeProto.dim, Dimension.dim_value
    tensor = _integer(1, _FLOAT) + _bytes(2, shape)
    return _text(1, name) + _bytes(2, _bytes(1, tensor))  # ValueInfoProto.type, TypeProto.tensor


def _integer(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _text(field: int, value: str) -> bytes:
    return _bytes(field, value.encode("utf-8"))


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)

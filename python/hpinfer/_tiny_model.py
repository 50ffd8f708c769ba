"""Models of one addition, written byte by byte: the doctor's self-test needs no file.

ONNX is protobuf; field numbers are those of the published ``onnx.proto``. PIR, the format of
PaddlePaddle 3, is JSON.
"""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

from hpinfer.networks.protobuf import encode_bytes, encode_integer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_FLOAT = 1  # TensorProto.DataType.FLOAT
_IR_VERSION = 8
_OPSET = 13
_PIR_VERSION = 1  # every PaddlePaddle 3.x reads it


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
    constant = (
        encode_integer(1, length)
        + encode_integer(2, _FLOAT)
        + _text(8, "addend")
        + encode_bytes(9, values)
    )
    graph = (
        encode_bytes(1, node)
        + _text(2, "tiny_add")
        + encode_bytes(5, constant)
        + encode_bytes(11, _value_info("x", length))
        + encode_bytes(12, _value_info("y", length))
    )
    opset = _text(1, "") + encode_integer(2, _OPSET)
    return encode_integer(1, _IR_VERSION) + encode_bytes(7, graph) + encode_bytes(8, opset)


def tiny_add_program(addend: Sequence[float]) -> bytes:
    """A PIR program without parameters that computes the same.

    Args:
        addend: The constant.

    Returns:
        The text of its ``.json`` file.
    """
    length = len(addend)
    dtype, place = _pir("dtype", "1.a_dtype", "float32"), _pir("place", "1.a_place", [0, 0, ""])
    size = _pir("shape", "1.a_intarray", [length])
    values = _pir("values", "0.a_array", [{"#": "0.a_f64", "D": float(item)} for item in addend])
    sizes = _pir("shape", "0.a_array", [{"#": "0.a_i32", "D": length}])
    zero, x = _pir("value", "0.a_f64", 0.0), _pir("name", "0.a_str", "x")
    result = (_pir("name", "0.a_str", "y"), _pir("col", "0.a_i32", 0))
    operators = [
        _pir_operator("1.data", (), 1, length, (x, size, dtype, place)),
        _pir_operator("1.full", (), 2, length, (size, zero, dtype, place)),
        _pir_operator("1.assign_value_", (2,), 3, length, (sizes, dtype, values, place)),
        _pir_operator("1.add", (1, 3), 4, length),
        _pir_operator("1.fetch", (4,), 5, length, result),
    ]
    block = {"#": "block_0", "args": [], "ops": operators}
    head = {"magic": "pir", "trainable": False, "version": _PIR_VERSION}
    program = {"regions": [{"#": "region_0", "blocks": [block]}]}
    return json.dumps({"base_code": head, "program": program}).encode()


def _pir(name: str, kind: str, value: object) -> dict[str, Any]:
    return {"N": name, "AT": {"#": kind, "D": value}}


def _pir_operator(
    kind: str, inputs: Iterable[int], output: int, length: int, attributes: Iterable[Any] = ()
) -> dict[str, Any]:
    tensor = {"#": "0.t_dtensor", "D": [{"#": "0.t_f32"}, [length], "NCHW", [], 0]}
    return {
        "#": kind,
        "A": list(attributes),
        "I": [{"%": number} for number in inputs],
        "O": [{"%": output, "TT": tensor}],
        "OA": [_pir("stop_gradient", "0.a_array", [{"#": "0.a_bool", "D": True}])],
    }


def _value_info(name: str, length: int) -> bytes:
    shape = encode_bytes(1, encode_integer(1, length))  # TensorShapeProto.dim, Dimension.dim_value
    tensor = encode_integer(1, _FLOAT) + encode_bytes(2, shape)
    return _text(1, name) + encode_bytes(
        2, encode_bytes(1, tensor)
    )  # ValueInfoProto.type, TypeProto.tensor


def _text(field: int, value: str) -> bytes:
    return encode_bytes(field, value.encode())

"""Edits ONNX files as bytes: the repair of what the converter writes, and notes in the metadata.

Field numbers of what is added, from onnx.proto: GraphProto.initializer 5; NodeProto.input 1,
attribute 5; AttributeProto.name 1, ints 8, type 20; TensorProto.dims 1, data_type 2, name 8,
raw_data 9; StringStringEntryProto.key 1, value 2. Everything that is not edited is copied as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpinfer.networks.onnx import GRAPH, METADATA, NODE, Node, opset_version, parse_node
from hpinfer.networks.protobuf import encode_bytes, encode_integer, fields, int64_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

_INITIALIZER = 5
_INT64_TENSOR, _INTS_ATTRIBUTE = 7, 7
#: From this opset on Squeeze takes its axes as an input.
_AXES_AS_INPUT = 13
_AXES_NAME = "hpinfer.squeeze_axes"


def fix_nms_squeeze(model: bytes) -> tuple[bytes, int]:
    """Give every ``Squeeze`` of a column of ``NonMaxSuppression``'s rows its axis.

    Without axes the column becomes a scalar when there is exactly one box, and OpenVINO refuses
    the model because the rank depends on the data.

    Args:
        model: An ONNX model.

    Returns:
        The model, and how many nodes were changed.

    Raises:
        ModelFormatError: The bytes are not an ONNX model.
    """
    view = memoryview(model)
    axes_as_input = opset_version(view) >= _AXES_AS_INPUT
    parts: list[bytes | memoryview] = []
    changed = 0
    for field in fields(view):
        if field.number == GRAPH:
            graph, changed = _fix_graph(field.payload, axes_as_input=axes_as_input)
            parts.append(encode_bytes(GRAPH, graph))
        else:
            parts.append(field.raw)
    return (b"".join(parts) if changed else model), changed


def with_metadata(model: bytes, entries: Mapping[str, str]) -> bytes:
    """Append metadata entries; of equal keys the last one counts."""
    added = (
        encode_bytes(METADATA, encode_bytes(1, key.encode()) + encode_bytes(2, value.encode()))
        for key, value in entries.items()
    )
    return b"".join((model, *added))


def _fix_graph(graph: memoryview, *, axes_as_input: bool) -> tuple[bytes, int]:
    nodes = {
        index: parse_node(field.payload)
        for index, field in enumerate(fields(graph))
        if field.number == NODE
    }
    producers = {output: node for node in nodes.values() for output in node.outputs}
    faulty = {index for index, node in nodes.items() if _squeezes_nms_rows(node, producers)}
    if not faulty:
        return bytes(graph), 0
    addition = encode_bytes(1, _AXES_NAME.encode()) if axes_as_input else _axes_attribute()
    parts: list[bytes | memoryview] = []
    for index, field in enumerate(fields(graph)):
        if index in faulty:
            parts.append(encode_bytes(NODE, b"".join((field.payload, addition))))
        else:
            parts.append(field.raw)
    if axes_as_input:
        parts.append(encode_bytes(_INITIALIZER, _axes_tensor()))
    return b"".join(parts), len(faulty)


def _squeezes_nms_rows(node: Node, producers: Mapping[str, Node]) -> bool:
    if node.kind != "Squeeze" or len(node.inputs) != 1 or "axes" in node.attributes:
        return False
    gather = producers.get(node.inputs[0])
    if gather is None or gather.kind != "Gather":
        return False
    rows = producers.get(gather.inputs[0])
    return rows is not None and rows.kind == "NonMaxSuppression"


def _axes_attribute() -> bytes:
    axes = encode_bytes(1, b"axes") + encode_integer(8, 1) + encode_integer(20, _INTS_ATTRIBUTE)
    return encode_bytes(5, axes)


def _axes_tensor() -> bytes:
    shape = encode_integer(1, 1) + encode_integer(2, _INT64_TENSOR)
    return shape + encode_bytes(8, _AXES_NAME.encode()) + encode_bytes(9, int64_bytes([1]))

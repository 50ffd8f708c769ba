"""Edits ONNX files as bytes: the repair of what the converter writes, and notes in the metadata.

Field numbers of what is added, from onnx.proto: GraphProto.initializer 5; NodeProto.input 1,
attribute 5; AttributeProto.name 1, ints 8, type 20; TensorProto.dims 1, data_type 2, name 8,
raw_data 9; StringStringEntryProto.key 1, value 2. Everything that is not edited is copied as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from hpinfer.networks.onnx import GRAPH, METADATA, NODE, Node, opset_version, parse_node
from hpinfer.networks.protobuf import encode_bytes, encode_integer, fields, int64_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

_INITIALIZER = 5
_INT64_TENSOR, _INTS_ATTRIBUTE = 7, 7
#: From this opset on Squeeze takes its axes as an input.
_AXES_AS_INPUT = 13
_AXES_NAME = "hpinfer.squeeze_axes"
Axes: TypeAlias = "tuple[int, ...]"
_COLUMN_AXES, _PICKED_AXES = (1,), (0, 2)


def fix_nms_squeeze(model: bytes) -> tuple[bytes, int]:
    """Give every ``Squeeze`` of a column of ``NonMaxSuppression``'s rows its axes.

    That of some rows of a column counts too: those that are left without the background class.
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
    found = {index: _missing_axes(node, producers) for index, node in nodes.items()}
    faulty = {index: axes for index, axes in found.items() if axes is not None}
    if not faulty:
        return bytes(graph), 0
    parts: list[bytes | memoryview] = []
    for index, field in enumerate(fields(graph)):
        axes = faulty.get(index)
        if axes is None:
            parts.append(field.raw)
            continue
        addition = encode_bytes(1, _axes_name(axes)) if axes_as_input else _axes_attribute(axes)
        parts.append(encode_bytes(NODE, b"".join((field.payload, addition))))
    if axes_as_input:
        distinct = sorted(set(faulty.values()))
        parts.extend(encode_bytes(_INITIALIZER, _axes_tensor(axes)) for axes in distinct)
    return b"".join(parts), len(faulty)


def _missing_axes(node: Node, producers: Mapping[str, Node]) -> Axes | None:
    """The axes that a Squeeze of columns of NMS rows means but does not name; None if all is well.

    The column is [N, 1]. Of some rows of it, picked by indices [1, K], it becomes [1, K, 1].
    """
    if not _squeezes_all(node):
        return None
    gather = producers.get(node.inputs[0])
    if gather is None:
        return None
    if _is_nms_column(gather, producers):
        return _COLUMN_AXES
    return _PICKED_AXES if _picks_of_column(gather, producers) else None


def _squeezes_all(node: Node) -> bool:
    return node.kind == "Squeeze" and len(node.inputs) == 1 and "axes" not in node.attributes


def _is_nms_column(node: Node, producers: Mapping[str, Node]) -> bool:
    if node.kind != "Gather":
        return False
    rows = producers.get(node.inputs[0])
    return rows is not None and rows.kind == "NonMaxSuppression"


def _picks_of_column(node: Node, producers: Mapping[str, Node]) -> bool:
    """Whether a node picks the rows of a column whose class is not the background.

    The converter finds them by ``NonZero(class - background)``, which is [1, K] because the classes
    are a squeezed column: only then is the rank of what is picked known.
    """
    column = producers.get(node.inputs[0]) if node.inputs else None
    if node.kind != "Gather" or node.integers.get("axis", 0) != 0 or column is None:
        return False
    if not _is_nms_column(column, producers) or column.integers.get("axis", 0) != 1:
        return False
    chain = producers.get(node.inputs[1])
    for kind in ("NonZero", "Sub"):
        if chain is None or chain.kind != kind:
            return False
        chain = producers.get(chain.inputs[0])
    if chain is None or chain.kind != "Squeeze":
        return False
    classes = producers.get(chain.inputs[0])
    return classes is not None and _is_nms_column(classes, producers)


def _axes_name(axes: Axes) -> bytes:
    return ".".join((_AXES_NAME, *map(str, axes))).encode()


def _axes_attribute(axes: Axes) -> bytes:
    values = b"".join(encode_integer(8, axis) for axis in axes)
    return encode_bytes(5, encode_bytes(1, b"axes") + values + encode_integer(20, _INTS_ATTRIBUTE))


def _axes_tensor(axes: Axes) -> bytes:
    shape = encode_integer(1, len(axes)) + encode_integer(2, _INT64_TENSOR)
    return shape + encode_bytes(8, _axes_name(axes)) + encode_bytes(9, int64_bytes(list(axes)))

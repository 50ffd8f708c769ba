"""Rewrites ONNX graphs for OpenVINO: the same function in fewer passes over pictures.

Where sizes are free, as in every model of hpinfer, OpenVINO 2026.4 compiles worse than where they
are fixed. Two of the differences can be written away; benchmarks/openvino_graphs.py measures what
that gains, and what fixed sizes would.

* It works on a picture of one channel number by number, and text detectors end in a sigmoid of such
  a picture. So a transposed convolution to one channel whose windows do not overlap becomes a 1x1
  convolution to as many channels as a window has pixels, with ``DepthToSpace`` at the end: what
  follows number by number (bias, sigmoid) joins the convolution. Each number is still the sum of
  the same products. With more channels there is nothing to gain.
* ``x * s + x``, the gates of PaddleOCR's detectors, are two passes over x. ``x * (s + 1)`` is one;
  its roundings are others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpinfer.networks.onnx import FUNCTIONS, GRAPH, opset_version
from hpinfer.networks.onnx_editing import EditableGraph, EditableNode
from hpinfer.networks.protobuf import encode_bytes, fields

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import numpy.typing as npt

#: Changes whenever other graphs come out: part of the key of what is kept.
VERSION = 1

#: From this opset on DepthToSpace has a mode.
_FIRST_OPSET = 11
#: float16, double and bfloat16: where there are any, a constant 1 may have the wrong type.
_OTHER_FLOATS = frozenset({10, 11, 16})
_SUFFIX = "/hpinfer"
_ONE = f"one{_SUFFIX}"
_GATES = frozenset({"Sigmoid", "HardSigmoid"})
#: What treats each number by itself.
_BY_NUMBER = frozenset({"Relu", *_GATES})
_PICTURE_RANK = 4


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A rewritten model.

    Attributes:
        model: The ONNX file's bytes.
        convolutions: Transposed convolutions that were replaced.
        gates: Sums that became part of the product before them.
    """

    model: bytes
    convolutions: int
    gates: int


def rewrite_for_openvino(model: bytes | memoryview) -> Rewritten | None:
    """The model with fewer passes over pictures; None if there is nothing to gain.

    Args:
        model: An ONNX file that holds its weights. Those with inner graphs or functions stay.

    Raises:
        ModelFormatError: The bytes are not an ONNX model.
    """
    view = memoryview(model)
    parts = list(fields(view))
    graphs = [part.payload for part in parts if part.number == GRAPH]
    functions = any(part.number == FUNCTIONS for part in parts)
    if functions or len(graphs) != 1 or opset_version(view) < _FIRST_OPSET:
        return None
    graph = EditableGraph.parse(graphs[0])
    if graph is None or any(n.endswith(_SUFFIX) for node in graph.nodes for n in node.outputs):
        return None  # rewritten already
    convolutions = sum([_separate(graph, node) for node in graph.of_kind("ConvTranspose")])
    gates = _merge_gates(graph)
    if not convolutions and not gates:
        return None
    others = (part.raw for part in parts if part.number != GRAPH)
    return Rewritten(b"".join((*others, encode_bytes(GRAPH, graph.encoded()))), convolutions, gates)


def _separate(graph: EditableGraph, node: EditableNode) -> bool:
    """Moves the picture that a transposed convolution makes behind what follows it."""
    if len(node.inputs) < 2 or len(node.outputs) != 1:
        return False
    result = node.outputs[0]
    weight = graph.constant(node.inputs[1])
    chain = list(_by_number(graph, result))
    if weight is None or not chain or not _is_to_one_channel(node, weight):
        return False
    inputs, window = len(weight), weight.shape[-1]
    constants = [weight.reshape(inputs, window**2).T.reshape(window**2, inputs, 1, 1)]
    for name in filter(None, node.inputs[2:]):
        bias = graph.constant(name)
        if bias is None:
            return False
        constants.append(bias.repeat(window**2))
    names = [f"{result}.{number}{_SUFFIX}" for number, _ in enumerate(constants)]
    for name, values in zip(names, constants, strict=True):
        graph.add_constant(name, values)
    convolution = EditableNode.new("Conv", [node.inputs[0], *names], f"{result}{_SUFFIX}")
    graph.replace(node, convolution)
    for step in chain:
        step.inputs = [f"{result}{_SUFFIX}" if name == result else name for name in step.inputs]
        result = step.outputs[0]
        step.outputs = [f"{result}{_SUFFIX}"]
    picture = EditableNode.new(
        "DepthToSpace", chain[-1].outputs, result, blocksize=window, mode="CRD"
    )
    graph.replace(chain[-1], chain[-1], picture)
    return True


def _is_to_one_channel(node: EditableNode, weight: npt.NDArray[np.float32]) -> bool:
    """Whether a transposed convolution gives one channel from windows that do not overlap."""
    if weight.ndim != _PICTURE_RANK:
        return False
    _, channels, height, width = weight.shape
    return (
        channels == 1
        and height == width > 1
        and node.numbers("strides") == [height, width]
        and set(node.numbers("group") or [1]) == {1}
        and set(node.numbers("dilations") or [1]) == {1}
        and set(node.numbers("pads") or [0]) == {0}
        and set(node.numbers("output_padding") or [0]) == {0}
        and node.attributes.keys().isdisjoint({"auto_pad", "output_shape"})
    )


def _by_number(graph: EditableGraph, name: str) -> Iterator[EditableNode]:
    """The operators after a picture of one channel that treat each of its numbers by itself."""
    for _ in graph.nodes:  # no more often: a file may lead in a circle
        user = graph.only_user(name)
        if user is None or len(user.outputs) != 1:
            return
        if user.kind not in _BY_NUMBER and not _adds_a_number(graph, user):
            return
        yield user
        name = user.outputs[0]


def _adds_a_number(graph: EditableGraph, node: EditableNode) -> bool:
    constants = [graph.constant(name) for name in node.inputs] if node.kind == "Add" else []
    return any(
        values is not None and values.size == 1 and values.ndim <= _PICTURE_RANK
        for values in constants
    )


def _merge_gates(graph: EditableGraph) -> int:
    """Makes ``x * (s + 1)`` of every ``x * s + x`` whose s is a gate; how many there were."""
    if not _OTHER_FLOATS.isdisjoint(graph.element_types()):
        return 0
    merged = sum([_merge_gate(graph, node) for node in graph.of_kind("Add")])
    if merged:
        graph.add_constant(_ONE, 1.0)
    return merged


def _merge_gate(graph: EditableGraph, node: EditableNode) -> bool:
    if len(node.inputs) != 2 or len(node.outputs) != 1:
        return False
    for product_name, kept in (node.inputs, node.inputs[::-1]):
        product = graph.maker(product_name)
        if product is None or product.kind != "Mul" or graph.only_user(product_name) is not node:
            continue
        gates = [name for name in product.inputs if name != kept]
        maker = graph.maker(gates[0]) if len(gates) == 1 else None
        if maker is None or maker.kind not in _GATES:
            continue
        gate = f"{node.outputs[0]}.gate{_SUFFIX}"
        graph.replace(product)
        graph.replace(
            node,
            EditableNode.new("Add", [gates[0], _ONE], gate),
            EditableNode.new("Mul", [kept, gate], node.outputs[0]),
        )
        return True
    return False

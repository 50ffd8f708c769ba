"""ONNX graphs whose nodes can be replaced, without the onnx package.

Field numbers, from onnx.proto: GraphProto.node 1, initializer 5, input 11, output 12;
NodeProto.input 1, output 2, op_type 4, attribute 5; AttributeProto.name 1, i 3, s 4, t 5, ints 8,
type 20; TensorProto.dims 1, data_type 2, float_data 4, name 8, raw_data 9, data_location 14;
ValueInfoProto.name 1, type 2; TypeProto.tensor_type 1; TypeProto.Tensor.elem_type 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hpinfer.networks.onnx import NODE, parse_node
from hpinfer.networks.protobuf import encode_bytes, encode_integer, fields, integers

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt

_INITIALIZER, _INPUT, _OUTPUT, _ATTRIBUTE, _VALUE = 5, 11, 12, 5, 5
_FLOAT = 1
_ATTRIBUTE_INT, _ATTRIBUTE_STRING = 2, 3


@dataclass(slots=True)
class EditableNode:
    """An operator whose inputs and outputs can be changed.

    Attributes:
        kind: Its type.
        inputs: Names of its inputs; empty for one left out.
        outputs: Names of its outputs.
        attributes: AttributeProto of each attribute, by name.
        others: Its other fields, as they are in the file.
    """

    kind: str
    inputs: list[str]
    outputs: list[str]
    attributes: Mapping[str, bytes | memoryview]
    others: tuple[bytes | memoryview, ...]

    @classmethod
    def parse(cls, message: memoryview) -> EditableNode | None:
        """Of a NodeProto; None if it has an inner graph.

        Raises:
            ModelFormatError: The bytes are not one.
        """
        node = parse_node(message)
        if node.graphs:
            return None
        parts = list(fields(message))
        attributes = [part.payload for part in parts if part.number == _ATTRIBUTE]
        others = tuple(part.raw for part in parts if part.number not in (1, 2, _ATTRIBUTE))
        named = {_text(attribute, 1): attribute for attribute in attributes}
        return cls(node.kind, list(node.inputs), list(node.outputs), named, others)

    @classmethod
    def new(
        cls, kind: str, inputs: list[str], output: str, **attributes: int | str
    ) -> EditableNode:
        """An operator of the default domain with one output."""
        named = {name: _attribute(name, value) for name, value in attributes.items()}
        return cls(kind, list(inputs), [output], named, (encode_bytes(4, kind.encode()),))

    def numbers(self, name: str) -> list[int] | None:
        """The whole number, or numbers, of an attribute; None if it is not given."""
        message = self.attributes.get(name)
        if message is None:
            return None
        given = (part for part in fields(memoryview(message)) if part.number in (3, 8))
        return [number for part in given for number in integers(part)]

    def encoded(self) -> bytes:
        """As a NodeProto."""
        return b"".join(
            (
                *(encode_bytes(1, name.encode()) for name in self.inputs),
                *(encode_bytes(2, name.encode()) for name in self.outputs),
                *self.others,
                *(encode_bytes(_ATTRIBUTE, attribute) for attribute in self.attributes.values()),
            )
        )


@dataclass(slots=True)
class EditableGraph:
    """A graph without ``Identity`` and inner graphs.

    `maker` and `only_user` speak of the graph as it was parsed.

    Attributes:
        nodes: In an order in which they can be computed.
        results: Names of its outputs.
    """

    nodes: list[EditableNode]
    results: frozenset[str]
    _input_types: frozenset[int]
    _tensors: dict[str, memoryview]
    _others: list[bytes | memoryview]
    _users: dict[str, list[EditableNode]] = field(default_factory=dict)
    _makers: dict[str, EditableNode] = field(default_factory=dict)

    @classmethod
    def parse(cls, message: memoryview) -> EditableGraph | None:
        """Of a GraphProto; None if it has inner graphs, which see all of its names.

        Raises:
            ModelFormatError: The bytes are not one.
        """
        nodes: list[EditableNode] = []
        others: list[bytes | memoryview] = []
        tensors: dict[str, memoryview] = {}
        results: set[str] = set()
        input_types: set[int] = set()
        for part in fields(message):
            if part.number == NODE:
                node = EditableNode.parse(part.payload)
                if node is None:
                    return None
                nodes.append(node)
                continue
            others.append(part.raw)
            if part.number == _INITIALIZER:
                tensors[_text(part.payload, 8)] = part.payload
            elif part.number == _INPUT:
                input_types.add(_element_type(part.payload))
            elif part.number == _OUTPUT:
                results.add(_text(part.payload, 1))
        kept = _without_identities(nodes, results)
        graph = cls(kept, frozenset(results), frozenset(input_types), tensors, others)
        graph._index()
        return graph

    def _index(self) -> None:
        for node in self.nodes:
            if node.kind == "Constant" and "value" in node.attributes and node.outputs:
                given = fields(memoryview(node.attributes["value"]))
                self._tensors.update(
                    (node.outputs[0], part.payload) for part in given if part.number == _VALUE
                )
            for name in node.inputs:
                self._users.setdefault(name, []).append(node)
            self._makers.update((name, node) for name in node.outputs)

    def of_kind(self, kind: str) -> list[EditableNode]:
        """The nodes of a type, as they are now."""
        return [node for node in self.nodes if node.kind == kind]

    def maker(self, name: str) -> EditableNode | None:
        """What computes a value; None for inputs of the graph and stored constants."""
        return self._makers.get(name)

    def only_user(self, name: str) -> EditableNode | None:
        """What takes a value if one node does, once, and the graph does not give it out."""
        users = self._users.get(name, [])
        return users[0] if len(users) == 1 and name not in self.results else None

    def element_types(self) -> set[int]:
        """Element types (TensorProto.DataType) of its inputs, constants and casts."""
        given = {_number(tensor, 2) for tensor in self._tensors.values()}
        return (
            given
            | self._input_types
            | {to for node in self.of_kind("Cast") for to in node.numbers("to") or ()}
        )

    def constant(self, name: str) -> npt.NDArray[np.float32] | None:
        """A float32 constant that the file itself holds; None for anything else."""
        tensor = self._tensors.get(name)
        return None if tensor is None else _float_array(tensor)

    def add_constant(self, name: str, values: npt.ArrayLike) -> None:
        """Adds a float32 constant."""
        import numpy as np

        array = np.asarray(values, dtype="<f4")
        dims = b"".join(encode_integer(1, size) for size in array.shape)
        named = encode_integer(2, _FLOAT) + encode_bytes(8, name.encode())
        tensor = dims + named + encode_bytes(9, array.tobytes())
        self._others.append(encode_bytes(_INITIALIZER, tensor))

    def replace(self, old: EditableNode, *new: EditableNode) -> None:
        """Puts nodes in the place of one."""
        index = next(index for index, node in enumerate(self.nodes) if node is old)
        self.nodes[index : index + 1] = new

    def encoded(self) -> bytes:
        """As a GraphProto."""
        nodes = (encode_bytes(NODE, node.encoded()) for node in self.nodes)
        return b"".join((*nodes, *self._others))


def _without_identities(nodes: list[EditableNode], results: set[str]) -> list[EditableNode]:
    """Other names of a value would hide who uses it."""
    sources: dict[str, str] = {}
    kept = []
    for node in nodes:
        node.inputs = [sources.get(name, name) for name in node.inputs]
        renames = node.kind == "Identity" and len(node.inputs) == len(node.outputs) == 1
        if renames and node.outputs[0] not in results:
            sources[node.outputs[0]] = node.inputs[0]
        else:
            kept.append(node)
    return kept


def _attribute(name: str, value: int | str) -> bytes:
    named = encode_bytes(1, name.encode())
    if isinstance(value, int):
        return named + encode_integer(3, value) + encode_integer(20, _ATTRIBUTE_INT)
    return named + encode_bytes(4, value.encode()) + encode_integer(20, _ATTRIBUTE_STRING)


def _float_array(tensor: memoryview) -> npt.NDArray[np.float32] | None:
    import numpy as np

    parts = list(fields(tensor))
    dims = [size for part in parts if part.number == 1 for size in integers(part)]
    stored = [part.value for part in parts if part.number in (4, 9)]
    raw = b"".join(piece for piece in stored if not isinstance(piece, int))
    elsewhere = _number(tensor, 14) != 0
    size = 4 * math.prod(dims)
    if _number(tensor, 2) != _FLOAT or elsewhere or min(dims, default=1) < 1 or len(raw) != size:
        return None
    return np.frombuffer(raw, dtype="<f4").reshape(dims)


def _element_type(value_info: memoryview) -> int:
    """Of a ValueInfoProto; 0 for what is no tensor."""
    for part in fields(value_info):
        if part.number == 2:
            tensor = next((item.payload for item in fields(part.payload) if item.number == 1), None)
            return 0 if tensor is None else _number(tensor, 1)
    return 0


def _number(message: memoryview, number: int) -> int:
    return next((part.integer for part in fields(message) if part.number == number), 0)


def _text(message: memoryview, number: int) -> str:
    return next((part.text for part in fields(message) if part.number == number), "")

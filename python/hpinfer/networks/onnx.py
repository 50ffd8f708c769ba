"""Reads of an ONNX file what hpinfer needs: metadata, operator types, the operator set.

An ONNX file is one protobuf message, ModelProto. The file is mapped and fields are skipped by their
length, so that weights are never read. Field numbers, from onnx.proto: ModelProto.graph 7,
opset_import 8, metadata_props 14, functions 25; OperatorSetIdProto.domain 1, version 2;
GraphProto.node 1, initializer 5; FunctionProto.node 7; NodeProto.input 1, output 2, op_type 4,
attribute 5; AttributeProto.name 1, i 3, t 5, g 6, tensors 10, graphs 11; TensorProto.external_data
13; StringStringEntryProto.key 1, value 2.
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hpinfer.errors import ModelFormatError, ModelNotFoundError
from hpinfer.networks.protobuf import fields

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

GRAPH, OPSET_IMPORT, METADATA, FUNCTIONS = 7, 8, 14, 25
NODE, _FUNCTION_NODE = 1, 7
_INITIALIZER, _ATTRIBUTE, _EXTERNAL_DATA = 5, 5, 13
_ATTRIBUTE_TENSORS, _ATTRIBUTE_GRAPHS = frozenset({5, 10}), frozenset({6, 11})
#: The entry of external_data that names the file.
_LOCATION = "location"
_MAX_ENTRY_BYTES = 64 * 1024 * 1024
#: Loops within branches within loops …
_MAX_DEPTH = 32


@dataclass(frozen=True, slots=True)
class Node:
    """An operator.

    Attributes:
        kind: Its type.
        inputs: Names of its inputs; empty for one left out.
        outputs: Names of its outputs.
        attributes: Names of its attributes.
        integers: Those that hold one number, by name.
        graphs: GraphProto messages that its attributes carry: the bodies of control flow.
    """

    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: frozenset[str]
    integers: Mapping[str, int]
    graphs: tuple[memoryview, ...]


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
    model = _mapped(file)
    try:
        return dict(_entry(field.payload) for field in fields(model) if field.number == METADATA)
    except ModelFormatError as error:
        raise _not_onnx(file, error) from None


def read_onnx_operators(path: str | os.PathLike[str]) -> frozenset[str]:
    """Read the types of the operators in an ONNX file, those of inner graphs and functions too.

    Args:
        path: The ``.onnx`` file.

    Raises:
        ModelNotFoundError: The file does not exist.
        ModelFormatError: The file cannot be read or is not an ONNX model.
    """
    file = Path(path)
    model = _mapped(file)
    found: set[str] = set()
    try:
        for field in fields(model):
            if field.number == GRAPH:
                _add_kinds(field.payload, NODE, found)
            elif field.number == FUNCTIONS:
                _add_kinds(field.payload, _FUNCTION_NODE, found)
    except ModelFormatError as error:
        raise _not_onnx(file, error) from None
    return frozenset(found)


def read_onnx_external_files(path: str | os.PathLike[str]) -> tuple[Path, ...]:
    """Read which other files hold weights of an ONNX file.

    Args:
        path: The ``.onnx`` file.

    Returns:
        Their paths, sorted, whether they exist or not; names that lead out of the model's folder
        are left out, as no engine follows them.

    Raises:
        ModelNotFoundError: The file does not exist.
        ModelFormatError: The file cannot be read or is not an ONNX model.
    """
    file = Path(path)
    model = _mapped(file)
    if isinstance(model.obj, mmap.mmap) and model.obj.find(_LOCATION.encode()) < 0:
        return ()  # most models: found out at memory speed
    found: set[str] = set()
    try:
        for field in fields(model):
            if field.number == GRAPH:
                _add_locations(field.payload, found)
    except ModelFormatError as error:
        raise _not_onnx(file, error) from None
    inside = [name for name in found if not Path(name).is_absolute() and ".." not in name]
    return tuple(file.parent / name for name in sorted(inside))


def opset_version(model: memoryview) -> int:
    """The version of the default operator set that a model uses.

    Raises:
        ModelFormatError: The bytes are not an ONNX model.
    """
    for field in fields(model):
        if field.number != OPSET_IMPORT:
            continue
        content = {item.number: item for item in fields(field.payload)}
        if (1 not in content or content[1].text in ("", "ai.onnx")) and 2 in content:
            return content[2].integer
    raise ModelFormatError("the ONNX model names no operator set")


def parse_node(message: memoryview) -> Node:
    """Read a NodeProto.

    Raises:
        ModelFormatError: The bytes are not one.
    """
    inputs: list[str] = []
    outputs: list[str] = []
    names: set[str] = set()
    integers: dict[str, int] = {}
    graphs: list[memoryview] = []
    kind = ""
    for field in fields(message):
        if field.number == 1:
            inputs.append(field.text)
        elif field.number == 2:
            outputs.append(field.text)
        elif field.number == 4:
            kind = field.text
        elif field.number == 5:
            name, number, bodies = _attribute(field.payload)
            names.add(name)
            graphs.extend(bodies)
            if number is not None:
                integers[name] = number
    return Node(kind, tuple(inputs), tuple(outputs), frozenset(names), integers, tuple(graphs))


def _attribute(message: memoryview) -> tuple[str, int | None, list[memoryview]]:
    """Name, the one number that it holds, and the graphs that it carries."""
    name, number, graphs = "", None, []
    for item in fields(message):
        if item.number == 1:
            name = item.text
        elif item.number == 3:
            number = item.integer
        elif item.number in (6, 11):
            graphs.append(item.payload)
    return name, number, graphs


def _add_kinds(holder: memoryview, number: int, found: set[str], depth: int = 0) -> None:
    if depth > _MAX_DEPTH:
        raise ModelFormatError(f"graphs within graphs, more than {_MAX_DEPTH} deep")
    for field in fields(holder):
        if field.number == number:
            node = parse_node(field.payload)
            found.add(node.kind)
            for graph in node.graphs:
                _add_kinds(graph, NODE, found, depth + 1)


def _add_locations(graph: memoryview, found: set[str], depth: int = 0) -> None:
    if depth > _MAX_DEPTH:
        raise ModelFormatError(f"graphs within graphs, more than {_MAX_DEPTH} deep")
    for field in fields(graph):
        if field.number == _INITIALIZER:
            _add_location(field.payload, found)
        elif field.number == NODE:
            attributes = (item for item in fields(field.payload) if item.number == _ATTRIBUTE)
            for attribute in attributes:
                for item in fields(attribute.payload):
                    if item.number in _ATTRIBUTE_TENSORS:
                        _add_location(item.payload, found)
                    elif item.number in _ATTRIBUTE_GRAPHS:
                        _add_locations(item.payload, found, depth + 1)


def _add_location(tensor: memoryview, found: set[str]) -> None:
    entries = (_entry(field.payload) for field in fields(tensor) if field.number == _EXTERNAL_DATA)
    found.update(value for key, value in entries if key == _LOCATION)


def _entry(message: memoryview) -> tuple[str, str]:
    if len(message) > _MAX_ENTRY_BYTES:
        raise ModelFormatError(f"a metadata entry of {len(message)} bytes")
    content = {field.number: field for field in fields(message)}
    key, value = (content[number].text if number in content else "" for number in (1, 2))
    return key, value


def _mapped(file: Path) -> memoryview:
    """The bytes of a file; unmapped when the last view of them is gone."""
    try:
        with file.open("rb") as stream:
            return memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
    except FileNotFoundError:
        raise ModelNotFoundError(f"model file {file} does not exist") from None
    except OSError as error:
        reason = error.strerror or error
        raise ModelFormatError(f"model file {file} cannot be read: {reason}") from error
    except ValueError:  # nothing to map
        raise _not_onnx(file, ModelFormatError("the file is empty")) from None


def _not_onnx(file: Path, reason: ModelFormatError) -> ModelFormatError:
    return ModelFormatError(
        f"{file} is not an ONNX model ({reason}): the file is corrupted or of another kind"
    )

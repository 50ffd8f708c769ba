"""Reads the outline of a ``.pdmodel``: Paddle's ProgramDesc, a protobuf message.

Field numbers, from Paddle's framework.proto: ProgramDesc.blocks 1; BlockDesc.vars 3, ops 4;
VarDesc.name 1, type 2, persistable 3; VarType.lod_tensor 3; LoDTensorDesc.tensor 1;
TensorDesc.data_type 1, dims 2; OpDesc.inputs 1, outputs 2, type 3, attrs 4; OpDesc.Var.parameter
1, arguments 2; OpDesc.Attr.name 1, i 3, s 5, ints 6, b 10, longs 15.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpinfer.errors import ModelFormatError
from hpinfer.networks.program import POOLS, Pool, Program, TensorFact, any_shape, plane
from hpinfer.networks.protobuf import fields, integers
from hpinfer.networks.reductions import (
    REDUCTIONS,
    Step,
    multiplies_reduced_rows,
    reduces_rows,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hpinfer.networks.protobuf import Field

_VARIABLES, _OPERATORS = 3, 4
_NAME, _TYPE, _PERSISTABLE = 1, 2, 3
_SOURCES, _TARGETS, _KIND, _ATTRIBUTES = 1, 2, 3, 4
_INTEGER, _TEXT, _INTEGERS, _FLAG, _LONGS = 3, 5, 6, 10, 15
_BILINEAR = "bilinear_interp_v2"
#: VarType.Type to NumPy name; bfloat16 is named although NumPy has none.
_DTYPES = {
    **{0: "bool", 1: "int16", 2: "int32", 3: "int64", 4: "float16", 5: "float32", 6: "float64"},
    **{20: "uint8", 21: "int8", 22: "bfloat16"},
}


@dataclass(frozen=True, slots=True)
class _Operator:
    kind: str
    message: memoryview

    def arguments(self, direction: int, parameter: str) -> list[str]:
        """Names of the variables of one parameter."""
        for variable in _messages(self.message, direction):
            content = list(fields(variable))
            if any(field.number == 1 and field.text == parameter for field in content):
                return [field.text for field in content if field.number == 2]
        return []

    def argument(self, direction: int, parameter: str) -> str:
        """The first variable of a parameter; empty without one."""
        return next(iter(self.arguments(direction, parameter)), "")

    def attribute(self, name: str, kind: int) -> list[Field]:
        """The values of an attribute that are of one kind, a field number."""
        for attribute in _messages(self.message, _ATTRIBUTES):
            content = list(fields(attribute))
            if any(field.number == 1 and field.text == name for field in content):
                return [field for field in content if field.number == kind]
        return []

    def variables(self, direction: int) -> tuple[str, ...]:
        """Names of the variables of all parameters."""
        return tuple(
            field.text
            for variable in _messages(self.message, direction)
            for field in fields(variable)
            if field.number == 2
        )

    def flag(self, name: str) -> bool:
        """A boolean attribute; False without it."""
        return any(field.integer for field in self.attribute(name, _FLAG))


def parse(content: bytes) -> Program:
    """Reads a program.

    Raises:
        ModelFormatError: The bytes are not a ProgramDesc with operators.
    """
    operators: list[_Operator] = []
    tensors: dict[str, TensorFact] = {}
    has_parameters = False
    for block in _messages(memoryview(content), 1):
        for field in fields(block):
            if field.number == _OPERATORS:
                operators.append(_operator(field.payload))
            elif field.number == _VARIABLES:
                found, stored = _variable(field.payload)
                if found is not None:
                    tensors[found.name] = found
                    has_parameters |= stored
    if not operators:
        raise ModelFormatError("it has no operators")
    return Program(
        format="pdmodel",
        operators=frozenset(operator.kind for operator in operators),
        inputs=_in_columns(operators, "feed", _TARGETS, "Out", tensors),
        outputs=_in_columns(operators, "fetch", _SOURCES, "X", tensors),
        adaptive_pools=tuple(_adaptive_pools(operators, tensors)),
        aligned_bilinear=any(
            operator.kind == _BILINEAR and operator.flag("align_corners") for operator in operators
        ),
        multiplied_rows=multiplies_reduced_rows(_steps(operators, tensors)),
        has_parameters=has_parameters,
    )


def _messages(message: memoryview, number: int) -> Iterator[memoryview]:
    return (field.payload for field in fields(message) if field.number == number)


def _operator(message: memoryview) -> _Operator:
    kind = next((field.text for field in fields(message) if field.number == _KIND), "")
    return _Operator(kind, message)


def _variable(message: memoryview) -> tuple[TensorFact | None, bool]:
    """A variable if it is a tensor, and whether the parameter file has its values."""
    name, description, stored = "", None, False
    for field in fields(message):
        if field.number == _NAME:
            name = field.text
        elif field.number == _TYPE:
            description = field.payload
        elif field.number == _PERSISTABLE:
            stored = bool(field.integer)
    if description is None:
        return None, False
    tensor = next((t for lod in _messages(description, 3) for t in _messages(lod, 1)), None)
    return (None, False) if tensor is None else (_fact(name, tensor), stored)


def _fact(name: str, tensor: memoryview) -> TensorFact:
    dims: list[int] = []
    dtype = "float32"
    for field in fields(tensor):
        if field.number == 1:
            dtype = _DTYPES.get(field.integer, f"Paddle type {field.integer}")
        elif field.number == 2:
            dims += integers(field)
    return TensorFact(name, dtype, any_shape(dims))


def _in_columns(
    operators: list[_Operator],
    kind: str,
    direction: int,
    parameter: str,
    tensors: Mapping[str, TensorFact],
) -> tuple[TensorFact, ...]:
    """What the feeds or fetches name, in the order of their columns."""
    found = []
    for operator in operators:
        if operator.kind == kind:
            column = next((item.integer for item in operator.attribute("col", _INTEGER)), 0)
            found.append((column, operator.argument(direction, parameter)))
    names = [name for _, name in sorted(found, key=lambda item: item[0])]
    undeclared = [name for name in names if name not in tensors]
    if undeclared:
        raise ModelFormatError(f"a {kind} of {undeclared[0][:80]!r}, which is no tensor")
    return tuple(tensors[name] for name in names)


def _steps(operators: list[_Operator], tensors: Mapping[str, TensorFact]) -> Iterator[Step]:
    if REDUCTIONS.isdisjoint(operator.kind for operator in operators):
        return
    for operator in operators:
        of_rows = operator.kind in REDUCTIONS and _reduces_rows(operator, tensors)
        yield Step(
            operator.kind, operator.variables(_SOURCES), operator.variables(_TARGETS), of_rows
        )


def _reduces_rows(operator: _Operator, tensors: Mapping[str, TensorFact]) -> bool:
    source = tensors.get(operator.argument(_SOURCES, "X"))
    axes = [n for item in operator.attribute("dim", _INTEGERS) for n in integers(item)]
    if source is None or operator.flag("reduce_all"):
        return False
    return reduces_rows(axes, len(source.shape), keeps=operator.flag("keep_dim"))


def _adaptive_pools(
    operators: list[_Operator], tensors: Mapping[str, TensorFact]
) -> Iterator[Pool]:
    for operator in operators:
        if operator.kind not in POOLS or not operator.flag("adaptive"):
            continue
        source = tensors.get(operator.argument(_SOURCES, "X"))
        layouts = [field.text for field in operator.attribute("data_format", _TEXT)]
        size = plane(() if source is None else source.shape, channels_last=layouts == ["NHWC"])
        yield Pool(operator.kind, size, _kernel(operator, POOLS[operator.kind]))


def _kernel(operator: _Operator, name: str) -> tuple[int | None, int | None]:
    kinds = (_INTEGERS, _LONGS)
    values = [
        n for kind in kinds for item in operator.attribute(name, kind) for n in integers(item)
    ]
    height, width = any_shape((values * 2)[:2] if len(values) == 1 else values[:2] or [-1, -1])
    return height, width

"""Reads the outline of a ``.pdmodel``: Paddle's ProgramDesc, a protobuf message.

Field numbers, from Paddle's framework.proto: ProgramDesc.blocks 1; BlockDesc.vars 3, ops 4;
VarDesc.name 1, type 2; VarType.lod_tensor 3; LoDTensorDesc.tensor 1; TensorDesc.data_type 1, dims
2; OpDesc.inputs 1, outputs 2, type 3, attrs 4; OpDesc.Var.parameter 1, arguments 2;
OpDesc.Attr.name 1, s 5, ints 6, b 10, longs 15.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpinfer.errors import ModelFormatError
from hpinfer.hpi.conversion.program import Input, Pool, Program
from hpinfer.hpi.conversion.wire import Field, fields, integers

if TYPE_CHECKING:
    from collections.abc import Mapping

_POOLS = {"pool2d": "ksize", "max_pool2d_with_index": "ksize"}
#: VarType.Type to NumPy name, for what a program can be fed with.
_DTYPES = {
    **{0: "bool", 1: "int16", 2: "int32", 3: "int64", 4: "float16", 5: "float32", 6: "float64"},
    **{20: "uint8", 21: "int8"},
}


@dataclass(frozen=True, slots=True)
class _Variable:
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True, slots=True)
class _Operator:
    kind: str
    message: memoryview


def parse(content: bytes) -> Program:
    """Read a program.

    Raises:
        ModelFormatError: The bytes are not a ProgramDesc with operators.
    """
    operators: list[_Operator] = []
    variables: dict[str, _Variable] = {}
    for block in _messages(memoryview(content), 1):
        operators += [_operator(message) for message in _messages(block, 4)]
        for message in _messages(block, 3):
            _add_variable(message, variables)
    if not operators:
        raise ModelFormatError("it has no operators")
    return Program(
        format="pdmodel",
        operators=frozenset(operator.kind for operator in operators),
        inputs=tuple(_inputs(operators, variables)),
        adaptive_pools=tuple(_adaptive_pools(operators, variables)),
    )


def _messages(message: memoryview, number: int) -> list[memoryview]:
    return [field.payload for field in fields(message) if field.number == number]


def _operator(message: memoryview) -> _Operator:
    kind = next((field.text for field in fields(message) if field.number == 3), "")
    return _Operator(kind, message)


def _add_variable(message: memoryview, variables: dict[str, _Variable]) -> None:
    name, description = "", None
    for field in fields(message):
        if field.number == 1:
            name = field.text
        elif field.number == 2:
            description = field.payload
    if description is None:
        return
    for tensor in (t for lod in _messages(description, 3) for t in _messages(lod, 1)):
        shape: list[int] = []
        dtype = ""
        for field in fields(tensor):
            if field.number == 1:
                dtype = _DTYPES.get(field.integer, "")
            elif field.number == 2:
                shape += integers(field)
        variables[name] = _Variable(tuple(shape), dtype)


def _inputs(operators: list[_Operator], variables: Mapping[str, _Variable]) -> list[Input]:
    names = [_argument(op, 2, "Out") for op in operators if op.kind == "feed"]
    return [
        Input(name, variables[name].shape, variables[name].dtype)
        for name in names
        if name in variables
    ]


def _adaptive_pools(operators: list[_Operator], variables: Mapping[str, _Variable]) -> list[Pool]:
    found = []
    for operator in operators:
        if operator.kind not in _POOLS:
            continue
        attributes = _attributes(operator)
        if not _flag(attributes.get("adaptive")):
            continue
        variable = variables.get(_argument(operator, 1, "X"))
        channels_last = _string(attributes.get("data_format")) == "NHWC"
        kernel = _numbers(attributes.get(_POOLS[operator.kind]))
        size = _plane(() if variable is None else variable.shape, channels_last=channels_last)
        found.append(Pool(operator.kind, size, _pair(kernel)))
    return found


def _argument(operator: _Operator, number: int, parameter: str) -> str:
    """The first argument of a parameter; inputs have number 1, outputs 2."""
    for variable in _messages(operator.message, number):
        name, arguments = "", []
        for field in fields(variable):
            if field.number == 1:
                name = field.text
            elif field.number == 2:
                arguments.append(field.text)
        if name == parameter and arguments:
            return arguments[0]
    return ""


def _attributes(operator: _Operator) -> dict[str, list[Field]]:
    found = {}
    for attribute in _messages(operator.message, 4):
        content = list(fields(attribute))
        found[next((field.text for field in content if field.number == 1), "")] = content
    return found


def _flag(attribute: list[Field] | None) -> bool:
    return any(field.number == 10 and field.integer for field in attribute or ())


def _string(attribute: list[Field] | None) -> str:
    return next((field.text for field in attribute or () if field.number == 5), "")


def _numbers(attribute: list[Field] | None) -> list[int]:
    wanted = (field for field in attribute or () if field.number in (6, 15))
    return [number for field in wanted for number in integers(field)]


def _plane(shape: tuple[int, ...], *, channels_last: bool) -> tuple[int, int]:
    if len(shape) != 4:
        return (-1, -1)
    return (shape[1], shape[2]) if channels_last else (shape[2], shape[3])


def _pair(kernel: list[int]) -> tuple[int, int]:
    if not kernel:
        return (-1, -1)
    return (kernel[0], kernel[0]) if len(kernel) == 1 else (kernel[0], kernel[1])

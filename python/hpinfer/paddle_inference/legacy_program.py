"""Reads the parts of a `.pdmodel` that hpinfer needs, without protobuf or PaddlePaddle.

A `.pdmodel` is one protobuf message; field numbers are those of Paddle's framework.proto.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# ProgramDesc.blocks; BlockDesc.vars, .ops; VarDesc.name, .type, .persistable; VarType.lod_tensor;
# LoDTensorDesc.tensor; TensorDesc.data_type, .dims; OpDesc.inputs, .outputs, .type, .attrs;
# OpDesc.Var.parameter, .arguments; OpDesc.Attr.name, .i, .b
_BLOCKS = 1
_VARS, _OPS = 3, 4
_VAR_NAME, _VAR_TYPE, _VAR_PERSISTABLE = 1, 2, 3
_LOD_TENSOR = 3
_TENSOR = 1
_DATA_TYPE, _DIMS = 1, 2
_OP_INPUTS, _OP_OUTPUTS, _OP_TYPE, _OP_ATTRS = 1, 2, 3, 4
_ARGUMENTS = 2
_ATTR_NAME, _ATTR_INT, _ATTR_BOOL = 1, 3, 10

_DTYPES = {
    0: "bool",
    1: "int16",
    2: "int32",
    3: "int64",
    4: "float16",
    5: "float32",
    6: "float64",
    20: "uint8",
    21: "int8",
    22: "bfloat16",
}
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


@dataclass(frozen=True, slots=True)
class LegacyOperator:
    """An operator.

    Attributes:
        kind: Its type, e.g. ``"conv2d"``.
        inputs: Names of its input variables, all slots one after another.
        outputs: Names of its output variables.
        flags: Its boolean attributes.
        numbers: Its integer attributes.
    """

    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    flags: dict[str, bool]
    numbers: dict[str, int]


@dataclass(frozen=True, slots=True)
class LegacyProgram:
    """A program.

    Attributes:
        operators: Of all blocks, in order.
        tensors: Element type (NumPy name) and dimensions (-1: any) of every variable that is a
            tensor.
        has_parameters: Whether a tensor is stored in the parameter file.
    """

    operators: tuple[LegacyOperator, ...]
    tensors: dict[str, tuple[str, list[int]]]
    has_parameters: bool

    def feeds(self) -> list[str]:
        """Input names, in order."""
        found = [item for item in self.operators if item.kind == "feed"]
        return [item.outputs[0] for item in sorted(found, key=_column)]

    def fetches(self) -> list[str]:
        """Output names, in order."""
        found = [item for item in self.operators if item.kind == "fetch"]
        return [item.inputs[0] for item in sorted(found, key=_column)]


def parse(content: bytes) -> LegacyProgram:
    """Parses a program.

    Raises:
        ValueError: The bytes are no protobuf message, or not one of a program.
        LookupError: They end too early.
    """
    operators: list[LegacyOperator] = []
    tensors: dict[str, tuple[str, list[int]]] = {}
    has_parameters = False
    for block in _messages(content, _BLOCKS):
        for variable in _messages(block, _VARS):
            tensor = _tensor(variable)
            if tensor is not None:
                tensors[_text(variable, _VAR_NAME)] = tensor
                has_parameters |= any(_numbers(variable, _VAR_PERSISTABLE))
        operators += [_operator(message) for message in _messages(block, _OPS)]
    return LegacyProgram(tuple(operators), tensors, has_parameters)


def _column(operator: LegacyOperator) -> int:
    return operator.numbers.get("col", 0)


def _tensor(variable: bytes) -> tuple[str, list[int]] | None:
    for kind in _messages(variable, _VAR_TYPE):
        for lod_tensor in _messages(kind, _LOD_TENSOR):
            for tensor in _messages(lod_tensor, _TENSOR):
                return _element_type(tensor), _dims(tensor)
    return None


def _element_type(tensor: bytes) -> str:
    number = next((item for item in _numbers(tensor, _DATA_TYPE)), 5)
    return _DTYPES.get(number, f"Paddle type {number}")


def _dims(tensor: bytes) -> list[int]:
    return [dim - (1 << 64) if dim >= 1 << 63 else dim for dim in _numbers(tensor, _DIMS)]


def _operator(message: bytes) -> LegacyOperator:
    flags: dict[str, bool] = {}
    numbers: dict[str, int] = {}
    for attribute in _messages(message, _OP_ATTRS):
        name = _text(attribute, _ATTR_NAME)
        for item in _numbers(attribute, _ATTR_BOOL):
            flags[name] = bool(item)
        for item in _numbers(attribute, _ATTR_INT):
            numbers[name] = item
    return LegacyOperator(
        _text(message, _OP_TYPE),
        _arguments(message, _OP_INPUTS),
        _arguments(message, _OP_OUTPUTS),
        flags,
        numbers,
    )


def _arguments(message: bytes, slots: int) -> tuple[str, ...]:
    return tuple(
        name.decode() for slot in _messages(message, slots) for name in _messages(slot, _ARGUMENTS)
    )


def _text(message: bytes, field: int) -> str:
    return next(_messages(message, field)).decode()


def _messages(message: bytes, field: int) -> Iterator[bytes]:
    """The values of a field that holds messages or texts."""
    for number, value in _fields(message):
        if number == field:
            if not isinstance(value, bytes):
                raise ValueError(f"field {field} has another type")
            yield value


def _numbers(message: bytes, field: int) -> Iterator[int]:
    """The values of a field that holds integers, packed or not."""
    for number, value in _fields(message):
        if number != field:
            continue
        if isinstance(value, int):
            yield value
            continue
        position = 0
        while position < len(value):
            item, position = _varint(value, position)
            yield item


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    position = 0
    while position < len(message):
        key, position = _varint(message, position)
        kind = key & 7
        if kind == _VARINT:
            value, position = _varint(message, position)
            yield key >> 3, value
            continue
        if kind == _BYTES:
            size, position = _varint(message, position)
        elif kind in (_FIXED64, _FIXED32):
            size = 8 if kind == _FIXED64 else 4
        else:
            raise ValueError(f"no protobuf message: wire type {kind} at byte {position}")
        end = position + size
        if end > len(message):
            raise ValueError(f"the message ends in the middle of field {key >> 3}")
        if kind == _BYTES:
            yield key >> 3, message[position:end]
        position = end


def _varint(message: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
        if shift > 63:
            raise ValueError(f"no protobuf message: a number of more than 64 bits at {position}")

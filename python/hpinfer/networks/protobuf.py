"""Protobuf messages at the level of bytes: enough to read a few fields and to add a few.

Paddle programs and ONNX models are protobuf messages of which hpinfer needs little, so neither
package has to be installed. A message is read where it lies (in memory or in a mapped file): what
is not looked at is skipped by its length. Wire format: the protobuf encoding guide.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpinfer.errors import ModelFormatError

if TYPE_CHECKING:
    from collections.abc import Iterator

VARINT, FIXED64, LENGTH_DELIMITED, FIXED32 = 0, 1, 2, 5
_MAX_VARINT_BYTES = 10
_SIGN_BIT, _TWO_TO_64 = 1 << 63, 1 << 64
#: Of one message, and of one packed field: far above any network, and soon read even in Python.
_MAX_FIELDS = _MAX_NUMBERS = 1 << 22


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message.

    Attributes:
        number: Its number.
        wire: Its wire type.
        value: The number of a varint; else the bytes, not copied.
        raw: The whole field with its tag, to be copied into another message.
    """

    number: int
    wire: int
    value: int | memoryview
    raw: memoryview

    @property
    def integer(self) -> int:
        """The value as a signed 64-bit number (fields of type int32, int64, enum or bool).

        Raises:
            ModelFormatError: The field is not a number.
        """
        if not isinstance(self.value, int):
            raise ModelFormatError(f"protobuf field {self.number} is not a number")
        return self.value - _TWO_TO_64 if self.value & _SIGN_BIT else self.value

    @property
    def payload(self) -> memoryview:
        """The bytes of a string, a message or packed numbers.

        Raises:
            ModelFormatError: The field has another wire type.
        """
        if self.wire != LENGTH_DELIMITED or isinstance(self.value, int):
            raise ModelFormatError(f"protobuf field {self.number} is not a string or message")
        return self.value

    @property
    def text(self) -> str:
        """The value of a string field.

        Raises:
            ModelFormatError: It is not UTF-8.
        """
        try:
            return str(self.payload, "utf-8")
        except UnicodeDecodeError:
            raise ModelFormatError(f"protobuf field {self.number} is not UTF-8 text") from None


def fields(message: memoryview) -> Iterator[Field]:
    """Yield the fields of a message in their order.

    Raises:
        ModelFormatError: The bytes are not a protobuf message, or one without measure.
    """
    position, end, count = 0, len(message), 0
    while position < end:
        start = position
        count += 1
        tag, position = _read_varint(message, position)
        number, wire = tag >> 3, tag & 7
        if number == 0 or count > _MAX_FIELDS:
            what = "bad protobuf field" if number == 0 else "too many protobuf fields"
            raise ModelFormatError(f"{what} at byte {start} of a message")
        value: int | memoryview
        if wire == VARINT:
            value, position = _read_varint(message, position)
        else:
            length, position = _length(message, wire, position)
            if position + length > end:
                raise ModelFormatError(f"a protobuf message ends inside field {number}")
            value = message[position : position + length]
            position += length
        yield Field(number, wire, value, message[start:position])


def integers(field: Field) -> list[int]:
    """The numbers of one occurrence of a repeated field, packed or not.

    Raises:
        ModelFormatError: The field has another wire type, or numbers without measure.
    """
    if field.wire == VARINT:
        return [field.integer]
    found, position, payload = [], 0, field.payload
    if len(payload) > _MAX_NUMBERS:
        raise ModelFormatError(f"{len(payload)} bytes of numbers in protobuf field {field.number}")
    while position < len(payload):
        value, position = _read_varint(payload, position)
        found.append(value - _TWO_TO_64 if value & _SIGN_BIT else value)
    return found


def encode_integer(number: int, value: int) -> bytes:
    """A varint field; negative values as 64-bit two's complement."""
    return _varint(number << 3 | VARINT) + _varint(value % _TWO_TO_64)


def encode_bytes(number: int, payload: bytes | memoryview) -> bytes:
    """A field that holds a string, a message or packed numbers."""
    return b"".join((_varint(number << 3 | LENGTH_DELIMITED), _varint(len(payload)), payload))


def int64_bytes(values: list[int]) -> bytes:
    """Numbers as the raw data of an int64 tensor."""
    return struct.pack(f"<{len(values)}q", *values)


def _length(message: memoryview, wire: int, position: int) -> tuple[int, int]:
    if wire == LENGTH_DELIMITED:
        return _read_varint(message, position)
    if wire in (FIXED64, FIXED32):
        return (8 if wire == FIXED64 else 4), position
    raise ModelFormatError(f"protobuf wire type {wire} at byte {position} of a message")


def _read_varint(message: memoryview, position: int) -> tuple[int, int]:
    value = 0
    for index in range(_MAX_VARINT_BYTES):
        if position >= len(message):
            raise ModelFormatError("a protobuf message ends inside a field")
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value % _TWO_TO_64, position
    raise ModelFormatError(f"a protobuf number of more than {_MAX_VARINT_BYTES} bytes")


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)

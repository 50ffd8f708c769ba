"""Protobuf at the level of bytes, against the onnx package's own encoder."""

from __future__ import annotations

import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from hpinfer.errors import ModelFormatError
from hpinfer.hpi.conversion import wire

TENSOR = helper.make_tensor(
    "weights", TensorProto.INT64, [2, 3], [0, -1, 2**40, 127, 128, -(2**62)]
)


def test_fields_of_a_message_written_by_protobuf() -> None:
    content = {f.number: f for f in wire.fields(memoryview(TENSOR.SerializeToString()))}
    assert content[8].text == "weights"
    assert content[2].integer == TensorProto.INT64
    assert wire.integers(content[7]) == list(TENSOR.int64_data)


@given(st.integers(-(2**63), 2**63 - 1))
def test_integers_survive_the_round_trip(value: int) -> None:
    (field,) = wire.fields(memoryview(wire.encode_integer(20, value)))
    assert (field.number, field.integer) == (20, value)


@given(st.binary(max_size=300))
def test_bytes_survive_the_round_trip(value: bytes) -> None:
    (field,) = wire.fields(memoryview(wire.encode_bytes(5, value)))
    assert bytes(field.payload) == value
    assert bytes(field.raw) == wire.encode_bytes(5, value)


def test_what_is_written_is_read_by_protobuf() -> None:
    encoded = wire.encode_integer(1, 3) + wire.encode_integer(2, TensorProto.INT64)
    encoded += wire.encode_bytes(8, b"axes") + wire.encode_bytes(9, wire.int64_bytes([1, -2, 3]))
    tensor = onnx.TensorProto.FromString(encoded)
    assert onnx.numpy_helper.to_array(tensor).tolist() == [1, -2, 3]
    assert tensor.name == "axes"


@given(st.integers(0, len(TENSOR.SerializeToString()) - 1), st.integers(0, 255))
def test_damage_is_a_typed_error_or_another_message(position: int, value: int) -> None:
    damaged = bytearray(TENSOR.SerializeToString())
    damaged[position] = value
    for content in (damaged, damaged[:position]):
        try:
            for field in wire.fields(memoryview(bytes(content))):
                _ = field.raw
        except ModelFormatError:
            pass


@pytest.mark.parametrize(
    "content", [b"\x0a", b"\x0a\x05ab", b"\x08\xff", b"\x0b", b"\x08" + b"\xff" * 11]
)
def test_bytes_that_are_no_message_are_refused(content: bytes) -> None:
    with pytest.raises(ModelFormatError, match="protobuf"):
        list(wire.fields(memoryview(content)))


def test_a_field_of_the_wrong_kind_is_refused() -> None:
    (number,) = wire.fields(memoryview(wire.encode_integer(1, 3)))
    (text,) = wire.fields(memoryview(wire.encode_bytes(1, b"\xff")))
    with pytest.raises(ModelFormatError, match="string"):
        _ = number.payload
    with pytest.raises(ModelFormatError, match="number"):
        _ = text.integer
    with pytest.raises(ModelFormatError, match="UTF-8"):
        _ = text.text

"""Protobuf at the level of bytes, against the onnx package's own encoder."""

from __future__ import annotations

import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from hpinfer.errors import ModelFormatError
from hpinfer.networks import protobuf

TENSOR = helper.make_tensor(
    "weights", TensorProto.INT64, [2, 3], [0, -1, 2**40, 127, 128, -(2**62)]
)


def test_fields_of_a_message_written_by_protobuf() -> None:
    content = {f.number: f for f in protobuf.fields(memoryview(TENSOR.SerializeToString()))}
    assert content[8].text == "weights"
    assert content[2].integer == TensorProto.INT64
    assert protobuf.integers(content[7]) == list(TENSOR.int64_data)


@given(st.integers(-(2**63), 2**63 - 1))
def test_integers_survive_the_round_trip(value: int) -> None:
    (field,) = protobuf.fields(memoryview(protobuf.encode_integer(20, value)))
    assert (field.number, field.integer) == (20, value)


@given(st.binary(max_size=300))
def test_bytes_survive_the_round_trip(value: bytes) -> None:
    (field,) = protobuf.fields(memoryview(protobuf.encode_bytes(5, value)))
    assert bytes(field.payload) == value
    assert bytes(field.raw) == protobuf.encode_bytes(5, value)


def test_what_is_written_is_read_by_protobuf() -> None:
    encoded = protobuf.encode_integer(1, 3) + protobuf.encode_integer(2, TensorProto.INT64)
    encoded += protobuf.encode_bytes(8, b"axes") + protobuf.encode_bytes(
        9, protobuf.int64_bytes([1, -2, 3])
    )
    tensor = onnx.TensorProto.FromString(encoded)
    assert onnx.numpy_helper.to_array(tensor).tolist() == [1, -2, 3]
    assert tensor.name == "axes"


@given(st.integers(0, len(TENSOR.SerializeToString()) - 1), st.integers(0, 255))
def test_damage_is_a_typed_error_or_another_message(position: int, value: int) -> None:
    damaged = bytearray(TENSOR.SerializeToString())
    damaged[position] = value
    for content in (damaged, damaged[:position]):
        try:
            for field in protobuf.fields(memoryview(bytes(content))):
                _ = field.raw
        except ModelFormatError:
            pass


@pytest.mark.parametrize(
    "content", [b"\x0a", b"\x0a\x05ab", b"\x08\xff", b"\x0b", b"\x08" + b"\xff" * 11]
)
def test_bytes_that_are_no_message_are_refused(content: bytes) -> None:
    with pytest.raises(ModelFormatError, match="protobuf"):
        list(protobuf.fields(memoryview(content)))


def test_a_field_of_the_wrong_kind_is_refused() -> None:
    (number,) = protobuf.fields(memoryview(protobuf.encode_integer(1, 3)))
    (text,) = protobuf.fields(memoryview(protobuf.encode_bytes(1, b"\xff")))
    with pytest.raises(ModelFormatError, match="string"):
        _ = number.payload
    with pytest.raises(ModelFormatError, match="number"):
        _ = text.integer
    with pytest.raises(ModelFormatError, match="UTF-8"):
        _ = text.text


def test_messages_without_measure_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protobuf, "_MAX_FIELDS", 3)
    monkeypatch.setattr(protobuf, "_MAX_NUMBERS", 3)
    assert len(list(protobuf.fields(memoryview(b"\x08\x00" * 3)))) == 3
    with pytest.raises(ModelFormatError, match="too many"):
        list(protobuf.fields(memoryview(b"\x08\x00" * 4)))
    (packed,) = protobuf.fields(memoryview(protobuf.encode_bytes(1, b"\x00" * 4)))
    with pytest.raises(ModelFormatError, match="4 bytes of numbers"):
        protobuf.integers(packed)

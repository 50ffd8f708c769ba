"""What is read out of Paddle programs, without PaddlePaddle."""

from __future__ import annotations

import contextlib
import json
import os
from typing import Any

import pytest
from pir_models import PirModels, ProgramText, attribute

from hpinfer._settings import unchanged_environment
from hpinfer._tiny_model import tiny_add_program
from hpinfer.errors import ModelFormatError, ModelNotFoundError
from hpinfer.paddle_inference.program import model_name_beside, parse_program, read_program


def test_inputs_and_outputs_of_a_pir_program() -> None:
    program = parse_program(PirModels.two_in_three_out(), "it")
    assert program.format == "pir"
    assert [item.name for item in program.inputs] == ["zeta", "alpha"]
    assert [item.name for item in program.outputs] == ["sum", "product", "difference"]
    assert program.inputs[0].dtype == "float32"
    assert program.inputs[0].shape == (None, 4)
    assert not program.has_parameters
    assert not program.aligned_bilinear


@pytest.mark.parametrize(
    "dtype", ["float32", "float16", "float64", "int8", "uint8", "int16", "int32", "int64", "bool"]
)
def test_element_types_of_a_pir_program(dtype: str) -> None:
    assert parse_program(PirModels.identity(dtype), "it").inputs[0].dtype == dtype


def test_outputs_follow_their_columns() -> None:
    document = json.loads(PirModels.two_in_three_out())
    (block,) = document["program"]["regions"][0]["blocks"]
    block["ops"].reverse()
    program = parse_program(json.dumps(document).encode(), "it")
    assert [item.name for item in program.outputs] == ["sum", "product", "difference"]


def resizing(kind: str, *, aligned: bool) -> bytes:
    program = ProgramText()
    x = program.data("x", [-1, 3, -1, -1])
    attributes = [attribute("align_corners", "0.a_bool", aligned)]
    program.fetch("y", program.add(kind, [x, 0, 0, 0], [-1, 3, -1, -1], attributes=attributes))
    return program.content()


@pytest.mark.parametrize(
    ("kind", "aligned", "found"),
    [
        ("1.bilinear_interp", True, True),
        ("1.bilinear_interp", False, False),
        ("1.nearest_interp", True, False),
    ],
)
def test_aligned_bilinear_resizing_is_found(kind: str, aligned: bool, found: bool) -> None:
    content = resizing(kind, aligned=aligned)
    assert parse_program(content, "it").aligned_bilinear is found
    assert parse_program(content, "it").facts("name").aligned_bilinear is found


def test_it_is_found_in_inner_blocks_too() -> None:
    document = json.loads(PirModels.scalar())
    inner = json.loads(resizing("1.bilinear_interp", aligned=True))["program"]["regions"]
    inner[0]["blocks"][0]["ops"] = inner[0]["blocks"][0]["ops"][1:2]
    document["program"]["regions"][0]["blocks"][0]["ops"][1]["regions"] = inner
    assert parse_program(json.dumps(document).encode(), "it").aligned_bilinear


def varint(value: int) -> bytes:
    out = bytearray()
    value &= (1 << 64) - 1
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def message(field: int, value: bytes | str) -> bytes:
    content = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(content)) + content


def variable(name: str, dtype: int, dims: list[int], *, persistable: bool = False) -> bytes:
    tensor = number(1, dtype) + b"".join(number(2, dim) for dim in dims)
    kind = number(1, 7) + message(3, message(1, tensor) + number(2, 0))
    return message(3, message(1, name) + message(2, kind) + number(3, persistable))


def operator(kind: str, inputs: list[str], outputs: list[str], *attributes: bytes) -> bytes:
    slots = message(1, message(1, "X") + b"".join(message(2, name) for name in inputs))
    slots += message(2, message(1, "Out") + b"".join(message(2, name) for name in outputs))
    return message(4, slots + message(3, kind) + b"".join(message(4, item) for item in attributes))


def legacy(*, aligned: bool = False, persistable: bool = True) -> bytes:
    column = [message(1, "col") + number(2, 0) + number(3, i) for i in range(2)]
    corners = message(1, "align_corners") + number(2, 6) + number(10, aligned)
    ratio = message(1, "ratio") + number(2, 1) + varint(4 << 3 | 5) + b"\0\0\x80\x3f"
    block = number(1, 0) + number(2, -1)
    block += variable("a", 5, [-1, 3, 48, -1]) + variable("b", 3, [2])
    block += variable("w", 5, [3, 3], persistable=persistable) + variable("y", 22, [-1, 8])
    block += message(3, message(1, "feed") + message(2, number(1, 9)) + number(3, 1))
    block += operator("feed", ["feed"], ["b"], column[1]) + operator("feed", [], ["a"], column[0])
    block += operator("bilinear_interp_v2", ["a", "w"], ["t"], ratio, corners)
    block += operator("fetch", ["y"], ["fetch"], column[0])
    return message(1, block) + message(4, number(1, 0))


def test_inputs_and_outputs_of_a_pdmodel() -> None:
    program = parse_program(legacy(), "it")
    assert program.format == "pdmodel"
    assert [(x.name, x.dtype, x.shape) for x in program.inputs] == [
        ("a", "float32", (None, 3, 48, None)),
        ("b", "int64", (2,)),
    ]
    assert [(x.name, x.dtype, x.shape) for x in program.outputs] == [("y", "bfloat16", (None, 8))]


@pytest.mark.parametrize("yes", [False, True])
def test_what_a_pdmodel_has(yes: bool) -> None:
    program = parse_program(legacy(aligned=yes, persistable=yes), "it")
    assert program.aligned_bilinear is yes
    assert program.has_parameters is yes


@pytest.mark.parametrize("kept", [0.05, 0.3, 0.7, 0.95])
@pytest.mark.parametrize("content", [legacy(), PirModels.scalar()])
def test_a_truncated_program(content: bytes, kept: float) -> None:
    with pytest.raises(ModelFormatError, match=r"^it is not a Paddle program") as caught:
        parse_program(content[: int(len(content) * kept)], "it")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"\x08", b"<html>no</html>", b"{}", b"{[}", b"\xff" * 40),
        b'{"base_code": {"magic": "pickle"}}',
        b'{"base_code": {"magic": "pir"}, "program": {"regions": []}}',
    ],
)
def test_what_is_no_program(content: bytes) -> None:
    with pytest.raises(ModelFormatError, match="it "):
        parse_program(content, "it")


def test_files(tmp_path: Any) -> None:
    with pytest.raises(ModelNotFoundError, match="does not exist"):
        read_program(tmp_path / "none.json")
    with pytest.raises(ModelNotFoundError, match="not a file"):
        read_program(tmp_path)
    path = tmp_path / "inference.onnx"  # told apart by content
    path.write_bytes(legacy())
    assert read_program(path).format == "pdmodel"


def test_the_model_name_beside(tmp_path: Any) -> None:
    path = tmp_path / "inference.json"
    assert model_name_beside(path) == ""
    (tmp_path / "inference.yml").write_text("Global:\n  model_name: 'UVDoc'\nPreProcess: {}\n")
    assert model_name_beside(path) == "UVDoc"


def test_the_doctors_program() -> None:
    program = parse_program(tiny_add_program([1.0, 2.0]), "it")
    assert [(x.name, x.shape) for x in program.inputs] == [("x", (2,))]
    assert [(x.name, x.dtype) for x in program.outputs] == [("y", "float32")]
    assert not program.has_parameters


def test_the_environment_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HPINFER_TEST_KEPT", "before")
    monkeypatch.setenv("HPINFER_TEST_GONE", "before")
    before = dict(os.environ)
    with contextlib.suppress(RuntimeError), unchanged_environment():
        os.environ["HPINFER_TEST_NEW"] = "1"
        os.environ["HPINFER_TEST_KEPT"] = "after"
        del os.environ["HPINFER_TEST_GONE"]
        raise RuntimeError
    assert dict(os.environ) == before

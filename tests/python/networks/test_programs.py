"""What is read out of Paddle programs, without PaddlePaddle."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

import paddle_programs as programs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pir_models import PirModels, ProgramText, attribute

from hpinfer import hub
from hpinfer._tiny_model import tiny_add_program
from hpinfer.errors import ModelFormatError, ModelNotFoundError
from hpinfer.networks import Pool, TensorFact, parse_program, read_program

if TYPE_CHECKING:
    from pathlib import Path


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


def reducing(shape: list[int], axes: list[int], *, keep: bool = False, between: str = "") -> bytes:
    program = ProgramText()
    value = program.mean(program.data("x", shape), shape[:-1], axes, keep=keep)
    if between:
        value = program.add(between, [value], shape[:-1])
    weights = program.data("w", [6, 5])
    program.fetch("y", program.matmul(value, weights, [*shape[:-2], 5]))
    return program.content()


@pytest.mark.parametrize("axes", [[-1], [3]])
@pytest.mark.parametrize("between", ["", "1.relu", "1.transpose"])
def test_multiplied_rows_are_found(axes: list[int], between: str) -> None:
    assert parse_program(reducing([2, 3, 4, 6], axes, between=between), "it").multiplied_rows


@pytest.mark.parametrize(
    ("shape", "axes", "keep", "between"),
    [
        ([2, 3, 4, 6], [-1], True, ""),
        ([2, 3, 4, 6], [-1], False, "1.reshape"),
        ([2, 3, 4, 6], [2], False, ""),
        ([2, 3, 4, 6], [2, 3], False, ""),
        ([2, 4, 6], [-1], False, ""),
    ],
)
def test_other_reductions(shape: list[int], axes: list[int], keep: bool, between: str) -> None:
    content = reducing(shape, axes, keep=keep, between=between)
    assert not parse_program(content, "it").multiplied_rows


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("axis", [3, 2])
def test_multiplied_rows_of_a_pdmodel(kept: bool, axis: int) -> None:
    tensors = [programs.variable("x", [-1, 8, 4, 6]), programs.variable("y", [-1, 8, 5])]
    operators = [
        programs.operator("feed", "feed", "x", col=0),
        programs.operator("reduce_mean", "x", "m", dim=[axis], keep_dim=kept, reduce_all=False),
        programs.operator("relu", "m", "r"),
        programs.operator("matmul_v2", "r", "y"),
        programs.operator("fetch", "y", "fetch", col=0),
    ]
    content = programs.program(tensors, operators)
    assert parse_program(content, "it").multiplied_rows is (axis == 3 and not kept)


def test_it_is_found_in_inner_blocks_too() -> None:
    document = json.loads(PirModels.scalar())
    inner = json.loads(resizing("1.bilinear_interp", aligned=True))["program"]["regions"]
    inner[0]["blocks"][0]["ops"] = inner[0]["blocks"][0]["ops"][1:2]
    document["program"]["regions"][0]["blocks"][0]["ops"][1]["regions"] = inner
    assert parse_program(json.dumps(document).encode(), "it").aligned_bilinear


def legacy(*, aligned: bool = False, stored: bool = True) -> bytes:
    """Two inputs whose feeds are not in the order of their columns."""
    tensors = [
        programs.variable("feed", None),
        programs.variable("a", [-1, 3, 48, -1]),
        programs.variable("b", [2], dtype=3),
        programs.variable("w", [3, 3], stored=stored),
        programs.variable("y", [-1, 8], dtype=22),
    ]
    operators = [
        programs.operator("feed", "feed", "b", col=1),
        programs.operator("feed", "feed", "a", col=0),
        programs.operator("bilinear_interp_v2", "a", "t", align_corners=aligned, out_h=4),
        programs.operator("fetch", "y", "fetch", col=0),
    ]
    return programs.program(tensors, operators)


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
    program = parse_program(legacy(aligned=yes, stored=yes), "it")
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


def test_the_doctors_program() -> None:
    program = parse_program(tiny_add_program([1.0, 2.0]), "it")
    assert [(x.name, x.shape) for x in program.inputs] == [("x", (2,))]
    assert [(x.name, x.dtype) for x in program.outputs] == [("y", "float32")]
    assert not program.has_parameters


@pytest.mark.parametrize("program_format", ["pdmodel", "pir"])
def test_outline(program_format: str) -> None:
    found = parse_program(programs.pool_program(program_format, [8, -1], [4, 2]), "it")
    assert found.format == program_format
    assert found.inputs == (TensorFact("x", "float32", (1, 1, 8, None)),)
    assert "pool2d" in found.operators
    assert found.adaptive_pools == (Pool("pool2d", (8, None), (4, 2)),)


def test_outline_of_a_real_model() -> None:
    files = hub.resolve("PP-OCRv4_mobile_rec", formats=("paddle",))
    assert files.pdmodel is not None
    found = read_program(files.pdmodel)
    assert found.inputs == (TensorFact("x", "float32", (None, 3, 48, None)),)
    assert {"conv2d", "matmul_v2", "softmax", "hard_swish", "feed", "fetch"} <= found.operators
    assert {pool.output for pool in found.adaptive_pools} == {(1, 1)}


@pytest.mark.parametrize("name", ["inference.pdmodel", "inference.json"])
@pytest.mark.parametrize(
    "content", [b"", b"\x00", b"{}", b"[1]", b"not a program", b'{"program": 1, "base_code": 2}']
)
def test_other_files_are_refused_by_name(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ModelFormatError, match=r"inference\.\w+ .*is not a Paddle program"):
        read_program(path)


def test_truncated_programs_are_refused(tmp_path: Path) -> None:
    content = programs.pool_pdmodel([8, 8], [4, 4])
    path = tmp_path / "inference.pdmodel"
    for length in range(1, len(content) - 8, 7):
        path.write_bytes(content[:length])
        with pytest.raises(ModelFormatError):
            read_program(path)


@given(st.data())
def test_damage_is_a_typed_error_or_another_program(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from([legacy(aligned=True), PirModels.two_in_three_out()]))
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    for content in (bytes(damaged), bytes(damaged[:cut])):
        with contextlib.suppress(ModelFormatError):
            parse_program(content, "it")


def test_json_of_any_structure_is_a_typed_error() -> None:
    def check(value: object) -> None:
        document = json.loads(PirModels.two_in_three_out())
        (block,) = document["program"]["regions"][0]["blocks"]
        for name in ("#", "A", "I", "O", "regions"):
            operator = dict(block["ops"][0])
            operator[name] = value
            changed = {**document, "program": {"regions": [{"blocks": [{"ops": [operator]}]}]}}
            with contextlib.suppress(ModelFormatError):
                parse_program(json.dumps(changed).encode(), "it")

    for value in (None, 1, float("inf"), "x", [], [1], [[]], {}, [{"TT": {"D": [1, 2]}}]):
        check(value)


@pytest.mark.parametrize("content", [b'{"a":' * 100_000, b'{"a":' + b"[" * 100_000])
def test_json_without_measure_is_a_typed_error(content: bytes) -> None:
    with pytest.raises(ModelFormatError, match="it is not a Paddle program"):
        parse_program(content, "it")


def test_regions_nest_as_deep_as_they_like() -> None:
    document = json.loads(PirModels.scalar())
    block = document["program"]["regions"][0]["blocks"][0]
    for _ in range(50):
        loop = {"#": "1.while", "regions": document["program"]["regions"]}
        document["program"]["regions"] = [{"blocks": [{"ops": [loop]}]}]
    block["ops"].append({"#": "1.innermost"})
    found = parse_program(json.dumps(document).encode(), "it")
    assert {"while", "innermost"} <= found.operators


def test_a_program_beyond_measure_is_refused(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("hpinfer.networks.paddle._MAX_BYTES", 100)
    path = tmp_path / "inference.json"
    path.write_bytes(PirModels.scalar())
    with pytest.raises(ModelFormatError, match="more than 100 bytes"):
        read_program(path)

"""Outlines of Paddle programs, and the faults of the converter recognised in them."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import paddle_programs as programs
import pytest

from hpinfer import hub
from hpinfer.errors import ModelFormatError
from hpinfer.hpi.conversion import pdmodel, pir
from hpinfer.hpi.conversion.faults import known_fault
from hpinfer.hpi.conversion.program import Input, Pool, Program, read_program

if TYPE_CHECKING:
    from pathlib import Path


def pir_pool_program(size: list[int], output: list[int]) -> bytes:
    pool = programs.pir_pool(1, 2, [1, 1, *output])
    return json.dumps(programs.pir([pool], shape=[1, 1, *size])).encode()


def outline(program_format: str, size: list[int], output: list[int]) -> Program:
    if program_format == "pir":
        return pir.parse(pir_pool_program(size, output))
    return pdmodel.parse(programs.pool_pdmodel(size, output))


@pytest.mark.parametrize("program_format", ["pdmodel", "pir"])
def test_outline(program_format: str) -> None:
    found = outline(program_format, [8, -1], [4, 2])
    assert found.format == program_format
    assert found.inputs == (Input("x", (1, 1, 8, -1), "float32"),)
    assert "pool2d" in found.operators
    assert found.adaptive_pools == (Pool("pool2d", (8, -1), (4, 2)),)


def test_outline_of_a_real_model() -> None:
    files = hub.resolve("PP-OCRv4_mobile_rec", formats=("paddle",))
    assert files.pdmodel is not None
    found = read_program(files.pdmodel, "pdmodel")
    assert found.inputs == (Input("x", (-1, 3, 48, -1), "float32"),)
    assert {"conv2d", "matmul_v2", "softmax", "hard_swish", "feed", "fetch"} <= found.operators
    assert {pool.output for pool in found.adaptive_pools} == {(1, 1)}
    assert known_fault(found) is None


@pytest.mark.parametrize("program_format", ["pdmodel", "pir"])
@pytest.mark.parametrize(
    ("size", "output", "said"),
    [
        ([8, 8], [3, 3], "from 8x8 to 3x3 would be converted silently wrong"),
        ([8, 9], [4, 2], "from 8x9 to 4x2 would be converted silently wrong"),
        ([-1, -1], [4, 4], "of any size"),
        ([8, -1], [4, 1], "of any size"),
        ([8, 8], [4, 2], None),
        ([-1, -1], [1, 1], None),
    ],
)
def test_adaptive_pooling(
    program_format: str, size: list[int], output: list[int], said: str | None
) -> None:
    fault = known_fault(outline(program_format, size, output))
    if said is None:
        assert fault is None
        return
    assert fault is not None
    assert said in fault.reason
    assert ("OpenVINO" in fault.remedy) == (program_format == "pdmodel")
    assert "Paddle Inference" in fault.remedy


@pytest.mark.parametrize(
    ("operators", "said", "openvino"),
    [
        ({"conv2d", "generate_proposals_v2"}, "two-stage", False),
        ({"prior_box"}, "SSD", True),
        ({"matrix_nms"}, "matrix NMS", False),
        ({"write_to_array", "while"}, "tensor arrays", False),
        ({"array_write_"}, "tensor arrays", False),
    ],
)
def test_families_that_never_convert(operators: set[str], said: str, openvino: bool) -> None:
    fault = known_fault(Program("pdmodel", frozenset(operators), (), ()))
    assert fault is not None
    assert said in fault.reason
    assert ("OpenVINO" in fault.remedy) == openvino


@pytest.mark.parametrize(
    "operators", [{"while", "assign"}, {"multiclass_nms3"}, {"grid_sampler"}, {"roi_align"}]
)
def test_what_may_convert_is_not_refused(operators: set[str]) -> None:
    assert known_fault(Program("pdmodel", frozenset(operators), (), ())) is None


def test_operators_inside_loops_count() -> None:
    body = programs.pir([programs.pir_pool(1, 2, [1, 1, 3, 3])], shape=[1, 1, 8, 8])
    loop = {"#": "2.while", "A": [], "I": [], "O": [], **body["program"]}
    found = pir.parse(json.dumps(programs.pir([loop], shape=[1])).encode())
    assert known_fault(found) is not None


@pytest.mark.parametrize("name", ["inference.pdmodel", "inference.json"])
@pytest.mark.parametrize(
    "content", [b"", b"\x00", b"{}", b"[1]", b"not a program", b'{"program": 1, "base_code": 2}']
)
def test_other_files_are_refused_by_name(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ModelFormatError, match=r"inference\.\w+ is not a Paddle program"):
        read_program(path, "pir" if name.endswith("json") else "pdmodel")


def test_truncated_programs_are_refused(tmp_path: Path) -> None:
    content = programs.pool_pdmodel([8, 8], [4, 4])
    path = tmp_path / "inference.pdmodel"
    for length in range(1, len(content) - 8, 7):
        path.write_bytes(content[:length])
        with pytest.raises(ModelFormatError):
            read_program(path, "pdmodel")


def wide_program(version: int) -> dict[str, Any]:
    def number(kind: str, value: float) -> dict[str, Any]:
        return {"#": kind, "D": value}

    scales = [number("0.a_f64", 2.0), number("0.a_f64", 1.5)]
    interp = {
        "#": "1.bilinear_interp",
        "A": [
            programs.pir_attribute("scale", "0.a_array", scales),
            programs.pir_attribute("epsilon", "0.a_f64", 1e-5),
            programs.pir_attribute("out_h", "0.a_i32", -1),
        ],
        "I": [{"%": 1}],
        "O": [programs.pir_tensor(2, [1, 1, -1, -1])],
    }
    full = {
        "#": "1.full",
        "A": [programs.pir_attribute("value", "0.a_f64", 0.1)],
        "I": [],
        "O": [programs.pir_tensor(3, [1], "0.t_f64")],
    }
    return programs.pir([interp, full], version=version, shape=[1, 1, -1, -1])


def test_attributes_of_version_4_become_f32() -> None:
    program = wide_program(4)
    expected = copy.deepcopy(program)
    attributes = expected["program"]["regions"][0]["blocks"][0]["ops"][1]["A"]
    for item in attributes[0]["AT"]["D"]:
        item["#"] = "0.a_f32"
    attributes[1]["AT"]["#"] = "0.a_f32"
    narrowed = pir.narrow_attributes(json.dumps(program).encode())
    assert narrowed is not None
    assert json.loads(narrowed) == expected


def test_nothing_to_narrow() -> None:
    assert pir.narrow_attributes(json.dumps(wide_program(3)).encode()) is None
    assert pir.narrow_attributes(pir_pool_program([8, 8], [4, 4])) is None

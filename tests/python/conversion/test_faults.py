"""The faults of the converter, recognised in outlines of Paddle programs."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import paddle_programs as programs
import pytest

from hpinfer import hub
from hpinfer.hpi.conversion import ConversionOptions, ConversionRoute
from hpinfer.hpi.conversion.conversion import _error
from hpinfer.hpi.conversion.converters import Converter
from hpinfer.hpi.conversion.failure import ConversionFailure
from hpinfer.hpi.conversion.faults import known_fault, openvino_reads
from hpinfer.networks import Program, parse_program, read_program


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
    fault = known_fault(parse_program(programs.pool_program(program_format, size, output), "it"))
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
        ({"density_prior_box"}, "SSD", False),
        ({"matrix_nms"}, "matrix NMS", False),
        ({"write_to_array", "while"}, "tensor arrays", False),
        ({"array_write_"}, "tensor arrays", False),
    ],
)
def test_families_that_never_convert(operators: set[str], said: str, openvino: bool) -> None:
    fault = known_fault(Program("pdmodel", frozenset(operators)))
    assert fault is not None
    assert said in fault.reason
    assert ("OpenVINO" in fault.remedy) == openvino


@pytest.mark.parametrize(
    ("program_format", "operators", "reads"),
    [
        ("pdmodel", {"conv2d", "set_value"}, True),
        ("pdmodel", {"conv2d", "index_put"}, False),
        ("pdmodel", {"write_to_array"}, False),
        ("pir", {"conv2d"}, False),
    ],
)
def test_openvino_is_named_where_it_may_help(
    program_format: str, operators: set[str], reads: bool
) -> None:
    program = Program(program_format, frozenset(operators))
    assert openvino_reads(program) is reads
    route = ConversionRoute(
        program_format, Path("m"), Path("p"), program, Converter("1.3.1", "installed", None)
    )
    files = SimpleNamespace(name="m")
    told = str(_error(files, route, ConversionFailure("does not convert"), ConversionOptions()))
    assert ("OpenVINO" in told) is reads
    assert told.endswith("Paddle Inference")


@pytest.mark.parametrize(
    "operators", [{"while", "assign"}, {"multiclass_nms3"}, {"grid_sampler"}, {"roi_align"}]
)
def test_what_may_convert_is_not_refused(operators: set[str]) -> None:
    assert known_fault(Program("pdmodel", frozenset(operators))) is None


def test_operators_inside_loops_count() -> None:
    body = programs.pir([programs.pir_pool(1, 2, [1, 1, 3, 3])], shape=[1, 1, 8, 8])
    loop = {"#": "2.while", "A": [], "I": [], "O": [], **body["program"]}
    found = parse_program(json.dumps(programs.pir([loop], shape=[1])).encode(), "it")
    assert known_fault(found) is not None


def test_no_fault_in_a_real_model() -> None:
    files = hub.resolve("PP-OCRv4_mobile_rec", formats=("paddle",))
    assert files.pdmodel is not None
    assert known_fault(read_program(files.pdmodel)) is None

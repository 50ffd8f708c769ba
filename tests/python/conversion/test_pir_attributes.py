"""The repair of PIR programs for the converter."""

from __future__ import annotations

import contextlib
import copy
import json
from typing import Any

import paddle_programs as programs
import pytest

from hpinfer.errors import ModelFormatError
from hpinfer.hpi.conversion.pir_attributes import narrow_attributes


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
    narrowed = narrow_attributes(json.dumps(program).encode())
    assert narrowed is not None
    assert json.loads(narrowed) == expected


def test_nothing_to_narrow() -> None:
    assert narrow_attributes(json.dumps(wide_program(3)).encode()) is None
    assert narrow_attributes(programs.pool_program("pir", [8, 8], [4, 4])) is None


def test_what_is_no_program() -> None:
    strange = wide_program(4)
    strange["base_code"]["version"] = "four"
    with pytest.raises(ModelFormatError, match="unexpected structure"):
        narrow_attributes(json.dumps(strange).encode())
    with pytest.raises(ModelFormatError, match="without a PIR"):
        narrow_attributes(b"[]")


def test_values_within_values_without_measure() -> None:
    value: dict[str, Any] = {}
    for _ in range(450):
        value = {"#": "0.a_array", "D": value}
    program = wide_program(4)
    program["program"]["regions"][0]["blocks"][0]["ops"][1]["A"][0]["AT"] = value
    content = json.dumps(program).encode()
    with contextlib.suppress(ModelFormatError):  # as deep as this Python recurses
        assert narrow_attributes(content) is not None

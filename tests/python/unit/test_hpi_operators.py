"""Operator types are read without a framework, from any of the formats."""

from __future__ import annotations

import json

import onnx
import pytest
from onnx import TensorProto, helper

from hpinfer.hpi.operators import operator_types


def onnx_file(path):
    def branch(name, operator):
        output = helper.make_tensor_value_info(f"{name}_out", TensorProto.FLOAT, None)
        node = helper.make_node(operator, ["x"], [output.name])
        return helper.make_graph([node], name, [], [output])

    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [4])
    flag = helper.make_tensor_value_info("flag", TensorProto.BOOL, [])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph(
        [
            helper.make_node("Relu", ["x"], ["r"]),
            helper.make_node(
                "If",
                ["flag"],
                ["y"],
                then_branch=branch("then", "Abs"),
                else_branch=branch("else", "Neg"),
            ),
        ],
        "g",
        [x, flag],
        [y],
        [helper.make_tensor("weights", TensorProto.FLOAT, [1000], [0.5] * 1000)],
    )
    onnx.save(helper.make_model(graph), path)
    return path


def field(number, payload):
    assert len(payload) < 128
    return bytes([number << 3 | 2, len(payload)]) + payload


def test_onnx_with_the_bodies_of_control_flow(tmp_path):
    path = onnx_file(tmp_path / "m.onnx")
    assert operator_types(path, "onnx") == {"Relu", "If", "Abs", "Neg"}


def test_pdmodel(tmp_path):
    operators = b"".join(
        field(4, field(1, field(1, b"X")) + field(3, name) + bytes([5 << 3, 1]))
        for name in (b"conv2d", b"grid_sampler")
    )
    path = tmp_path / "m.pdmodel"
    path.write_bytes(field(1, bytes([1 << 3, 0]) + operators))
    assert operator_types(path, "pdmodel") == {"conv2d", "grid_sampler"}


def test_pir(tmp_path):
    path = tmp_path / "m.json"
    operators = [{"#": "1.conv2d"}, {"#": "1.while"}]
    path.write_text(json.dumps({"program": {"regions": [{"blocks": [{"ops": operators}]}]}}))
    assert {"conv2d", "while"} <= operator_types(path, "pir")


@pytest.mark.parametrize("content", [b"", b"\xff" * 40, b"\x3a\xff\xff\xff\x7f", b"plain text"])
@pytest.mark.parametrize("kind", ["onnx", "pdmodel", "pir"])
def test_a_file_that_cannot_be_read_has_no_operators(tmp_path, content, kind):
    path = tmp_path / "m"
    path.write_bytes(content)
    assert operator_types(path, kind) == frozenset()
    assert operator_types(tmp_path / "absent", kind) == frozenset()

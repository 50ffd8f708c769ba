"""Operator types are read without a framework, from any of the formats."""

from __future__ import annotations

import json

import onnx
import paddle_programs as programs
import pytest
from onnx import TensorProto, helper

from hpinfer.errors import ModelFormatError
from hpinfer.networks import operator_types
from hpinfer.networks.onnx import read_onnx_operators
from hpinfer.networks.protobuf import encode_bytes


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


@pytest.mark.parametrize("program_format", ["pdmodel", "pir"])
def test_paddle_programs(tmp_path, program_format):
    path = tmp_path / "m"
    path.write_bytes(programs.pool_program(program_format, [8, 8], [1, 1]))
    feed = "feed" if program_format == "pdmodel" else "data"
    assert operator_types(path, program_format) == {feed, "pool2d", "fetch"}
    other = "pir" if program_format == "pdmodel" else "pdmodel"
    assert operator_types(path, other) == frozenset()


def test_operators_of_pir_regions_count(tmp_path):
    body = programs.pir([programs.pir_pool(1, 2, [1, 1, 3, 3])], shape=[1, 1, 8, 8])
    loop = {"#": "2.while", "A": [], "I": [], "O": [], **body["program"]}
    path = tmp_path / "m.json"
    path.write_text(json.dumps(programs.pir([loop], shape=[1])))
    assert {"pool2d", "while"} <= operator_types(path, "pir")


def test_onnx_functions_count(tmp_path):
    opset = helper.make_opsetid("", 18)
    node = helper.make_node("Gelu", ["x"], ["y"])
    function = helper.make_function("own", "Twice", ["x"], ["y"], [node], [opset])
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [4]) for name in "xy"]
    call = helper.make_node("Twice", ["x"], ["y"], domain="own")
    graph = helper.make_graph([call], "g", values[:1], values[1:])
    path = tmp_path / "m.onnx"
    onnx.save(helper.make_model(graph, functions=[function], opset_imports=[opset]), path)
    assert operator_types(path, "onnx") == {"Twice", "Gelu"}


def test_graphs_without_measure_are_refused(tmp_path):
    graph = b""
    for _ in range(100):
        attribute = encode_bytes(6, graph)
        graph = encode_bytes(1, encode_bytes(4, b"If") + encode_bytes(5, attribute))
    path = tmp_path / "m.onnx"
    path.write_bytes(encode_bytes(7, graph))
    with pytest.raises(ModelFormatError, match=r"m\.onnx .*graphs within graphs"):
        read_onnx_operators(path)
    assert operator_types(path, "onnx") == frozenset()


@pytest.mark.parametrize("content", [b"", b"\xff" * 40, b"\x3a\xff\xff\xff\x7f", b"plain text"])
@pytest.mark.parametrize("kind", ["onnx", "pdmodel", "pir"])
def test_a_file_that_cannot_be_read_has_no_operators(tmp_path, content, kind):
    path = tmp_path / "m"
    path.write_bytes(content)
    assert operator_types(path, kind) == frozenset()
    assert operator_types(tmp_path / "absent", kind) == frozenset()

"""Small networks."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper


def _value(name: str, shape: Any, kind: int = TensorProto.FLOAT) -> Any:
    return helper.make_tensor_value_info(name, kind, shape)


def _model(nodes: Any, inputs: Any, outputs: Any, constants: Any = ()) -> bytes:
    graph = helper.make_graph(nodes, "graph", inputs, outputs, constants)
    opset = [helper.make_opsetid("", 13)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()


def convolution() -> bytes:
    """[n, 3, h, w] to [n, 4, h, w]."""
    weights = np.random.default_rng(1).standard_normal((4, 3, 3, 3), dtype=np.float32)
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["y"]),
    ]
    constants = [numpy_helper.from_array(weights, "w")]
    dims = ["n", 3, "h", "w"]
    return _model(nodes, [_value("x", dims)], [_value("y", ["n", 4, "h", "w"])], constants)


def two_outputs() -> bytes:
    """The sum and the difference of two inputs [n, 4]."""
    nodes = [
        helper.make_node("Add", ["a", "b"], ["sum"]),
        helper.make_node("Sub", ["a", "b"], ["difference"]),
    ]
    sides = [_value(name, ["n", 4]) for name in ("a", "b")]
    return _model(nodes, sides, [_value(name, ["n", 4]) for name in ("sum", "difference")])


def passed_on() -> bytes:
    """relu(x), and x itself."""
    nodes = [helper.make_node("Relu", ["x"], ["y"])]
    return _model(nodes, [_value("x", ["n"])], [_value("y", ["n"]), _value("x", ["n"])])


def nonzero() -> bytes:
    """Indices of the elements that are not 0."""
    nodes = [helper.make_node("NonZero", ["x"], ["i"])]
    return _model(nodes, [_value("x", ["n"])], [_value("i", [1, "k"], TensorProto.INT64)])

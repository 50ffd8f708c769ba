"""Small networks for the TensorRT tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

if TYPE_CHECKING:
    from collections.abc import Sequence

OPSET = 13


def value(name: str, shape: Sequence[int | str], kind: int = TensorProto.FLOAT) -> Any:
    """An input or output."""
    return helper.make_tensor_value_info(name, kind, list(shape))


def model(nodes: Any, inputs: Any, outputs: Any, constants: Sequence[Any] = ()) -> bytes:
    """The serialised model."""
    graph = helper.make_graph(nodes, "g", inputs, outputs, list(constants))
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    return bytes(made.SerializeToString())


def constant(name: str, array: Any) -> Any:
    """An initializer."""
    return numpy_helper.from_array(array, name)


def convolution(name: str = "conv") -> bytes:
    """x [n, 3, h, w] to y [n, 4, h, w]."""
    rng = np.random.default_rng(7)
    kernel = constant("kernel", rng.standard_normal((4, 3, 3, 3)).astype(np.float32))
    nodes = [
        helper.make_node("Conv", ["x", "kernel"], ["c"], name=name, pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["y"], name="relu"),
    ]
    return model(
        nodes, [value("x", ["n", 3, "h", "w"])], [value("y", ["n", 4, "h", "w"])], [kernel]
    )


def classifier() -> bytes:
    """x [n, 3, h, w] to the softmax of the mean of each channel, [n, 3]."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["x"], ["p"], name="pool"),
        helper.make_node("Flatten", ["p"], ["f"], name="flatten"),
        helper.make_node("Softmax", ["f"], ["y"], name="softmax"),
    ]
    return model(nodes, [value("x", ["n", 3, "h", "w"])], [value("y", ["n", 3])])


def fixed() -> bytes:
    """y = -x, [2, 3]."""
    return model(
        [helper.make_node("Neg", ["x"], ["y"], name="neg")],
        [value("x", [2, 3])],
        [value("y", [2, 3])],
    )


def three_outputs() -> bytes:
    """sum, product and difference of two inputs, in an order of their own."""
    nodes = [
        helper.make_node("Mul", ["zeta", "alpha"], ["product"], name="mul"),
        helper.make_node("Sub", ["zeta", "alpha"], ["difference"], name="sub"),
        helper.make_node("Add", ["zeta", "alpha"], ["sum"], name="add"),
    ]
    sides = [value("zeta", [4]), value("alpha", [4])]
    return model(nodes, sides, [value(name, [4]) for name in ("sum", "product", "difference")])


def nonzero() -> bytes:
    """Indices of the elements that are not 0: as many columns as there are such elements."""
    node = helper.make_node("NonZero", ["x"], ["indices"], name="nonzero")
    found = value("indices", [1, "found"], TensorProto.INT64)
    return model([node], [value("x", ["n"])], [found])


def unknown_operator() -> bytes:
    """A node that no engine has, after one that all have."""
    nodes = [
        helper.make_node("Relu", ["x"], ["r"], name="first"),
        helper.make_node("NoSuchOperator", ["r"], ["y"], name="stage2/odd"),
    ]
    return model(nodes, [value("x", [2])], [value("y", [2])])


def quantised() -> bytes:
    """x through QuantizeLinear and DequantizeLinear."""
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["q"], name="q"),
        helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["y"], name="dq"),
    ]
    constants = [constant("scale", np.float32(0.5)), constant("zero", np.int8(0))]
    return model(nodes, [value("x", [4])], [value("y", [4])], constants)


def shape_input() -> bytes:
    """A network whose input the stand-in takes for one that holds a shape."""
    return model(
        [helper.make_node("Neg", ["shape_of_it"], ["y"], name="neg")],
        [value("shape_of_it", [2])],
        [value("y", [2])],
    )

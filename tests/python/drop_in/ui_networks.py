"""Small networks with the inputs and outputs of PaddleX's model families."""

from __future__ import annotations

import itertools

import numpy as np
from onnx import TensorProto, helper, numpy_helper

_OPSET = 11


def _save(path, nodes, inputs, outputs, constants=()):
    graph = helper.make_graph(list(nodes), "net", list(inputs), list(outputs), list(constants))
    opset = [helper.make_opsetid("", _OPSET)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=7)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString())
    return path


def _info(name, dtype, shape):
    return helper.make_tensor_value_info(name, dtype, shape)


def detector(path):
    """Inputs in an order that is not alphabetical; boxes that may be none, and their number.

    ``boxes`` [N, 2] float32 are the rows of ``image`` above 0 times ``scale_factor``, ``bbox_num``
    int32 [1] is N, ``shape`` is ``im_shape`` unchanged.
    """
    nodes = [
        helper.make_node("Greater", ["image", "zero"], ["positive"]),
        helper.make_node("Compress", ["image", "mask"], ["kept"], axis=0),
        helper.make_node("Squeeze", ["positive"], ["mask"], axes=[1]),
        helper.make_node("Mul", ["kept", "scale_factor"], ["boxes"]),
        helper.make_node("Cast", ["mask"], ["ones"], to=TensorProto.INT32),
        helper.make_node("ReduceSum", ["ones"], ["bbox_num"], axes=[0], keepdims=1),
        helper.make_node("Identity", ["im_shape"], ["shape"]),
    ]
    nodes[1], nodes[2] = nodes[2], nodes[1]
    inputs = [
        _info("scale_factor", TensorProto.FLOAT, [1, 2]),
        _info("im_shape", TensorProto.FLOAT, [1, 2]),
        _info("image", TensorProto.FLOAT, ["n", 1]),
    ]
    outputs = [
        _info("shape", TensorProto.FLOAT, [1, 2]),
        _info("boxes", TensorProto.FLOAT, ["m", 2]),
        _info("bbox_num", TensorProto.INT32, [1]),
    ]
    zero = numpy_helper.from_array(np.zeros(1, np.float32), "zero")
    return _save(path, nodes, inputs, outputs, [zero])


def text_map(path):
    """``x`` [N, 3, H, W] to a map [N, 1, H, W]: the mean over the channels through a sigmoid."""
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["mean"], axes=[1], keepdims=1),
        helper.make_node("Sigmoid", ["mean"], ["y"]),
    ]
    return _save(
        path,
        nodes,
        [_info("x", TensorProto.FLOAT, ["n", 3, "h", "w"])],
        [_info("y", TensorProto.FLOAT, ["n", 1, "h", "w"])],
    )


def labels(path):
    """``x`` [N, 3, H, W] to the strongest channel, int64 [N, H, W]."""
    nodes = [helper.make_node("ArgMax", ["x"], ["labels"], axis=1, keepdims=0)]
    return _save(
        path,
        nodes,
        [_info("x", TensorProto.FLOAT, ["n", 3, "h", "w"])],
        [_info("labels", TensorProto.INT64, ["n", "h", "w"])],
    )


def heavy(path):
    """Forty products of 512x512 matrices."""
    weight = numpy_helper.from_array(np.eye(512, dtype=np.float32)[::-1].copy(), "weight")
    names = ["x", *(f"x{i}" for i in range(39)), "y"]
    nodes = [helper.make_node("MatMul", [a, "weight"], [b]) for a, b in itertools.pairwise(names)]
    square = [512, 512]
    return _save(
        path,
        nodes,
        [_info("x", TensorProto.FLOAT, square)],
        [_info("y", TensorProto.FLOAT, square)],
        [weight],
    )

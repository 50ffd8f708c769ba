"""Graphs rewritten for OpenVINO: the same function, and nothing touched that might be another one.

ONNX Runtime runs both graphs: it neither needs nor prefers the rewritten one.
"""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from hpinfer.errors import ModelFormatError
from hpinfer.networks import rewrite_for_openvino

FLOAT = TensorProto.FLOAT
ROWS, COLUMNS = 6, 9


def weights(*shape, seed=0, dtype=np.float32):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def model_of(nodes, constants=(), *, channels=3, opset=13, element=FLOAT, result="y", **more):
    """A network from x [1, channels, h, w] to `result`."""
    tensors = [
        value if isinstance(value, TensorProto) else numpy_helper.from_array(value, name)
        for name, value in dict(constants).items()
    ]
    graph = helper.make_graph(
        list(nodes),
        "network",
        [helper.make_tensor_value_info("x", element, [1, channels, "h", "w"])],
        [helper.make_tensor_value_info(name, element, list("nchw")) for name in result.split()],
        tensors,
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], **more)
    made.ir_version = 8
    return made.SerializeToString()


def run(model, *, channels=3, dtype=np.float32):
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": weights(1, channels, ROWS, COLUMNS, seed=7, dtype=dtype)})


def kinds(model):
    return [node.op_type for node in onnx.load_from_string(model).graph.node]


def upsampling(*, channels=3, window=2, outputs=1, bias=False, strides=None, **attributes):
    """A transposed convolution "up" and its constants."""
    inputs = ["x", "weight", "bias"] if bias else ["x", "weight"]
    given = {"kernel_shape": [window] * 2, "strides": strides or [window] * 2, **attributes}
    constants = {"weight": weights(channels, outputs, window, window)}
    if bias:
        constants["bias"] = weights(outputs, seed=1)
    return helper.make_node("ConvTranspose", inputs, ["up"], **given), constants


def text_head(**options):
    """What text detectors end in, with its constants."""
    up, constants = upsampling(**options)
    nodes = [
        up,
        helper.make_node("Add", ["up", "number"], ["moved"]),
        helper.make_node("Sigmoid", ["moved"], ["y"]),
    ]
    return nodes, {**constants, "number": np.full((1, 1, 1, 1), 0.25, np.float32)}


@pytest.mark.parametrize("channels", [1, 3, 24])
@pytest.mark.parametrize("window", [2, 3, 4])
@pytest.mark.parametrize("bias", [False, True])
def test_an_upsampling_to_one_channel_moves_behind_what_follows(channels, window, bias):
    given = model_of(*text_head(channels=channels, window=window, bias=bias), channels=channels)
    made = rewrite_for_openvino(given)
    assert (made.convolutions, made.gates) == (1, 0)
    onnx.checker.check_model(onnx.load_from_string(made.model), full_check=True)
    assert kinds(made.model) == ["Conv", "Add", "Sigmoid", "DepthToSpace"]
    (want,), (have,) = run(given, channels=channels), run(made.model, channels=channels)
    assert have.shape == (1, 1, ROWS * window, COLUMNS * window)
    np.testing.assert_allclose(have, want, rtol=0, atol=1e-6)


def test_constants_may_be_nodes_and_lists_of_numbers_and_values_have_other_names():
    nodes, constants = text_head()
    listed = helper.make_tensor("", FLOAT, [3, 1, 2, 2], constants.pop("weight").ravel())
    nodes[0].input[1] = "same weight"
    nodes[1].input[0] = "same up"
    given = model_of(
        [
            helper.make_node("Constant", [], ["weight"], value=listed),
            helper.make_node("Identity", ["weight"], ["same weight"]),
            nodes[0],
            helper.make_node("Identity", ["up"], ["same up"]),
            *nodes[1:],
        ],
        constants,
    )
    made = rewrite_for_openvino(given)
    assert made.convolutions == 1
    np.testing.assert_allclose(run(made.model)[0], run(given)[0], rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "options",
    [
        {"outputs": 2},
        {"window": 1},
        {"window": 3, "strides": [2, 2]},
        {"strides": [2, 1]},
        {"pads": [1, 0, 0, 0]},
        {"output_padding": [1, 1]},
        {"dilations": [2, 2]},
        {"auto_pad": "SAME_UPPER"},
        {"output_shape": [ROWS * 2, COLUMNS * 2]},
    ],
    ids=lambda options: "-".join(options),
)
def test_other_transposed_convolutions_stay(options):
    assert rewrite_for_openvino(model_of(*text_head(**options))) is None


def test_grouped_convolutions_stay():
    nodes, constants = text_head(group=3)
    assert rewrite_for_openvino(model_of(nodes, constants)) is None


def test_a_weight_that_is_computed_stays():
    nodes, constants = text_head()
    constants["stored"] = constants.pop("weight")
    computed = helper.make_node("Relu", ["stored"], ["weight"])
    assert rewrite_for_openvino(model_of([computed, *nodes], constants)) is None


def test_a_convolution_that_nothing_follows_stays():
    up, constants = upsampling()
    up.output[0] = "y"
    assert rewrite_for_openvino(model_of([up], constants)) is None


@pytest.mark.parametrize("result", ["y up", "y moved"])
def test_values_that_are_given_out_end_what_moves(result):
    given = model_of(*text_head(), result=result)
    made = rewrite_for_openvino(given)
    assert (made is None) == ("up" in result)
    for have, want in zip(run(made.model if made else given), run(given), strict=True):
        np.testing.assert_allclose(have, want, rtol=0, atol=1e-6)


def test_a_picture_with_two_users_stays():
    nodes, constants = text_head()
    nodes[1].input[1] = "up"
    nodes[1] = helper.make_node("Mul", ["up", "up"], ["moved"])
    assert rewrite_for_openvino(model_of(nodes, constants)) is None


def test_adding_a_row_ends_what_moves():
    nodes, constants = text_head()
    constants["number"] = weights(1, 1, 1, COLUMNS * 2)
    assert rewrite_for_openvino(model_of(nodes, constants)) is None


def gated(*, gate="HardSigmoid", order=(0, 1), sum_order=(0, 1)):
    factors = [("x", "gate")[index] for index in order]
    terms = [("product", "x")[index] for index in sum_order]
    return [
        helper.make_node("GlobalAveragePool", ["x"], ["mean"]),
        helper.make_node(gate, ["mean"], ["gate"]),
        helper.make_node("Mul", factors, ["product"]),
        helper.make_node("Add", terms, ["y"]),
    ]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("sum_order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("gate", ["Sigmoid", "HardSigmoid"])
def test_a_gate_takes_in_the_sum_after_it(gate, order, sum_order):
    given = model_of(gated(gate=gate, order=order, sum_order=sum_order))
    made = rewrite_for_openvino(given)
    assert (made.convolutions, made.gates) == (0, 1)
    onnx.checker.check_model(onnx.load_from_string(made.model), full_check=True)
    assert kinds(made.model) == ["GlobalAveragePool", gate, "Add", "Mul"]
    np.testing.assert_allclose(run(made.model)[0], run(given)[0], rtol=3e-7)


def test_products_of_anything_else_stay():
    """Of a gate alone it is known that it has the type of the constant 1."""
    assert rewrite_for_openvino(model_of(gated(gate="Relu"))) is None


def test_a_product_that_is_used_twice_stays():
    assert rewrite_for_openvino(model_of(gated(), result="y product")) is None


def test_the_sum_of_two_products_stays():
    nodes = [*gated()[:3], helper.make_node("Add", ["product", "product"], ["y"])]
    assert rewrite_for_openvino(model_of(nodes)) is None


def test_gates_of_other_precisions_stay():
    assert rewrite_for_openvino(model_of(gated(), element=TensorProto.FLOAT16)) is None
    cast = helper.make_node("Cast", ["x"], ["half"], to=TensorProto.FLOAT16)
    nodes = [cast, *gated()]
    for node in nodes[1:]:
        node.input[:] = ["half" if name == "x" else name for name in node.input]
    assert rewrite_for_openvino(model_of(nodes)) is None


def test_both_rewritings_of_one_graph():
    up, constants = upsampling()
    up.input[0] = "gated"
    nodes = gated()
    nodes[-1].output[0] = "gated"
    sigmoid = helper.make_node("Sigmoid", ["up"], ["y"])
    given = model_of([*nodes, up, sigmoid], constants)
    made = rewrite_for_openvino(given)
    assert (made.convolutions, made.gates) == (1, 1)
    np.testing.assert_allclose(run(made.model)[0], run(given)[0], rtol=0, atol=1e-6)
    assert rewrite_for_openvino(made.model) is None, "there is nothing left to rewrite"


def test_metadata_and_operator_sets_are_kept():
    given = onnx.load_from_string(model_of(*text_head()))
    helper.set_model_props(given, {"character": "a\nb"})
    made = onnx.load_from_string(rewrite_for_openvino(given.SerializeToString()).model)
    assert made.metadata_props == given.metadata_props
    assert made.opset_import == given.opset_import
    assert made.graph.input == given.graph.input
    assert made.graph.output == given.graph.output


def test_graphs_that_are_left_alone():
    assert rewrite_for_openvino(model_of(*text_head(), opset=10)) is None
    nodes, constants = text_head()
    branch = helper.make_graph(
        [helper.make_node("Identity", ["y"], ["kept"])],
        "branch",
        [],
        [helper.make_tensor_value_info("kept", FLOAT, None)],
    )
    choice = helper.make_node("If", ["yes"], ["z"], then_branch=branch, else_branch=branch)
    constants["yes"] = np.array([True])
    assert rewrite_for_openvino(model_of([*nodes, choice], constants, result="z")) is None
    function = helper.make_function("own", "F", ["a"], ["b"], [], [helper.make_opsetid("", 13)])
    with_function = model_of(*text_head(), functions=[function])
    assert rewrite_for_openvino(with_function) is None


@pytest.mark.parametrize("content", [b"\x00" * 40, b"<net></net>", b"\x3a\x05graph"])
def test_what_is_no_model_is_an_error(content):
    with pytest.raises(ModelFormatError):
        rewrite_for_openvino(content)


@pytest.mark.parametrize(
    ("kind", "inputs", "outputs"),
    [
        *[("ConvTranspose", ["x"], ["y"]), ("ConvTranspose", ["x", "number"], [])],
        *[("Add", ["x"], ["y"]), ("Add", ["product", "x"], []), ("Constant", [], [])],
        *[("Identity", [], ["y"]), ("Identity", ["x"], [])],
    ],
)
def test_nodes_that_lack_something_are_left_to_the_engine(kind, inputs, outputs):
    constants = {"number": np.float32(1)}
    node = helper.make_node(kind, inputs, outputs, value=numpy_helper.from_array(np.float32(1)))
    assert rewrite_for_openvino(model_of([node], constants)) is None


def test_a_circle_ends():
    up, constants = upsampling()
    circle = [
        helper.make_node("Relu", ["b"], ["a"]),
        helper.make_node("Relu", ["a"], ["b"]),
    ]
    up.output[0] = "a"
    rewrite_for_openvino(model_of([up, *circle], constants))

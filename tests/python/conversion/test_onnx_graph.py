"""The repair of NMS graphs, and notes in the metadata, on models that ONNX Runtime runs."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from hpinfer.errors import ModelFormatError
from hpinfer.hpi.conversion.onnx_graph import fix_nms_squeeze, with_metadata
from hpinfer.networks.onnx import opset_version


def nms_model(opset: int) -> bytes:
    """Indices of the boxes that survive, the way paddle2onnx writes it."""
    constant = helper.make_tensor("column", TensorProto.INT64, [1], [2])
    limits = [
        helper.make_tensor("most", TensorProto.INT64, [1], [10]),
        helper.make_tensor("overlap", TensorProto.FLOAT, [1], [0.5]),
        helper.make_tensor("least", TensorProto.FLOAT, [1], [0.3]),
    ]
    nodes = [
        helper.make_node(
            "NonMaxSuppression", ["boxes", "scores", "most", "overlap", "least"], ["rows"]
        ),
        helper.make_node("Gather", ["rows", "column"], ["picked"], axis=1),
        helper.make_node("Squeeze", ["picked"], ["kept"]),
    ]
    graph = helper.make_graph(
        nodes,
        "nms",
        [
            helper.make_tensor_value_info("boxes", TensorProto.FLOAT, [1, "n", 4]),
            helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 1, "n"]),
        ],
        [helper.make_tensor_value_info("kept", TensorProto.INT64, ["k"])],
        [constant, *limits],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 8
    return model.SerializeToString()


def filtered_model(opset: int, rows_axis: int = 0, *, classes: str = "class_rows") -> bytes:
    """The boxes of the classes other than the first, the way paddle2onnx 1.3.1 writes it."""
    integers = {"box": [2], "class": [1], "most": [10], "background": [0], "last": [1]}
    constants = [
        helper.make_tensor(name, TensorProto.INT64, [1], value) for name, value in integers.items()
    ]
    for name, value in {"overlap": 0.5, "least": 0.3}.items():
        constants.append(helper.make_tensor(name, TensorProto.FLOAT, [1], [value]))
    axes = {"axes": [1]} if opset < 13 else {}
    nodes = [
        helper.make_node(
            "NonMaxSuppression", ["boxes", "scores", "most", "overlap", "least"], ["rows"]
        ),
        helper.make_node("Gather", ["rows", "class"], ["class_rows"], axis=1),
        helper.make_node("Gather", ["rows", "box"], ["box_rows"], axis=1),
        helper.make_node("Squeeze", [classes, *([] if axes else ["last"])], ["classes"], **axes),
        helper.make_node("Sub", ["classes", "background"], ["difference"]),
        helper.make_node("NonZero", ["difference"], ["others"]),
        helper.make_node("Gather", ["box_rows", "others"], ["picked"], axis=rows_axis),
        helper.make_node("Squeeze", ["picked"], ["kept"]),
    ]
    graph = helper.make_graph(
        nodes,
        "filtered",
        [
            helper.make_tensor_value_info("boxes", TensorProto.FLOAT, [1, "n", 4]),
            helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 2, "n"]),
        ],
        [helper.make_tensor_value_info("kept", TensorProto.INT64, ["k"])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 8
    return model.SerializeToString()


def surviving(model: bytes, boxes: int, classes: int = 1) -> np.ndarray:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    corners = np.arange(boxes, dtype=np.float32)[:, None] * 10 + np.array([0, 0, 5, 5], "f")
    scores = np.linspace(0.9, 0.8, boxes, dtype=np.float32)
    return session.run(
        None, {"boxes": corners[None], "scores": np.stack([scores] * classes)[None]}
    )[0]


@pytest.mark.parametrize("opset", [11, 13, 17])
def test_one_box_stays_a_list(opset: int) -> None:
    model = nms_model(opset)
    assert surviving(model, 1).shape == ()  # the fault
    fixed, changed = fix_nms_squeeze(model)
    assert changed == 1
    assert surviving(fixed, 1).shape == (1,)
    np.testing.assert_array_equal(surviving(fixed, 3), surviving(model, 3))


@pytest.mark.parametrize("opset", [11, 13])
def test_repaired_models_are_valid_and_otherwise_the_same(opset: int) -> None:
    model = nms_model(opset)
    fixed, _ = fix_nms_squeeze(model)
    onnx.checker.check_model(onnx.load_from_string(fixed), full_check=True)
    before, after = (onnx.load_from_string(content).graph for content in (model, fixed))
    assert list(after.node)[:2] == list(before.node)[:2]
    assert list(after.input) == list(before.input)
    assert list(after.initializer)[: len(before.initializer)] == list(before.initializer)


@pytest.mark.parametrize("opset", [11, 13, 17])
def test_one_box_that_is_not_background_stays_a_list(opset: int) -> None:
    model = filtered_model(opset)
    assert surviving(model, 1, 2).shape == ()  # the fault
    fixed, changed = fix_nms_squeeze(model)
    assert changed == 1
    onnx.checker.check_model(onnx.load_from_string(fixed), full_check=True)
    assert surviving(fixed, 1, 2).shape == (1,)
    np.testing.assert_array_equal(surviving(fixed, 3, 2), surviving(model, 3, 2))
    assert fix_nms_squeeze(fixed) == (fixed, 0)


@pytest.mark.parametrize("other", [{"rows_axis": 1}, {"classes": "rows"}])
def test_rows_picked_in_another_way_are_left_alone(other: dict[str, object]) -> None:
    model = filtered_model(13, **other)
    assert fix_nms_squeeze(model) == (model, 0)


@pytest.mark.parametrize("opset", [11, 13])
def test_a_repaired_model_is_left_alone(opset: int) -> None:
    fixed, _ = fix_nms_squeeze(nms_model(opset))
    again, changed = fix_nms_squeeze(fixed)
    assert (again, changed) == (fixed, 0)


def test_other_squeezes_are_left_alone() -> None:
    node = helper.make_node("Squeeze", ["x"], ["y"])
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in "xy"]
    graph = helper.make_graph([node], "squeeze", values[:1], values[1:])
    model = helper.make_model(graph).SerializeToString()
    assert fix_nms_squeeze(model) == (model, 0)


def test_metadata_is_added_and_the_last_value_counts() -> None:
    model = with_metadata(with_metadata(nms_model(13), {"a": "1", "b": "ä"}), {"a": "2"})
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    assert session.get_modelmeta().custom_metadata_map == {"a": "2", "b": "ä"}


def test_opset_version() -> None:
    assert opset_version(memoryview(nms_model(13))) == 13


@pytest.mark.parametrize("content", [b"", b"\x08\x07", b"no model"])
def test_other_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(ModelFormatError):
        fix_nms_squeeze(content)

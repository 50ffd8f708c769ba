"""Model folders and networks from anyone: what they say, or a typed error."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import damaged
from onnx import helper, numpy_helper
from outcomes import outcome
from paddle_programs import operator, variable

from hpinfer import _native
from hpinfer._tiny_model import tiny_add_model, tiny_add_program
from hpinfer.config import parse_inference_config, parse_model_hpi
from hpinfer.errors import HpinferError, ModelFormatError
from hpinfer.hub.model_files import open_directory
from hpinfer.models.text_recognition import recognition_characters
from hpinfer.models.transform import native_operators
from hpinfer.models.transform_detection import detection_operators, segmentation_operators
from hpinfer.networks import rewrite_for_openvino
from hpinfer.networks.onnx import (
    read_onnx_external_files,
    read_onnx_metadata,
    read_onnx_operators,
)
from hpinfer.networks.paddle import parse_program
from hpinfer.networks.protobuf import encode_bytes
from hpinfer.session import Session

hostile = settings(settings.get_profile("hostile"))

INFERENCE_YML = b"""
Global: {model_name: m}
Hpi: {backend_configs: {paddle_infer: {trt_dynamic_shapes: {x: [[1, 3, 32, 32]]}}}}
PreProcess:
  transform_ops:
  - DecodeImage: {channel_first: false, img_mode: BGR}
  - RecResizeImg: {image_shape: [3, 48, 320]}
  - KeepKeys: {keep_keys: [image]}
PostProcess: {name: CTCLabelDecode, character_dict: ['a', 'b', "\\u4e00"]}
"""
ONNX = tiny_add_model([1.0, 2.0, 3.0])
PIR = tiny_add_program([1.0, 2.0])
PDMODEL = encode_bytes(
    1,
    b"".join(
        [
            encode_bytes(3, variable("feed", None)),
            encode_bytes(3, variable("x", [-1, 3, 8, 8])),
            encode_bytes(3, variable("y", [-1, 3, 1, 1])),
            encode_bytes(4, operator("feed", "feed", "x", col=0)),
            encode_bytes(4, operator("pool2d", "x", "y", adaptive=True, ksize=[1, 1])),
            encode_bytes(4, operator("fetch", "y", "fetch", col=0)),
        ]
    ),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("model")
    (path / "inference.onnx").write_bytes(ONNX)
    return path


def test_what_the_damage_is_done_to_is_whole(folder):
    (folder / "inference.yml").write_bytes(INFERENCE_YML)
    config = parse_inference_config(open_directory(folder).config)
    assert recognition_characters(config) == ["a", "b", "一"]
    assert Session(ONNX, engine="onnxruntime").run([np.zeros(3, np.float32)])[0].shape == (3,)
    for content in (PIR, PDMODEL):
        assert parse_program(content, "it").inputs


def _plan(operators, height, width):
    plan = _native.TransformPlan(operators)
    plan.explain()
    return plan.place(height, width)


@hostile
@given(data=damaged([INFERENCE_YML]))
def test_damaged_inference_yml(folder, data):
    (folder / "inference.yml").write_bytes(data)
    files = outcome("inference.yml", lambda: open_directory(folder))
    if isinstance(files, HpinferError):
        return
    config = outcome("inference.yml", lambda: parse_inference_config(files.config))
    outcome("inference.yml", lambda: parse_model_hpi(files.config))
    if isinstance(config, HpinferError):
        return
    outcome("inference.yml", lambda: recognition_characters(config))
    outcome("inference.yml", lambda: _plan(native_operators(config.operators), 30, 40))


PARAMETERS = st.sampled_from(
    [
        *(
            "image_shape",
            "size",
            "resize_short",
            "resize_long",
            "interp",
            "target_size",
            "keep_ratio",
        ),
        *(
            "mean",
            "std",
            "scale",
            "order",
            "norm_type",
            "is_scale",
            "channel_num",
            "max_wh",
            "stride",
        ),
        *("limit_side_len", "limit_type", "padding", "img_mode", "label_value", "max_len", "type"),
    ]
)
NUMBERS = st.one_of(
    st.integers(-5, 700),
    st.integers(),
    st.floats(),
    st.sampled_from([10**400, -1, 2**31, 2**63, "1./255.", "hwc", "chw", "", True, None]),
)
STEPS = st.dictionaries(
    st.sampled_from(
        [
            *("DetResizeForTest", "RecResizeImg", "ResizeImage", "CropImage", "NormalizeImage"),
            *(
                "ToCHWImage",
                "Permute",
                "Resize",
                "Pad",
                "PadStride",
                "ResizeTableImage",
                "WarpAffine",
            ),
            *(
                "PaddingTableImage",
                "DecodeImage",
                "KeepKeys",
                "Normalize",
                "Nowhere",
                "UniMERNetImgDecode",
            ),
        ]
    ),
    st.dictionaries(PARAMETERS, st.one_of(NUMBERS, st.lists(NUMBERS, max_size=4)), max_size=5),
    min_size=1,
    max_size=1,
)


@hostile
@given(
    steps=st.lists(STEPS, max_size=5),
    layout=st.sampled_from(["PreProcess", "Preprocess", "Deploy"]),
    height=st.integers(1, 3000),
    width=st.integers(1, 3000),
)
def test_any_steps_of_preprocessing(steps, layout, height, width):
    typed = [{**params, "type": name} for step in steps for name, params in step.items()]
    section = {
        "PreProcess": {"transform_ops": steps},
        "Preprocess": typed,
        "Deploy": {"transforms": typed},
    }[layout]
    read = {
        "PreProcess": lambda config: native_operators(config.operators),
        "Preprocess": detection_operators,
        "Deploy": segmentation_operators,
    }[layout]
    config = parse_inference_config({layout: section})
    operators = outcome("pre-processing steps", lambda: read(config))
    if not isinstance(operators, HpinferError):
        outcome(
            "pre-processing steps", lambda: _plan([*operators, {"type": "ToChw"}], height, width)
        )
        outcome("pre-processing steps", lambda: _plan(operators, height, width))


@hostile
@given(data=damaged([ONNX]))
def test_damaged_onnx_files(folder, data):
    path = folder / "damaged.onnx"
    path.write_bytes(data)
    for read in (read_onnx_metadata, read_onnx_operators, read_onnx_external_files):
        outcome("ONNX files", lambda read=read: read(path))


def _detector_end():
    """A gate, and an upsampling to one channel with a sigmoid: all that is rewritten."""
    weight = numpy_helper.from_array(np.ones((3, 1, 2, 2), np.float32), "weight")
    nodes = [
        helper.make_node("HardSigmoid", ["x"], ["gate"]),
        helper.make_node("Mul", ["x", "gate"], ["product"]),
        helper.make_node("Add", ["product", "x"], ["gated"]),
        helper.make_node("ConvTranspose", ["gated", "weight"], ["up"], strides=[2, 2]),
        helper.make_node("Sigmoid", ["up"], ["y"]),
    ]
    given, wanted = (
        [helper.make_tensor_value_info(name, 1, [1, channels, "h", "w"])]
        for name, channels in (("x", 3), ("y", 1))
    )
    graph = helper.make_graph(nodes, "g", given, wanted, [weight])
    operators = [helper.make_opsetid("", 13)]
    return helper.make_model(graph, opset_imports=operators, ir_version=8).SerializeToString()


DETECTOR_END = _detector_end()


@hostile
@given(data=damaged([DETECTOR_END]))
def test_damaged_onnx_graphs_are_rewritten_or_refused(data):
    assert rewrite_for_openvino(DETECTOR_END) is not None
    outcome("ONNX graphs to rewrite", lambda: rewrite_for_openvino(data))


@hostile
@given(data=damaged([ONNX]))
def test_damaged_onnx_models_in_the_engine(data):
    session = outcome("ONNX models in ONNX Runtime", lambda: Session(data, engine="onnxruntime"))
    if not isinstance(session, HpinferError) and all(
        info.shape == (3,) and info.dtype == "float32" for info in session.inputs
    ):
        feeds = [np.zeros(3, np.float32) for _ in session.inputs]
        outcome("ONNX models in ONNX Runtime", lambda: session.run(feeds))


@hostile
@given(data=damaged([PIR, PDMODEL]))
def test_damaged_paddle_programs(data):
    outcome("Paddle programs", lambda: parse_program(data, "it"))


def test_names_of_weights_that_lead_out_of_the_folder_are_not_followed(folder):
    def entry(number: int, key: str, value: str) -> bytes:
        return encode_bytes(number, encode_bytes(1, key.encode()) + encode_bytes(2, value.encode()))

    names = ["weights.bin", "../outside.bin", "/etc/passwd", "a/../../b"]
    tensors = b"".join(
        encode_bytes(5, encode_bytes(8, b"w") + entry(13, "location", name)) for name in names
    )
    path = folder / "external.onnx"
    path.write_bytes(encode_bytes(7, tensors))
    assert read_onnx_external_files(path) == (folder / "weights.bin",)


def test_a_model_folder_without_end(tmp_path):
    (tmp_path / "inference.onnx").write_bytes(ONNX)
    (tmp_path / "inference.yml").symlink_to("/dev/zero")
    with pytest.raises(ModelFormatError, match="bytes"):
        open_directory(tmp_path)


def test_a_thin_picture_does_not_become_a_tensor_without_measure():
    """One pixel by 60 000 with its ratio kept, 256 the short side: 47 GB."""
    plan = _native.TransformPlan(
        [{"type": "ResizeSide", "which": "short", "side": 256}, {"type": "ToChw"}]
    )
    with pytest.raises(HpinferError, match="limit of 67108864 pixels"):
        plan.place(1, 60000)

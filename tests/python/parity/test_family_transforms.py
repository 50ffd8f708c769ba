"""The pre-processing of each family, from its inference.yml to the tensor (contract 6.1 to 6.4)."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image

from hpinfer import _native, errors
from hpinfer.config.inference import parse_inference_config
from hpinfer.models.transform import native_operators
from hpinfer.models.transform_detection import detection_operators

from . import reference_vision as reference

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
NORMALIZE = {"channel_num": 3, "mean": MEAN, "std": STD, "scale": 1 / 255, "order": ""}
SIZES = [(300, 400), (500, 231), (224, 224), (900, 256), (256, 257)]


def picture(height, width):
    return reference.random_picture(np.random.default_rng(height * width), height, width)


def classification_config(short, crop, **resize):
    steps = [
        {"ResizeImage": {"resize_short": short, **resize}},
        {"CropImage": {"size": crop}},
        {"NormalizeImage": NORMALIZE},
        {"ToCHWImage": None},
    ]
    return parse_inference_config(
        {"Global": {"model_name": "c"}, "PreProcess": {"transform_ops": steps}}
    )


def classification_plan(config):
    return _native.TransformPlan(native_operators(config.operators, color_order="rgb"))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("short", "crop", "pillow"),
    [
        (256, 224, False),  # ResNet, PP-LCNet, MobileNet, CLIP
        (256, 224, True),  # ConvNeXt, Swin
        (232, 224, True),  # PP-HGNetV2
        (236, 224, True),  # PP-HGNet
        (384, 384, True),  # ConvNeXt_*_384
        (438, 384, True),  # Swin window12
    ],
)
def test_classification(size, short, crop, pillow):
    image = picture(*size)
    height, width = size
    scale = short / min(size)
    target = round(width * scale), round(height * scale)
    rgb = np.ascontiguousarray(image[:, :, ::-1])
    if pillow:
        options = {"backend": "pil", "interpolation": "bicubic"}
        resized = np.asarray(Image.fromarray(rgb).resize(target, Image.Resampling.BICUBIC))
    else:
        options = {}
        resized = reference.resize(rgb, *target)
    top, left = (target[1] - crop) // 2, (target[0] - crop) // 2
    expected = reference.normalize(
        resized[top : top + crop, left : left + crop], 1 / 255, MEAN, STD
    )
    plan = classification_plan(classification_config(short, crop, **options))
    np.testing.assert_array_equal(plan(image)[0], expected)


def test_a_picture_smaller_than_the_crop_is_refused():
    plan = classification_plan(classification_config(200, 224))
    with pytest.raises(errors.InvalidInputError, match="smaller than the crop 224x224"):
        plan.place(300, 400)


def detection_plan(*steps):
    config = parse_inference_config({"Global": {"model_name": "d"}, "Preprocess": list(steps)})
    return _native.TransformPlan(detection_operators(config))


def cubic(image, width, height):
    """Ours: equality of the kernel with OpenCV's is test_resize's."""
    return _native.resize(np.ascontiguousarray(image), width, height, "cubic")


PERMUTE = {"type": "Permute"}


@pytest.mark.parametrize("size", SIZES)
def test_rt_detr_and_pp_yoloe(size):
    plan = detection_plan(
        {"type": "Resize", "interp": 2, "keep_ratio": False, "target_size": [64, 96]},
        {"type": "NormalizeImage", "mean": [0] * 3, "std": [1] * 3, "norm_type": "none"},
        PERMUTE,
    )
    image = picture(*size)
    expected = reference.normalize(cubic(image, 96, 64)[:, :, ::-1], 1 / 255, [0.0] * 3, [1.0] * 3)
    np.testing.assert_array_equal(plan(image)[0], expected)


@pytest.mark.parametrize("size", SIZES)
def test_picodet_layout_pads_to_the_stride(size):
    plan = detection_plan(
        {"type": "Resize", "interp": 2, "keep_ratio": False, "target_size": [80, 60]},
        {"type": "NormalizeImage", "is_scale": True, "mean": MEAN, "std": STD,
         "norm_type": "mean_std"},
        PERMUTE,
        {"type": "PadStride", "stride": 32},
    )  # fmt: skip
    image = picture(*size)
    expected = np.zeros((3, 96, 64), np.float32)
    expected[:, :80, :60] = reference.normalize(
        cubic(image, 60, 80)[:, :, ::-1], 1 / 255, MEAN, STD
    )
    np.testing.assert_array_equal(plan(image)[0], expected)


@pytest.mark.parametrize("size", SIZES)
def test_yolox_pads_with_114(size):
    plan = detection_plan(
        {"type": "Resize", "interp": 1, "keep_ratio": True, "target_size": [64, 64]},
        {"type": "Pad", "size": [64, 64], "fill_value": [114.0, 114.0, 114.0]},
        PERMUTE,
    )
    image = picture(*size)
    width, height = reference.keep_ratio_size(*size, 64, 64, 1)
    canvas = np.full((64, 64, 3), 114, np.float32)
    canvas[:height, :width] = cv2.cvtColor(
        reference.resize(image, width, height), cv2.COLOR_BGR2RGB
    )
    np.testing.assert_array_equal(plan(image)[0], canvas.transpose(2, 0, 1))


@pytest.mark.parametrize(("number", "name"), [(3, "area"), (4, "lanczos4"), ("AREA", "area")])
def test_interpolations_by_number(number, name):
    plan = detection_plan(
        {"type": "Resize", "interp": number, "keep_ratio": False, "target_size": [48, 64]}, PERMUTE
    )
    image = picture(100, 75)
    expected = _native.resize(image, 64, 48, name)[:, :, ::-1]
    np.testing.assert_array_equal(plan(image)[0], expected.transpose(2, 0, 1))


@pytest.mark.parametrize("keep_res", [True, False])
def test_centernet_gets_bgr(keep_res):
    plan = detection_plan(
        {"type": "WarpAffine", "keep_res": keep_res, "input_h": 96, "input_w": 64}, PERMUTE
    )
    image = picture(80, 45)
    expected = reference.centre_frame(image, width=64, height=96, keep_size=keep_res)
    np.testing.assert_array_equal(plan(image)[0], expected.transpose(2, 0, 1))


@pytest.mark.parametrize(
    ("step", "error", "words"),
    [
        ({"type": "Warp"}, errors.UnsupportedError, "'Warp' is not supported"),
        ({"type": "WarpAffine", "input_w": 0, "keep_res": False}, errors.ConfigError, "got 0"),
        ({"type": "Resize", "target_size": [8, 8], "interp": 9}, errors.ConfigError, "interp"),
        ({"type": "Resize"}, errors.ConfigError, "target_size"),
        ({"type": "NormalizeImage", "mean": [1, 2]}, errors.ConfigError, "three channels"),
        ({"Resize": {}}, errors.ConfigError, "type: Name"),
    ],
)
def test_unusable_steps_are_named(step, error, words):
    with pytest.raises(error, match=words):
        detection_plan(step, PERMUTE)

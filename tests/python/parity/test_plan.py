"""Transform plans equal the reference chains on OpenCV and NumPy bit for bit."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hpinfer import _native, errors

from . import reference_vision as reference

SIDE = st.integers(1, 400)
SEED = st.integers(0, 2**32 - 1)
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
IMAGENET = {"type": "Normalize", "mean": MEAN, "std": STD}
HALF = {"type": "Normalize", "mean": [0.5] * 3, "std": [0.5] * 3, "formula": "divide_by_255"}
CHW = {"type": "ToChw"}


def plan(*operators):
    return _native.TransformPlan(list(operators))


def picture(seed, height, width):
    return reference.random_picture(np.random.default_rng(seed), height, width)


@settings(max_examples=150, deadline=None)
@given(
    SIDE,
    SIDE,
    st.integers(32, 700),
    st.sampled_from(["max", "min", "resize_long"]),
    st.integers(200, 1000),
    SEED,
)
@example(10, 50, 64, "min", 4000, 0)  # padded to 32 rows first
@example(48, 80, 960, "max", 4000, 0)  # 1.5 and 2.5: half to even
@example(1, 400, 300, "min", 1000, 0)
def test_text_detection(height, width, limit, limit_type, max_side, seed):
    image = picture(seed, height, width)
    options = {"limit_side_len": limit, "limit_type": limit_type, "max_side_limit": max_side}
    resized = reference.det_resize(image, **options)
    expected = reference.normalize(resized, 1.0 / 255.0, MEAN, STD)
    tensor = plan({"type": "DetResize", **options}, IMAGENET, CHW)(image)
    np.testing.assert_array_equal(tensor[0], expected)


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 90), st.integers(1, 1500), st.integers(0, 200), SEED)
@example(31, 500, 0, 0)
@example(3, 900, 0, 0)  # wider than 3200: stretched
@example(90, 1, 64, 0)
def test_text_recognition(height, width, wider, seed):
    image = picture(seed, height, width)
    compiled = plan({"type": "RecResize"}, HALF, CHW)
    placement = compiled.place(height, width)
    placement.out_width += wider  # the batch may be wider than the line
    expected = reference.rec_tensor(image, batch_width=placement.out_width)
    np.testing.assert_array_equal(compiled(image, placement)[0], expected)


@settings(max_examples=100, deadline=None)
@given(SIDE, SIDE, SEED)
def test_classification(height, width, seed):
    image = picture(seed, height, width)
    compiled = plan(
        {"type": "SetColorOrder", "to": "rgb"},
        {"type": "ResizeSide", "which": "short", "side": 64},
        {"type": "CenterCrop", "width": 56, "height": 56},
        IMAGENET,
        CHW,
    )
    resized = reference.classification_resize(image[:, :, ::-1], 64, 56)
    expected = reference.normalize(resized, 1.0 / 255.0, MEAN, STD)
    np.testing.assert_array_equal(compiled(image)[0], expected)


@settings(max_examples=80, deadline=None)
@given(SIDE, SIDE, st.integers(20, 300), st.integers(20, 300), st.sampled_from([1, 32]), SEED)
def test_keep_ratio_with_padding(height, width, target_height, target_width, multiple, seed):
    image = picture(seed, height, width)
    size = reference.keep_ratio_size(height, width, target_height, target_width, multiple)
    compiled = plan(
        {
            "type": "ResizeKeepRatio",
            "width": target_width,
            "height": target_height,
            "multiple": multiple,
        },
        {"type": "Normalize", "scale": 1.0},
        CHW,
        {"type": "Pad", "width": 640, "height": 640, "fill": [114.0, 113.0, 112.0]},
    )
    if min(size) == 0:
        with pytest.raises(errors.InvalidInputError, match="would be resized to"):
            compiled.place(height, width)
        return
    expected = np.empty((3, 640, 640), np.float32)
    expected[:] = np.float32([114, 113, 112])[:, None, None]
    expected[:, : size[1], : size[0]] = reference.resize(image, *size).transpose(2, 0, 1)
    np.testing.assert_array_equal(compiled(image)[0], expected)


@settings(max_examples=60, deadline=None)
@given(SIDE, SIDE, SEED)
def test_long_side_for_tables(height, width, seed):
    image = picture(seed, height, width)
    scale = 120 / max(height, width)
    size = round(width * scale), round(height * scale)
    compiled = plan(
        {"type": "ResizeSide", "which": "long", "side": 120},
        IMAGENET,
        {"type": "Pad", "width": 120, "height": 120},
        CHW,
    )
    if min(size) == 0:
        with pytest.raises(errors.InvalidInputError, match="would be resized to"):
            compiled.place(height, width)
        return
    expected = np.zeros((3, 120, 120), np.float32)
    expected[:, : size[1], : size[0]] = reference.normalize(
        reference.resize(image, *size), 1.0 / 255.0, MEAN, STD
    )
    np.testing.assert_array_equal(compiled(image)[0], expected)


VALUES = np.arange(256, dtype=np.uint8)
CONSTANT = st.floats(-2.0, 2.0).filter(lambda value: abs(value) > 1e-3)


@settings(max_examples=200, deadline=None)
@given(CONSTANT, st.tuples(CONSTANT, CONSTANT, CONSTANT), st.tuples(CONSTANT, CONSTANT, CONSTANT))
def test_every_value_and_constant(scale, mean, std):
    image = np.stack([np.roll(VALUES, k) for k in range(3)], axis=1).reshape(4, 64, 3)
    normalize = {"type": "Normalize", "scale": scale, "mean": mean, "std": std}
    np.testing.assert_array_equal(
        plan(normalize, CHW)(image)[0], reference.normalize(image, scale, mean, std)
    )
    single = image.astype(np.float32)
    expected = (single / np.float32(255) - np.float32(mean)) / np.float32(std)
    result = plan({**normalize, "formula": "divide_by_255"}, CHW)(image)[0]
    np.testing.assert_array_equal(result, expected.transpose(2, 0, 1))
    exact = ((image / 255 - np.array(mean)) / np.array(std)).astype(np.float32)
    result = plan({**normalize, "formula": "divide_by_255_double"}, CHW)(image)[0]
    np.testing.assert_array_equal(result, exact.transpose(2, 0, 1))


def test_colour_order_is_honoured():
    image = picture(0, 5, 7)
    swapped = plan({"type": "SetColorOrder", "to": "rgb"}, CHW)
    np.testing.assert_array_equal(swapped(image)[0], image[:, :, ::-1].transpose(2, 0, 1))
    np.testing.assert_array_equal(swapped(image, order="rgb")[0], image.transpose(2, 0, 1))


def test_result_is_written_to_the_callers_array():
    image = picture(0, 33, 70)
    out = np.full((1, 3, 33, 70), -1, np.float32)
    result = plan(CHW)(image, out=out)
    assert result is out
    np.testing.assert_array_equal(out[0], image.transpose(2, 0, 1))
    with pytest.raises(errors.InvalidInputError, match="out must have shape"):
        plan(CHW)(image, out=out[:, :, :, :-1].copy())
    with pytest.raises(errors.InvalidTypeError, match="float64"):
        plan(CHW)(image, out=out.astype(np.float64))
    out.flags.writeable = False
    with pytest.raises(errors.InvalidInputError, match="read-only"):
        plan(CHW)(image, out=out)


def test_pad_to_multiple_after_layout():
    image = picture(0, 33, 70)
    tensor = plan(CHW, {"type": "Pad", "multiple": 32})(image)
    assert tensor.shape == (1, 3, math.ceil(33 / 32) * 32, math.ceil(70 / 32) * 32)
    assert not tensor[:, :, 33:].any()


@pytest.mark.parametrize(
    ("operators", "words"),
    [
        ([], "must include ToChw"),
        ([{"type": "Blur"}, CHW], "no operator 'Blur'"),
        ([{"side": 5}], "needs the text field 'type'"),
        ([{"type": "ResizeSide", "size": 5}, CHW], "no field 'size'"),
        ([{"type": "ResizeSide", "side": "big"}, CHW], "unusable value: 'big'"),
        ([{"type": "DetResize", "limit_type": "most"}, CHW], "one of max, min, resize_long"),
        ([{"type": "ResizeSide", "interpolation": "sharp"}, CHW], "interpolation must be"),
        ([IMAGENET, {"type": "RecResize"}, CHW], "must come before"),
    ],
)
def test_wrong_operators_are_config_errors(operators, words):
    with pytest.raises(errors.ConfigError, match=words):
        plan(*operators)


@pytest.mark.parametrize("interpolation", ["nearest", "cubic", "pil_bilinear", "pil_bicubic"])
def test_other_interpolations_come_before_the_normalisation(interpolation):
    image = picture(3, 90, 120)
    compiled = plan(
        {"type": "SetColorOrder", "to": "rgb"},
        {"type": "ResizeSide", "side": 64, "interpolation": interpolation},
        {"type": "CenterCrop", "width": 56, "height": 60},
        IMAGENET,
        CHW,
        {"type": "Pad", "multiple": 32},
    )
    resized = _native.resize(image, 85, 64, interpolation)[2:62, 14:70, ::-1]
    expected = np.zeros((3, 64, 64), np.float32)
    expected[:, :60, :56] = reference.normalize(resized, 1.0 / 255.0, MEAN, STD)
    np.testing.assert_array_equal(compiled(image)[0], expected)
    assert "kernel of its own" in compiled.explain()


def test_unknown_interpolation_is_named():
    resize = {"type": "ResizeExact", "width": 8, "height": 8, "interpolation": "mean"}
    with pytest.raises(errors.ConfigError, match="got 'mean'"):
        plan(resize, CHW)


@settings(max_examples=100, deadline=None)
@given(SIDE, SIDE, st.sampled_from([(512, 512), (384, 640), (96, 64)]), st.booleans(), SEED)
@example(31, 32, (512, 512), True, 0)  # a side that is a multiple already grows by 32
@example(1, 1, (512, 512), False, 0)
def test_frames(height, width, size, keep_size, seed):
    image = picture(seed, height, width)
    frame = {"width": size[0], "height": size[1], "keep_size": keep_size}
    expected = reference.centre_frame(image, **frame)
    compiled = plan({"type": "CenterFrame", **frame}, IMAGENET, CHW)
    tensor = compiled(image)
    np.testing.assert_array_equal(tensor[0], reference.normalize(expected, 1.0 / 255.0, MEAN, STD))
    assert "black around" in compiled.explain()


def test_a_frame_needs_a_size():
    with pytest.raises(errors.ConfigError, match="CenterFrame size"):
        plan({"type": "CenterFrame"}, CHW)

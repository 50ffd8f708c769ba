"""Resizes equal OpenCV's and Pillow's: bit for bit, bicubic but for single levels at ties."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from hpinfer import _native, errors

from . import reference_vision as reference

SIDE = st.integers(1, 300) | st.integers(1, 5)
KIND = st.sampled_from(["noise", "edges", "smooth", "flipped"])


def assert_equal(image, width, height):
    expected = reference.resize(image, width, height)
    np.testing.assert_array_equal(_native.resize(image, width, height), expected)


@settings(max_examples=400, deadline=None)
@given(SIDE, SIDE, SIDE, SIDE, KIND, st.integers(0, 2**32 - 1))
@example(1, 1, 300, 300, "noise", 0)
@example(300, 300, 1, 1, "noise", 0)
@example(7, 2, 13, 299, "edges", 1)
@example(40, 40, 40, 40, "flipped", 2)
def test_any_size(height, width, new_height, new_width, kind, seed):
    image = reference.random_picture(np.random.default_rng(seed), height, width, kind=kind)
    assert_equal(image, new_width, new_height)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 150), st.integers(1, 150), KIND, st.integers(0, 2**32 - 1))
def test_exact_half(height, width, kind, seed):
    image = reference.random_picture(np.random.default_rng(seed), 2 * height, 2 * width, kind=kind)
    assert_equal(image, width, height)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 150), st.integers(1, 150), st.integers(0, 2**32 - 1))
def test_half_in_one_axis_only(height, width, seed):
    rng = np.random.default_rng(seed)
    assert_equal(reference.random_picture(rng, 2 * height, width + 1), width, height)
    assert_equal(reference.random_picture(rng, height + 1, 2 * width), width, height)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ((1754, 1240), (960, 672)),
        ((3000, 4000), (736, 992)),
        ((37, 2211), (48, 2869)),
        ((20, 30), (1920, 1280)),
        ((1280, 1920), (640, 960)),
        ((5000, 3), (7, 900)),
    ],
)
def test_large_pictures_and_factors(source, target):
    image = reference.random_picture(np.random.default_rng(1), *source)
    assert_equal(image, target[1], target[0])


@pytest.mark.parametrize(("width", "height"), [(0, 5), (5, 0), (-1, 5), (1 << 25, 1)])
def test_impossible_target_is_refused(width, height):
    with pytest.raises(errors.InvalidInputError, match="asked for"):
        _native.resize(np.zeros((4, 4, 3), np.uint8), width, height)


@pytest.mark.parametrize("shape", [(0, 4, 3), (4, 0, 3), (4, 4), (4, 4, 4)])
def test_unusable_picture_is_refused(shape):
    with pytest.raises(errors.InvalidInputError):
        _native.resize(np.zeros(shape, np.uint8), 3, 3)


@settings(max_examples=200, deadline=None)
@given(SIDE, SIDE, SIDE, SIDE, KIND, st.integers(0, 2**32 - 1))
def test_nearest(height, width, new_height, new_width, kind, seed):
    image = reference.random_picture(np.random.default_rng(seed), height, width, kind=kind)
    expected = cv2.resize(
        np.ascontiguousarray(image), (new_width, new_height), interpolation=cv2.INTER_NEAREST
    )
    result = _native.resize(image, new_width, new_height, "nearest")
    np.testing.assert_array_equal(result, expected)


@settings(max_examples=200, deadline=None)
@given(SIDE, SIDE, SIDE, SIDE, KIND, st.integers(0, 2**32 - 1))
def test_cubic_differs_by_one_level_at_most(height, width, new_height, new_width, kind, seed):
    image = reference.random_picture(np.random.default_rng(seed), height, width, kind=kind)
    assert cubic_difference(image, new_width, new_height).max() <= 1


@pytest.mark.parametrize(
    ("source", "target"),
    [((1754, 1240), (800, 608)), ((480, 640), (640, 640)), ((427, 640), (608, 608))],
)
@pytest.mark.parametrize("kind", ["noise", "smooth"])
def test_cubic_differs_in_one_value_of_ten_thousand_at_most(source, target, kind):
    image = reference.random_picture(np.random.default_rng(5), *source, kind=kind)
    assert (cubic_difference(image, target[1], target[0]) > 0).mean() < 1e-4


def cubic_difference(image, width, height):
    expected = cv2.resize(
        np.ascontiguousarray(image), (width, height), interpolation=cv2.INTER_CUBIC
    )
    return np.abs(_native.resize(image, width, height, "cubic").astype(int) - expected)


@settings(max_examples=200, deadline=None)
@given(SIDE, SIDE, SIDE, SIDE, KIND, st.sampled_from(["bilinear", "bicubic"]), st.integers(0, 999))
@example(300, 100, 90, 80, "noise", "bicubic", 0)  # rows shrink most: the vertical pass is first
def test_pillow(height, width, new_height, new_width, kind, mode, seed):
    image = reference.random_picture(np.random.default_rng(seed), height, width, kind=kind)
    picture = Image.fromarray(np.ascontiguousarray(image))
    expected = picture.resize((new_width, new_height), Image.Resampling[mode.upper()])
    result = _native.resize(image, new_width, new_height, f"pil_{mode}")
    np.testing.assert_array_equal(result, np.asarray(expected))


EXACT = pytest.mark.parametrize(
    ("interpolation", "flag"), [("area", cv2.INTER_AREA), ("lanczos4", cv2.INTER_LANCZOS4)]
)


def assert_same(image, width, height, interpolation, flag):
    expected = cv2.resize(np.ascontiguousarray(image), (width, height), interpolation=flag)
    np.testing.assert_array_equal(_native.resize(image, width, height, interpolation), expected)


@EXACT
@settings(max_examples=200, deadline=None)
@given(SIDE, SIDE, SIDE, SIDE, KIND, st.integers(0, 2**32 - 1))
@example(1, 1, 7, 9, "noise", 0)
@example(1, 1, 1, 237, "noise", 0)  # a fraction that is rounded to one
@example(100, 99, 33, 33, "noise", 0)
@example(40, 41, 40, 20, "noise", 0)  # one axis stays, the other shrinks
@example(1, 1, 1, 197, "noise", 0)  # a position a hair's breadth before a pixel
def test_area_and_lanczos(interpolation, flag, height, width, new_height, new_width, kind, seed):
    image = reference.random_picture(np.random.default_rng(seed), height, width, kind=kind)
    assert_same(image, new_width, new_height, interpolation, flag)


@settings(max_examples=60, deadline=None)
@given(*[st.integers(1, 60)] * 2, *[st.integers(1, 5)] * 2, st.integers(0, 2**32 - 1))
@example(9, 9, 2, 2, 0)  # halving rounds otherwise
def test_area_of_whole_factors(height, width, down, across, seed):
    rng = np.random.default_rng(seed)
    image = reference.random_picture(rng, height * down, width * across)
    assert_same(image, width, height, "area", cv2.INTER_AREA)


@EXACT
@pytest.mark.parametrize(
    ("source", "target"),
    [((1754, 1240), (800, 608)), ((480, 640), (640, 640)), ((1500, 2400), (500, 800))],
)
def test_area_and_lanczos_of_pages(interpolation, flag, source, target):
    image = reference.random_picture(np.random.default_rng(6), *source)
    assert_same(image, target[1], target[0], interpolation, flag)

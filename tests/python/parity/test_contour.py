"""Contours, polygon measures and masks against OpenCV: equal, point for point."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hpinfer import _native, errors

from . import maps
from .reference_db import masked_mean


def reference_contours(values, threshold, dilate=False):
    bitmap = (values > np.float32(threshold)).astype(np.uint8)
    if dilate:
        bitmap = cv2.dilate(bitmap, np.ones((2, 2), np.uint8))
    contours, _ = cv2.findContours(bitmap, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    return [contour[:, 0] for contour in contours]


def assert_same_contours(values, threshold, dilate=False):
    expected = reference_contours(values, threshold, dilate)
    found = _native.find_contours(values, threshold, dilate)
    assert [c.tolist() for c in found] == [c.tolist() for c in expected]


@pytest.mark.parametrize("draw", maps.SMALL, ids=lambda draw: draw.__name__)
@pytest.mark.parametrize("dilate", [False, True])
def test_contours_equal_opencv_on_random_maps(draw, dilate):
    rng = np.random.default_rng(7)
    for _ in range(100):
        height, width = rng.integers(1, 90, 2)
        values = np.ascontiguousarray(draw(rng, int(height), int(width)), np.float32)
        assert_same_contours(values, float(np.quantile(values, rng.uniform(0.2, 0.9))), dilate)


@settings(max_examples=300, deadline=None)
@given(hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12)))
def test_contours_equal_opencv_on_any_small_bitmap(bitmap):
    assert_same_contours(bitmap.astype(np.float32), 0.5)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 2), (33, 64)])
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_contours_of_uniform_maps(shape, value):
    assert_same_contours(np.full(shape, value, np.float32), 0.3)


def test_cell_equal_to_the_threshold_and_nan_are_background():
    values = np.array([[0.3, np.nan, 0.30000004]], np.float32)
    assert [c.tolist() for c in _native.find_contours(values, 0.3)] == [[[2, 0]]]


def test_simplification_equals_opencv():
    rng = np.random.default_rng(8)
    compared = 0
    for _ in range(60):
        values = maps.blobs(rng, 60, 80)
        for contour in reference_contours(values, float(np.median(values))):
            epsilon = float(rng.choice([0.002, 0.01, 0.05])) * cv2.arcLength(contour, True)
            expected = cv2.approxPolyDP(contour, epsilon, True)[:, 0]
            found = _native.simplify_polygon(contour, epsilon)
            assert found.tolist() == expected.tolist()
            compared += 1
    assert compared > 300


def random_polygon(rng, height, width):
    margin = int(rng.choice([0, 15]))
    count = int(rng.integers(1, 9))
    limits = [width + margin, height + margin]
    return rng.integers(-margin, limits, (count, 2)).astype(np.int32)


def test_masks_equal_opencv_also_beyond_the_border():
    rng = np.random.default_rng(9)
    for _ in range(2000):
        height, width = (int(side) for side in rng.integers(1, 60, 2))
        polygon = random_polygon(rng, height, width)
        expected = np.zeros((height, width), np.uint8)
        cv2.fillPoly(expected, [polygon], 1)
        assert np.array_equal(_native.fill_polygon(height, width, polygon), expected)


@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_means_equal_opencv_bit_for_bit(dtype):
    rng = np.random.default_rng(10)
    for _ in range(1000):
        height, width = (int(side) for side in rng.integers(1, 60, 2))
        values = (rng.random((height, width)) ** 8).astype(np.float32)
        polygon = random_polygon(rng, height, width).astype(dtype)
        if dtype is np.float32:
            polygon += rng.random(polygon.shape).astype(np.float32)
        assert _native.polygon_mean(values, polygon) == masked_mean(values, polygon)


@given(st.sampled_from([(0, 5), (5, 0)]))
def test_empty_map_is_refused(shape):
    with pytest.raises(errors.InvalidInputError, match="at least one cell"):
        _native.find_contours(np.zeros(shape, np.float32), 0.3)


def test_map_of_another_dtype_is_refused():
    with pytest.raises(errors.HpinferError, match="float"):
        _native.find_contours(np.zeros((4, 4), np.uint8), 0.3)

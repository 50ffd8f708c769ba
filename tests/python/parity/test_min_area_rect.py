"""Least rectangles against OpenCV: equal bit for bit."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from hpinfer import _native

from . import maps
from .reference_db import corners_in_order


def as_bits(rect):
    (x, y), (width, height), angle = rect
    return np.array([x, y, width, height, angle], np.float32).tobytes()


def assert_same_rect(points):
    expected = cv2.minAreaRect(points)
    found = _native.min_area_rect(points)
    assert as_bits(found) == as_bits(expected), points.tolist()
    assert np.array_equal(_native.box_points(*found), cv2.boxPoints(expected))


@pytest.mark.parametrize("extent", [2, 3, 10, 50, 1000, 30000])
def test_rect_of_random_points(extent):
    rng = np.random.default_rng(extent)
    for _ in range(2000):
        count = int(rng.integers(1, 30))
        assert_same_rect(rng.integers(-extent, extent, (count, 2)).astype(np.int32))


def test_rect_of_points_on_a_line():
    rng = np.random.default_rng(1)
    for _ in range(500):
        steps = rng.integers(-20, 20, (int(rng.integers(1, 9)), 1))
        assert_same_rect((steps * rng.integers(-5, 6, (1, 2)) + 40).astype(np.int32))


def test_rect_of_contours():
    rng = np.random.default_rng(2)
    for draw in (maps.blobs, maps.strokes, maps.text_lines):
        for _ in range(10):
            values = draw(rng, 160, 200)
            bitmap = (values > 0.3).astype(np.uint8)
            contours, _ = cv2.findContours(bitmap, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
            for contour in contours:
                assert_same_rect(contour[:, 0])


def test_no_points_give_the_zero_rectangle():
    assert _native.min_area_rect(np.zeros((0, 2), np.int32)) == ((0, 0), (0, 0), 0)


def test_crop_corners_and_size_equal_the_reference():
    rng = np.random.default_rng(3)
    for _ in range(2000):
        rect = (rng.uniform(0, 900, 2).tolist(), rng.uniform(1, 300, 2).tolist(), 0.0)
        region = cv2.boxPoints((*rect[:2], float(rng.choice([0, 45, rng.uniform(-90, 90)]))))
        region = region.astype(np.int32)
        corners, size = _native.crop_corners(region)
        expected, _ = corners_in_order(region)
        assert np.array_equal(corners, expected)
        side = [np.linalg.norm(expected[i] - expected[i - 1]) for i in range(4)]
        assert size == (int(max(side[1], side[3])), int(max(side[0], side[2])))

"""Grown polygons against pyclipper: the same paths in the same order, starts included."""

from __future__ import annotations

import cv2
import numpy as np
import pyclipper
import pytest

from hpinfer import _native, errors

from . import maps, polygons


def reference(points, distance):
    offset = pyclipper.PyclipperOffset()
    offset.AddPath(points, pyclipper.JT_ROUND, pyclipper.ET_CLOSEDPOLYGON)
    return offset.Execute(distance)


def assert_equal_to_the_reference(points, distance):
    grown = [ring.tolist() for ring in _native.offset_polygon(points, distance)]
    assert grown == reference(points, distance), (points.tolist(), distance)
    return len(grown)


def random_rectangle(rng):
    centre = tuple(rng.uniform(50, 400, 2).tolist())
    size = (float(rng.uniform(3, 200)), float(rng.uniform(3, 40)))
    return cv2.boxPoints((centre, size, float(rng.choice([0, 90, rng.uniform(0, 90)]))))


def test_rectangles():
    rng = np.random.default_rng(21)
    for _ in range(3000):
        corners = random_rectangle(rng)
        distance = cv2.contourArea(corners) * rng.uniform(0.3, 3) / cv2.arcLength(corners, True)
        assert assert_equal_to_the_reference(corners.astype(np.int32), distance) == 1


@pytest.mark.parametrize("draw", polygons.FAMILIES, ids=lambda draw: draw.__name__)
def test_polygons(draw):
    rng = np.random.default_rng(22)
    rings = 0
    for _ in range(1000):
        points = polygons.whole(draw(rng))
        for distance in (rng.uniform(0.5, 60), rng.uniform(0.5, 8), float(rng.integers(1, 20))):
            rings += assert_equal_to_the_reference(points, distance)
    assert rings > 2000


@pytest.mark.parametrize("distance", [0.0, 1e-21, 1e-19, 1e-3, 0.3, 0.7])
def test_distances_of_less_than_a_pixel(distance):
    rng = np.random.default_rng(23)
    for draw in polygons.FAMILIES:
        for _ in range(100):
            assert_equal_to_the_reference(polygons.whole(draw(rng)), distance)


@pytest.mark.parametrize("draw", [maps.text_lines, *maps.SMALL], ids=lambda draw: draw.__name__)
def test_contours(draw):
    rng = np.random.default_rng(24)
    compared = 0
    for _ in range(12):
        values = draw(rng, *rng.integers(60, 400, 2).tolist())
        threshold = float(rng.uniform(0.2, 0.6))
        for contour in polygons.contours_of(values, threshold):
            length = cv2.arcLength(contour, True)
            ratio = float(rng.choice([0.5, 1.5, 2, 6]))
            distance = cv2.contourArea(contour) * ratio / length if length else 1.0
            assert_equal_to_the_reference(contour, distance)
            compared += 1
    assert compared > 50


def test_contours_of_thousands_of_corners():
    rng = np.random.default_rng(25)
    values = maps.noise(rng, 600, 600)
    contours = sorted(polygons.contours_of(values, 0.59), key=len)[-3:]
    assert len(contours[0]) > 1000
    for contour in contours:
        for distance in (0.7, 1.5, 6.0):
            assert_equal_to_the_reference(contour, distance)


def test_start_does_not_depend_on_the_start_of_the_polygon():
    rng = np.random.default_rng(26)
    for _ in range(200):
        points = random_rectangle(rng).astype(np.int32)
        expected = _native.offset_polygon(points, 6.5)
        for shift in (1, 2, 3):
            turned = _native.offset_polygon(np.roll(points, shift, 0)[::-1].copy(), 6.5)
            assert [ring[-1].tolist() for ring in turned] == [r[-1].tolist() for r in expected]


@pytest.mark.parametrize("points", [[], [[3, 3]], [[3, 3], [9, 9]], [[3, 3], [3, 3], [9, 9]]])
def test_fewer_than_three_corners_grow_to_nothing(points):
    array = np.array(points, np.int32).reshape(-1, 2)
    assert _native.offset_polygon(array, 4.0) == []
    assert not array.size or reference(array, 4.0) == []


def test_points_of_another_shape_or_dtype_are_refused():
    with pytest.raises(errors.InvalidInputError, match="count, 2"):
        _native.offset_polygon(np.zeros((4, 3), np.int32), 1.0)
    with pytest.raises(errors.InvalidTypeError, match="int32"):
        _native.offset_polygon(np.zeros((4, 2), np.float64), 1.0)


@pytest.mark.parametrize("distance", [-1.0, float("nan")])
def test_polygons_cannot_shrink(distance):
    with pytest.raises(errors.InvalidInputError, match="only grow"):
        _native.offset_polygon(np.array([[0, 0], [9, 0], [9, 9]], np.int32), distance)


@pytest.mark.parametrize("distance", [1.0, float("inf"), 2.0**30])
def test_polygons_beyond_the_range_are_refused(distance):
    far = np.array([[0, 0], [2**30 - 2, 0], [0, 9]], np.int32)
    with pytest.raises(errors.InvalidInputError, match="stay within"):
        _native.offset_polygon(far, distance)


def test_hostile_polygons_end_soon_with_an_error():
    rng = np.random.default_rng(27)
    with pytest.raises(errors.InvalidInputError, match="too often"):
        _native.offset_polygon(rng.integers(0, 50, (20000, 2)).astype(np.int32), 5.0)
    spikes = rng.integers(-(2**28), 2**28, (3000, 2)).astype(np.int32)
    with pytest.raises(errors.InvalidInputError, match="corners"):
        _native.offset_polygon(spikes, 2.0**29)

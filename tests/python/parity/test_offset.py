"""Grown polygons against pyclipper.

Rectangles, as DB grows them, and convex polygons: equal, start and direction included. Contours
with concave corners, whose raw offset crosses itself: the same region to within a pixel; the
corners at crossings may be a pixel apart.
"""

from __future__ import annotations

import cv2
import numpy as np
import pyclipper
import pytest

from hpinfer import _native, errors

from . import maps


def reference(points, distance):
    offset = pyclipper.PyclipperOffset()
    offset.AddPath(points, pyclipper.JT_ROUND, pyclipper.ET_CLOSEDPOLYGON)
    return [np.array(path, np.int32) for path in offset.Execute(distance)]


def random_rectangle(rng):
    centre = tuple(rng.uniform(50, 400, 2).tolist())
    size = (float(rng.uniform(3, 200)), float(rng.uniform(3, 40)))
    return cv2.boxPoints((centre, size, float(rng.choice([0, 90, rng.uniform(0, 90)]))))


def test_grown_rectangles_are_equal():
    rng = np.random.default_rng(21)
    for _ in range(3000):
        corners = random_rectangle(rng)
        distance = cv2.contourArea(corners) * rng.uniform(0.3, 3) / cv2.arcLength(corners, True)
        whole = corners.astype(np.int32)
        grown = _native.offset_polygon(whole, distance)
        assert [g.tolist() for g in grown] == [r.tolist() for r in reference(whole, distance)]


def test_grown_convex_polygons_are_equal():
    rng = np.random.default_rng(22)
    for _ in range(1000):
        points = rng.integers(0, 300, (int(rng.integers(3, 12)), 2)).astype(np.int32)
        hull = cv2.convexHull(points)[:, 0]
        distance = float(rng.uniform(1, 30))
        grown = _native.offset_polygon(hull, distance)
        assert [g.tolist() for g in grown] == [r.tolist() for r in reference(hull, distance)]


def text_contours(rng):
    values = maps.text_lines(rng, 480, 608)
    bitmap = (values > 0.3).astype(np.uint8)
    contours, _ = cv2.findContours(bitmap, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    for contour in contours:
        simple = cv2.approxPolyDP(contour, 0.002 * cv2.arcLength(contour, True), True)[:, 0]
        if len(simple) >= 4 and cv2.contourArea(simple) > 30:
            yield simple, cv2.contourArea(simple) * 1.5 / cv2.arcLength(simple, True)


def filled(rings):
    mask = np.zeros((800, 900), np.uint8)
    cv2.fillPoly(mask, [ring + 100 for ring in rings], 1)
    return mask


def test_grown_contours_cover_the_same_region():
    rng = np.random.default_rng(23)
    compared = equal = 0
    cell = np.ones((3, 3), np.uint8)
    for _ in range(6):
        for contour, distance in text_contours(rng):
            grown, expected = (
                _native.offset_polygon(contour, distance),
                reference(contour, distance),
            )
            ours, theirs = filled(grown), filled(expected)
            assert not (ours & ~cv2.dilate(theirs, cell)).any()
            assert not (theirs & ~cv2.dilate(ours, cell)).any()
            corners = [
                {tuple(p) for ring in rings for p in ring.tolist()} for rings in (grown, expected)
            ]
            compared += 1
            equal += corners[0] == corners[1]
    assert compared > 100
    assert equal > 0.4 * compared


def test_start_does_not_depend_on_the_start_of_the_polygon():
    rng = np.random.default_rng(24)
    for _ in range(200):
        whole = random_rectangle(rng).astype(np.int32)
        expected = _native.offset_polygon(whole, 6.5)
        for shift in (1, 2, 3):
            turned = _native.offset_polygon(np.roll(whole, shift, 0)[::-1].copy(), 6.5)
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

"""Straightened text polygons against PaddleX's, pixel by pixel."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seal_inputs import arc, picture, polygon

from hpinfer import _native
from hpinfer.errors import InvalidInputError, InvalidTypeError

GOLDEN = Path(__file__).resolve().parents[2] / "golden"

CROPS = json.loads((GOLDEN / "seals.json").read_text(encoding="utf-8"))["crops"]
PICTURE = picture()


def rectangle_crop(points):
    """The crop of quadrilateral text, with OpenCV."""
    corners, (width, height) = _native.crop_corners(points)
    if width < 1 or height < 1:
        return np.zeros((0, 0, 3), np.uint8)
    upright = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, upright)
    crop = cv2.warpPerspective(
        PICTURE, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE, flags=cv2.INTER_CUBIC
    )
    return np.rot90(crop) if height / width >= 1.5 else crop


@pytest.mark.parametrize("expected", CROPS, ids=lambda item: f"case{item['case']}")
def test_crops_are_those_of_paddlex(expected):
    crop = np.ascontiguousarray(_native.crop_polygon(PICTURE, polygon(expected["case"])))
    assert list(crop.shape) == expected["shape"]
    assert crop.reshape(-1, 3).mean(axis=0) == pytest.approx(expected["mean"], abs=1e-3)
    assert hashlib.sha256(crop.tobytes()).hexdigest() == expected["sha256"]


def test_golden_polygons_take_every_way():
    """Otherwise the goldens would not mean much."""
    straight = [
        np.array_equal(
            _native.crop_polygon(PICTURE, polygon(item["case"])),
            rectangle_crop(polygon(item["case"])),
        )
        for item in CROPS
    ]
    assert 10 <= sum(straight) <= len(CROPS) - 30
    assert sum(item["shape"][0] > 3 * item["shape"][1] for item in CROPS) >= 3  # vertical text


@pytest.mark.parametrize(
    "points",
    [
        [[10, 10], [200, 12], [198, 40]],  # less than four points
        [[10, 10], [100, 100], [100, 10], [10, 100]],  # crosses itself
        [[10, 10], [60, 10], [60, 60], [110, 60], [60, 60], [10, 60]],  # touches itself
        [[10, 10], [110, 10], [60, 10], [60, 80]],  # turns back
        [[10, 10], [210, 20], [208, 60], [8, 50]],  # fills its rectangle
        [[10, 10], [10, 10], [210, 20], [208, 60], [8, 50], [8, 50]],  # the same with repeats
    ],
)
def test_what_is_not_curved_is_cut_as_a_rectangle(points):
    region = np.array(points, np.int32)
    np.testing.assert_array_equal(_native.crop_polygon(PICTURE, region), rectangle_crop(region))


def test_a_ring_of_text_becomes_straight():
    """White ticks at equal angles of a black ring come out upright and evenly spaced."""
    ring = np.zeros((300, 300, 3), np.uint8)
    for angle in np.linspace(-2.4, -0.6, 7):
        inner = (150 + 103 * np.cos(angle), 150 + 103 * np.sin(angle))
        outer = (150 + 115 * np.cos(angle), 150 + 115 * np.sin(angle))
        cv2.line(ring, tuple(map(round, inner)), tuple(map(round, outer)), (255, 255, 255), 3)
    points = arc((150, 150), (100, 118), (-2.5, -0.5), 13).round().astype(np.int32)
    crop = _native.crop_polygon(ring, points)
    assert crop.shape[1] > 4 * crop.shape[0]
    row = crop[crop.shape[0] // 2, :, 0] > 127
    starts = np.flatnonzero(row[1:] & ~row[:-1])
    assert len(starts) == 7
    assert np.ptp(np.diff(starts)) <= 4


def test_a_text_of_a_few_pixels_is_cut_by_its_bounds():
    points = arc((150, 150), (3, 6), (-2.5, 0.9), 6).round().astype(np.int32)
    crop = _native.crop_polygon(PICTURE, points)
    assert 0 < crop.shape[0] <= 12
    assert 0 < crop.shape[1] <= 12


@given(st.lists(st.tuples(st.integers(-50, 400), st.integers(-50, 400)), min_size=1, max_size=24))
@settings(max_examples=200, deadline=None)
def test_any_polygon_gives_a_picture(points):
    crop = _native.crop_polygon(PICTURE, np.array(points, np.int32))
    assert crop.dtype == np.uint8
    assert crop.ndim == 3


def test_bad_regions_are_refused():
    square = np.array([[0, 0], [9, 0], [9, 9], [0, 9]], np.int32)
    with pytest.raises(InvalidInputError, match=r"shape \[n, 2\]"):
        _native.crop_polygon(PICTURE, np.zeros((0, 2), np.int32))
    with pytest.raises(InvalidInputError, match="below 2\\^24"):
        _native.crop_polygon(PICTURE, square * np.int32(1 << 25))
    with pytest.raises(InvalidTypeError):
        _native.crop_polygon(PICTURE, square.astype(np.float32))
    with pytest.raises(InvalidInputError, match="not empty"):
        _native.crop_polygon(PICTURE[:0], square)

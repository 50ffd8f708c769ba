"""When two engines' answers count as the same, and what a model is fed with to find out."""

from __future__ import annotations

import numpy as np
import pytest

from hpinfer.hpi.conversion.agreement import compare
from hpinfer.hpi.conversion.sample_feed import sample_feed
from hpinfer.networks import TensorFact

RANDOM = np.random.default_rng(7)
MAP = RANDOM.standard_normal((1, 2, 32, 32)).astype(np.float32)
BOXES = np.concatenate(
    [RANDOM.integers(0, 3, (20, 1)), RANDOM.random((20, 5)) * [1, 640, 640, 640, 640]], axis=1
).astype(np.float32)


@pytest.mark.parametrize(("scale", "agrees"), [(1e-5, True), (9e-4, True), (1.1e-3, False)])
def test_floats_within_a_share_of_the_largest(scale: float, agrees: bool) -> None:
    other = MAP.copy()
    other[0, 0, 3, 4] += scale * np.abs(MAP).max()
    assert compare([MAP], [other]).agrees is agrees


def test_class_ids_by_the_share_that_differs() -> None:
    ids = RANDOM.integers(0, 19, (1, 100, 100))
    few, many = ids.copy(), ids.copy()
    few[0, 0, :10] += 1
    many[0, 0, :11] += 1
    assert compare([ids], [few]).agrees
    outcome = compare([ids], [many])
    assert not outcome.agrees
    assert "0.11% of the class ids" in outcome.summary


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_value_that_is_none_is_a_difference(value: float) -> None:
    other = MAP.copy()
    other[0, 1, 2, 3] = value
    assert not compare([MAP], [other]).agrees
    assert compare([other], [other]).agrees


def test_shapes_and_counts() -> None:
    assert "(1, 2, 32, 31)" in compare([MAP], [MAP[..., :31]]).summary
    assert compare([MAP, MAP], [MAP]).summary == "1 outputs instead of 2"
    assert compare([MAP[:, :, :0]], [MAP[:, :, :0]]).agrees


def test_boxes_in_any_order() -> None:
    shuffled = BOXES[RANDOM.permutation(len(BOXES))]
    assert compare([BOXES], [shuffled], boxes=True).agrees
    assert not compare([BOXES], [shuffled]).agrees
    assert compare([BOXES], [shuffled[:19]], boxes=True).agrees
    assert not compare([BOXES], [shuffled[:10]], boxes=True).agrees
    assert not compare([BOXES], [BOXES[:0]], boxes=True).agrees
    several = np.repeat(BOXES[:1], len(BOXES), axis=0)
    assert not compare([BOXES], [several], boxes=True).agrees
    assert compare([BOXES[:0]], [BOXES[:0]], boxes=True).agrees
    moved = BOXES + np.array([0, 0, 5, 0, 0, 0], np.float32)
    assert "100% of the boxes differ" in compare([BOXES], [moved], boxes=True).summary


PICTURE = (TensorFact("x", "float32", (None, 3, None, None)),)


@pytest.mark.parametrize(
    ("config", "shape"),
    [
        ({}, (1, 3, 640, 640)),
        (
            {"PreProcess": {"transform_ops": [{"RecResizeImg": {"image_shape": [3, 48, 320]}}]}},
            (1, 3, 48, 320),
        ),
        (
            {
                "PreProcess": {
                    "transform_ops": [
                        {"ResizeImage": {"resize_short": 256}},
                        {"CropImage": {"size": 224}},
                        {"ToCHWImage": None},
                    ]
                }
            },
            (1, 3, 224, 224),
        ),
        (
            {"Preprocess": [{"type": "Resize", "target_size": [800, 608]}, {"type": "Permute"}]},
            (1, 3, 800, 608),
        ),
        (
            {
                "Hpi": {
                    "backend_configs": {"t": {"x": [[1, 3, 32, 32], [2, 3, 96, 64], [9, 3, 9, 9]]}}
                }
            },
            (2, 3, 96, 64),
        ),
    ],
)
def test_shape_of_the_feed(config: dict, shape: tuple[int, ...]) -> None:
    feed = sample_feed(PICTURE, config)
    assert feed["x"].shape == shape
    assert feed["x"].dtype == np.float32
    np.testing.assert_array_equal(feed["x"], sample_feed(PICTURE, config)["x"])


def test_fixed_dimensions_win() -> None:
    fixed = (TensorFact("x", "float32", (1, 3, 32, None)),)
    assert sample_feed(fixed, {})["x"].shape == (1, 3, 32, 640)


@pytest.mark.parametrize(
    ("config", "lowest", "highest"),
    [
        ({}, [-1, -1, -1], [1, 1, 1]),
        (
            {"Preprocess": [{"type": "NormalizeImage", "mean": [0, 0, 0], "std": [1, 1, 1]}]},
            [0, 0, 0],
            [1, 1, 1],
        ),
        (
            {
                "PreProcess": {
                    "transform_ops": [
                        {"NormalizeImage": {"mean": [0.5, 0.4, 0], "std": [0.25, 0.2, 0.1]}}
                    ]
                }
            },
            [-2, -2, 0],
            [2, 3, 10],
        ),
        ({"Preprocess": [{"type": "NormalizeImage", "mean": "?", "std": [0]}]}, [-1] * 3, [1] * 3),
    ],
)
def test_pictures_lie_in_the_range_of_the_normalisation(
    config: dict, lowest: list[float], highest: list[float]
) -> None:
    picture = sample_feed(PICTURE, config)["x"][0]
    span = np.subtract(highest, lowest)
    for channel, low, high, room in zip(picture, lowest, highest, 0.05 * span, strict=True):
        assert low <= channel.min() < low + room
        assert high - room < channel.max() <= high


def test_inputs_of_detectors() -> None:
    inputs = (
        TensorFact("im_shape", "float32", (None, 2)),
        TensorFact("image", "float32", (None, 3, 320, 416)),
        TensorFact("scale_factor", "float32", (None, 2)),
        TensorFact("tokens", "int64", (None, None)),
    )
    feed = sample_feed(inputs, {})
    assert feed["im_shape"].tolist() == [[320, 416]]
    assert feed["scale_factor"].tolist() == [[1, 1]]
    assert feed["tokens"].dtype == np.int64
    assert feed["tokens"].shape == (1, 16)

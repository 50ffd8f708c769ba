"""DB decoding against the reference: the same regions, coordinates and scores."""

from __future__ import annotations

import numpy as np
import pytest

from hpinfer import _native, errors

from . import maps, reference_db


def options_of(**values):
    options = _native.DbOptions()
    for name, value in values.items():
        enum = {"score_mode": _native.DbScoreMode, "box_type": _native.DbBoxType}.get(name)
        setattr(options, name, value if enum is None else getattr(enum, value))
    return options


def assert_same_regions(values, source, **settings):
    polygons, scores = _native.decode_db(values, *source, options_of(**settings))
    expected, expected_scores = reference_db.decode(values, *source, **settings)
    assert scores == expected_scores
    assert [p.tolist() for p in polygons] == [p.tolist() for p in expected]
    return len(polygons)


QUAD_SETTINGS = [
    {},
    {"score_mode": "slow"},
    {"use_dilation": True},
    {"thresh": 0.2, "box_thresh": 0.4, "unclip_ratio": 0.5},
    {"thresh": 0.5, "box_thresh": 0.7, "unclip_ratio": 2.0},
    {"max_candidates": 7},
    {"box_thresh": 0.0, "min_size": 1},
]


@pytest.mark.parametrize("settings", QUAD_SETTINGS, ids=str)
def test_quads_equal_the_reference(settings):
    rng = np.random.default_rng(11)
    regions = 0
    for _ in range(6):
        values = maps.text_lines(rng, 480, 608)
        source = tuple(int(side) for side in rng.integers(100, 3000, 2))
        regions += assert_same_regions(values, source, **settings)
    assert regions > 10


POLYGON_SETTINGS = [
    {},
    {"use_dilation": True},
    {"thresh": 0.2, "box_thresh": 0.4, "unclip_ratio": 0.5},
    {"thresh": 0.5, "box_thresh": 0.7, "unclip_ratio": 2.0},
    {"box_thresh": 0.0, "min_size": 1, "unclip_ratio": 6.0},
]


@pytest.mark.parametrize("settings", POLYGON_SETTINGS, ids=str)
def test_polygons_equal_the_reference(settings):
    rng = np.random.default_rng(14)
    regions = 0
    for _ in range(6):
        values = maps.text_lines(rng, 480, 608)
        source = tuple(int(side) for side in rng.integers(100, 3000, 2))
        regions += assert_same_regions(values, source, box_type="poly", **settings)
    assert regions > 10


@pytest.mark.parametrize("box_type", ["quad", "poly"])
@pytest.mark.parametrize("draw", maps.SMALL, ids=lambda draw: draw.__name__)
def test_small_odd_maps(draw, box_type):
    rng = np.random.default_rng(12)
    for _ in range(60):
        height, width = (int(side) for side in rng.integers(1, 70, 2))
        values = np.ascontiguousarray(draw(rng, height, width), np.float32)
        threshold = float(np.quantile(values, rng.uniform(0.2, 0.8)))
        settings = {"thresh": threshold, "box_thresh": 0.3, "box_type": box_type}
        assert_same_regions(values, (97, 131), **settings)


@pytest.mark.parametrize("box_type", ["quad", "poly"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (32, 64)])
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_uniform_maps(box_type, shape, value):
    values = np.full(shape, value, np.float32)
    assert_same_regions(values, (31, 65), box_type=box_type)


def test_region_with_nan_inside_is_kept_with_score_nan():
    values = np.zeros((64, 64), np.float32)
    values[20:40, 10:50] = 0.9
    values[30, 30] = np.nan
    polygons, scores = _native.decode_db(values, 64, 64, options_of(max_candidates=1000))
    expected, expected_scores = reference_db.decode(values, 64, 64)
    assert [p.tolist() for p in polygons] == [p.tolist() for p in expected]
    assert np.array_equal(scores, expected_scores, equal_nan=True)
    assert any(np.isnan(scores))


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"unclip_ratio": 0.0}, errors.ConfigError),
        ({"unclip_ratio": float("nan")}, errors.ConfigError),
        ({"max_candidates": 0}, errors.ConfigError),
    ],
)
def test_options_without_meaning_are_refused(settings, error):
    with pytest.raises(error, match=next(iter(settings))):
        _native.decode_db(np.zeros((8, 8), np.float32), 8, 8, options_of(**settings))


def test_empty_map_or_source_is_refused():
    with pytest.raises(errors.InvalidInputError, match="0x8"):
        _native.decode_db(np.zeros((0, 8), np.float32), 8, 8, options_of())
    with pytest.raises(errors.InvalidInputError, match="source picture"):
        _native.decode_db(np.zeros((8, 8), np.float32), 0, 8, options_of())


def reference_quad_order(quads):
    order = sorted(range(len(quads)), key=lambda i: (quads[i][0][1], quads[i][0][0]))
    for i in range(len(order) - 1):
        for j in range(i, -1, -1):
            lower, upper = quads[order[j + 1]][0], quads[order[j]][0]
            if not (abs(lower[1] - upper[1]) < 10 and lower[0] < upper[0]):
                break
            order[j], order[j + 1] = order[j + 1], order[j]
    return order


def test_reading_order():
    rng = np.random.default_rng(13)
    for count in (0, 1, 2, 50):
        quads = list(rng.integers(0, 200, (count, 4, 2)).astype(np.int32))
        found = _native.reading_order(quads, _native.DbBoxType.quad)
        assert found == reference_quad_order(quads)
        by_top = _native.reading_order(quads, _native.DbBoxType.poly)
        # PaddleX leaves the order of polygons of one height to chance; ours is from the left.
        assert by_top == sorted(range(count), key=lambda i: tuple(quads[i].min(axis=0)[::-1]))

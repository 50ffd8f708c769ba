"""Detection post-processing equals the reference steps bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpinfer import _native, errors
from hpinfer.models.detection_settings import DetectionSettings

from . import reference_detection as reference

LABELS = ("text", "image", "formula", "table", "seal")
MODES = st.sampled_from([None, "union", "large", "small"])
CLASS = st.integers(0, 4)
RATIO = st.sampled_from([1.0, 0.7, 1.3, (1.1, 0.9)])
THRESHOLD = st.floats(0, 1, width=32) | st.dictionaries(CLASS, st.floats(0, 1, width=32))
SIZES = st.sampled_from([(640, 480), (480, 640), (33, 900), (1, 1)])


def refined(rows, size, values, labels=LABELS):
    given = DetectionSettings(labels=labels).override(values, where="test")
    objects = _native.refine_detections(rows, size, given.native())
    columns = [objects.class_ids[:, None], objects.scores[:, None], objects.coordinates]
    return np.concatenate(columns, axis=1, dtype=np.float32)


@settings(max_examples=300, deadline=None)
@given(
    st.integers(0, 60),
    st.sampled_from([6, 7, 8]),
    SIZES,
    THRESHOLD,
    st.booleans(),
    MODES | st.dictionaries(CLASS, st.sampled_from(["union", "large", "small"]), min_size=1),
    st.none() | RATIO | st.dictionaries(CLASS, RATIO, min_size=1),
    st.sampled_from([LABELS, ("a", "b", "c", "d", "e")]),
    st.integers(0, 2**32 - 1),
)
def test_every_step(count, columns, size, threshold, nms, merge, unclip, labels, seed):
    rng = np.random.default_rng(seed)
    rows = reference.random_rows(rng, count, columns=columns, size=size)
    values = {
        "threshold": threshold,
        "layout_nms": nms,
        "layout_merge_bboxes_mode": merge,
        "layout_unclip_ratio": unclip,
    }
    expected = reference.refine(
        rows, size, threshold=threshold, nms=nms, labels=labels, unclip=unclip, merge=merge
    )
    np.testing.assert_array_equal(refined(rows, size, values, labels), expected)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 30), THRESHOLD, st.integers(0, 2**32 - 1))
def test_rotated_boxes(count, threshold, seed):
    rows = reference.random_rows(np.random.default_rng(seed), count, columns=10)
    found = refined(rows, (640, 480), {"threshold": threshold})
    kept = reference.clip_step(reference.threshold_step(rows, threshold), (640, 480))
    assert len(found) == len(kept)
    if len(kept):
        np.testing.assert_array_equal(found, kept)


def test_whole_number_threshold_filters_like_any_other():
    rows = reference.random_rows(np.random.default_rng(0), 40)
    np.testing.assert_array_equal(
        refined(rows, (640, 480), {"threshold": 0}), refined(rows, (640, 480), {"threshold": 0.0})
    )
    assert len(refined(rows, (640, 480), {"threshold": 1})) == 0


def test_classes_may_be_named():
    rows = reference.random_rows(np.random.default_rng(1), 60)
    by_name = refined(rows, (640, 480), {"threshold": {"table": 0.1, "text": 0.9}})
    np.testing.assert_array_equal(
        by_name, refined(rows, (640, 480), {"threshold": {3: 0.1, 0: 0.9}})
    )
    with pytest.raises(errors.ConfigError, match="no class 'tabel'"):
        refined(rows, (640, 480), {"threshold": {"tabel": 0.1}})


def test_a_picture_that_is_one_figure_stays():
    rows = np.array([[1, 0.9, 0, 0, 640, 480], [1, 0.8, 1, 1, 639, 479]], np.float32)
    assert len(refined(rows, (640, 480), {})) == 2
    rows[1, 0] = 0
    assert refined(rows, (640, 480), {})[:, 0].tolist() == [0]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"threshold": 1.5}, "threshold"),
        ({"threshold": "high"}, "threshold"),
        ({"layout_nms": "maybe"}, "layout_nms"),
        ({"layout_unclip_ratio": (1.0, 2.0, 3.0)}, "layout_unclip_ratio"),
        ({"layout_unclip_ratio": 0.0}, "layout_unclip_ratio"),
        ({"layout_merge_bboxes_mode": "big"}, "layout_merge_bboxes_mode"),
        ({"layout_merge_bboxes_mode": {0: "big"}}, "layout_merge_bboxes_mode"),
    ],
)
def test_wrong_values_are_named(values, words):
    with pytest.raises(errors.ConfigError, match=words):
        refined(np.zeros((0, 6), np.float32), (4, 4), values)


def test_unusable_rows_are_refused():
    with pytest.raises(errors.ModelFormatError, match="columns; the model gives 5"):
        refined(np.zeros((1, 5), np.float32), (4, 4), {})
    with pytest.raises(errors.UnsupportedError, match="rotated"):
        refined(np.ones((1, 10), np.float32), (4, 4), {"layout_unclip_ratio": 2.0})


STRIDES = [8, 16, 32]


def gfl(rng, width, height, classes, bins):
    cells = [-(-width // stride) * -(-height // stride) for stride in STRIDES]
    scores = [rng.beta(0.3, 2, (n, classes)).astype(np.float32) for n in cells]
    sides = [rng.normal(0, 2, (n, 4 * bins)).astype(np.float32) for n in cells]
    return scores, sides


@settings(max_examples=60, deadline=None)
@given(
    st.integers(9, 120),
    st.integers(9, 120),
    st.sampled_from([1, 3]),
    st.sampled_from([4, 8]),
    st.sampled_from([(1000, 100), (12, 100), (1000, 7)]),
    st.integers(0, 2**32 - 1),
)
def test_raw_heads(width, height, classes, bins, limits, seed):
    rng = np.random.default_rng(seed)
    scores, sides = gfl(rng, width, height, classes, bins)
    options = _native.GflOptions(
        strides=STRIDES, score_threshold=0.25, nms_threshold=0.5, nms_top_k=limits[0],
        keep_top_k=limits[1],
    )  # fmt: skip
    rows = _native.decode_gfl(scores, sides, (width, height), (0.5, 2.0), options)
    expected = reference.decode_gfl(
        scores, sides, (width, height), (0.5, 2.0), STRIDES,
        score=0.25, nms=0.5, top_k=limits[0], keep=limits[1],
    )  # fmt: skip
    np.testing.assert_allclose(rows, expected, rtol=1e-4, atol=1e-3)


def test_heads_that_do_not_fit_are_refused():
    scores, sides = gfl(np.random.default_rng(0), 64, 64, 2, 8)
    options = _native.GflOptions(
        strides=STRIDES, score_threshold=0.2, nms_threshold=0.5, nms_top_k=10, keep_top_k=10
    )
    with pytest.raises(errors.ModelFormatError, match="stride 8 for an input of 72x64 has 72"):
        _native.decode_gfl(scores, sides, (72, 64), (1, 1), options)
    with pytest.raises(errors.ModelFormatError, match="2 levels"):
        _native.decode_gfl(scores[:2], sides[:2], (64, 64), (1, 1), options)

"""Typical feeds, and whether two engines agree on them."""

from __future__ import annotations

import numpy as np
import pytest

from hpinfer.config.inference import parse_inference_config
from hpinfer.hpi.agreement import compare
from hpinfer.hpi.family import family_of
from hpinfer.hpi.feeds import feed_text, typical_feeds


class Input:
    def __init__(self, name, *shape, dtype="float32"):
        self.name, self.shape, self.dtype = name, shape, dtype


def config(operators=(), post=None, **raw):
    data = {"Global": {"model_name": "M"}, "PreProcess": {"transform_ops": list(operators)}, **raw}
    if post is not None:
        data["PostProcess"] = post
    return parse_inference_config(data)


FREE = Input("x", None, 3, None, None)
RESIZE = {"ResizeImage": {"resize_short": 256}}
CROP = {"CropImage": {"size": 224}}
LINES = {"ResizeImage": {"size": [160, 80]}}  # width first
TABLE = {"PaddingTableImage": {"size": [488, 488]}}
DETECTOR = [{"type": "Resize", "target_size": [800, 608]}, {"type": "Permute"}]


@pytest.mark.parametrize(
    ("cfg", "family", "shapes"),
    [
        (config(post={"name": "DBPostProcess"}), "text_detection", [(1, 3, 736, 960)]),
        (
            config(post={"name": "CTCLabelDecode"}),
            "text_recognition",
            [(1, 3, 48, 320), (1, 3, 48, 640)],
        ),
        (config([RESIZE, CROP], {"Topk": {}}), "classification", [(1, 3, 224, 224)]),
        (config([LINES], {"Topk": {}}), "classification", [(1, 3, 80, 160)]),
        (config([TABLE], {"name": "TableLabelDecode"}), "table", [(1, 3, 488, 488)]),
        (config(Preprocess=DETECTOR, arch="PicoDet"), "detection", [(1, 3, 800, 608)]),
        (config(Preprocess=[], arch="DETR"), "detr", [(1, 3, 640, 640)]),
        (config(Deploy={}), "segmentation", [(1, 3, 512, 512)]),
        (config(), "unknown", [(1, 3, 224, 224)]),
    ],
)
def test_shapes_are_those_the_family_usually_sees(cfg, family, shapes):
    assert family_of(cfg) == family
    feeds = typical_feeds(cfg, family, [FREE])
    assert [feed["x"].shape for feed in feeds] == shapes
    assert all(feed["x"].dtype == np.float32 for feed in feeds)


def test_what_the_network_fixes_wins():
    fixed = Input("x", 2, 1, 32, 100)
    (feed,) = typical_feeds(config(), "unknown", [fixed])
    assert feed["x"].shape == (2, 1, 32, 100)
    (feed,) = typical_feeds(config(), "unknown", [Input("ids", None, 77, dtype="int64")])
    assert feed["ids"].shape == (1, 77)
    assert feed["ids"].dtype == np.int64


def test_detectors_get_their_size_inputs():
    inputs = [Input("im_shape", None, 2), FREE, Input("scale_factor", None, 2)]
    (feed,) = typical_feeds(config(Preprocess=DETECTOR), "detection", inputs)
    assert feed["im_shape"].tolist() == [[800, 608]]
    assert feed["scale_factor"].tolist() == [[1, 1]]
    assert feed_text(feed) == "im_shape 1x2, x 1x3x800x608, scale_factor 1x2"


def test_feeds_are_always_the_same_and_hold_something():
    cfg = config(post={"name": "CTCLabelDecode"})
    first, again = (typical_feeds(cfg, "text_recognition", [FREE]) for _ in range(2))
    for a, b in zip(first, again, strict=True):
        assert np.array_equal(a["x"], b["x"])
        assert np.unique(a["x"]).size > 10
    assert -1 <= first[0]["x"].min() < 0 < first[0]["x"].max() <= 1


MAP = np.zeros((1, 1, 100, 100), np.float32)
MAP[..., 20:40, 20:80] = 0.9
PATH = np.eye(5, dtype=np.float32)[[0, 3, 3, 0, 1]][None]


@pytest.mark.parametrize(
    ("family", "reference", "got", "close"),
    [
        ("text_recognition", PATH, PATH * 0.93 + 0.01, True),
        ("text_recognition", PATH, PATH * 0.6 + 0.02, False),
        ("text_recognition", PATH * 30, PATH * 28, True),
        ("text_recognition", PATH * 30, PATH * 20, False),
        ("text_recognition", PATH, PATH[:, ::-1], False),
        ("text_detection", MAP, MAP + 0.004, True),
        ("text_detection", MAP, MAP + 0.02, False),
        ("text_detection", MAP, np.roll(MAP, 3, axis=-1), False),
        ("classification", PATH[0, :1], PATH[0, :1] * 0.97, True),
        ("classification", PATH[0, :1], PATH[0, :1] * 0.9, False),
        ("unknown", MAP, MAP * 1.01, True),
        ("unknown", MAP, MAP * 1.05, False),
    ],
)
def test_a_lower_precision_is_judged_by_what_the_family_makes_of_it(family, reference, got, close):
    found = compare(family, [reference], [got], reduced=True)
    assert found.close is close
    assert found.detail


def test_full_precision_is_judged_number_by_number():
    assert compare("text_detection", [MAP], [MAP + 1e-4], reduced=False).close
    assert not compare("text_detection", [MAP], [MAP + 4e-3], reduced=False).close
    ids = [np.array([1, 2])]
    assert compare("unknown", ids, ids, reduced=False).close
    assert not compare("unknown", ids, [np.array([1, 3])], reduced=False).close
    other = compare("unknown", [MAP], [MAP[..., 1:]], reduced=False)
    assert not other.close
    assert not other.comparable


RANDOM = np.random.default_rng(11)
#: Rows of a DETR, best score first: ten things seen, and 290 guesses.
SCORES = np.concatenate([np.linspace(0.95, 0.6, 10), np.linspace(0.02, 0.01, 290)])
BOXES = np.column_stack(
    [RANDOM.integers(0, 80, 300), SCORES, RANDOM.random((300, 4)) * 600]
).astype(np.float32)
COUNT = np.array([300], np.int32)
MASKS = RANDOM.integers(0, 2, (300, 20, 20)).astype(np.int32)


def exchanged(rows):
    """Neighbours of the list change places, as near-equal scores do."""
    order = np.arange(len(rows)).reshape(-1, 2)[:, ::-1].reshape(-1)
    return rows[order]


@pytest.mark.parametrize("family", ["detr", "detection"])
@pytest.mark.parametrize("reduced", [False, True])
def test_boxes_are_a_set(family, reduced):
    def judged(*got):
        return compare(family, [BOXES, COUNT, MASKS], list(got), reduced=reduced)

    assert judged(BOXES, COUNT, MASKS).close
    assert judged(exchanged(BOXES), COUNT, exchanged(MASKS)).close
    assert not judged(exchanged(BOXES), COUNT, MASKS).close, "masks of other boxes"
    fewer = judged(BOXES[:280], COUNT - 20, MASKS[:280])
    assert fewer.close, fewer.detail  # guesses at the end of the list
    guesses = BOXES.copy()
    guesses[290:, 2:] = RANDOM.random((10, 4)) * 600
    assert judged(guesses, COUNT, MASKS).close
    lost = judged(BOXES[3:], COUNT - 3, MASKS[3:])
    assert not lost.close
    assert "boxes without a partner, by score" in lost.detail
    for column, change in ((0, 1), (1, 0.05), (2, 30)):
        wrong = BOXES.copy()
        wrong[:10, column] += change
        found = judged(wrong, COUNT, MASKS)
        assert (found.close, found.comparable) == (False, True), (column, found.detail)


def test_a_lower_precision_may_move_boxes_a_little():
    moved = exchanged(BOXES) + np.array([0, 0.005, 4, -4, 4, -4], np.float32)
    assert compare("detr", [BOXES], [moved], reduced=True).close
    assert not compare("detr", [BOXES], [moved], reduced=False).close


def test_no_boxes_and_boxes_that_are_no_numbers():
    empty = np.zeros((0, 6), np.float32)
    assert compare("detection", [empty], [empty], reduced=False).close
    assert not compare("detection", [empty], [BOXES], reduced=False).close
    assert not compare("detection", [BOXES], [empty], reduced=False).close
    nothing = np.full_like(BOXES, np.nan)
    assert not compare("detection", [BOXES], [nothing], reduced=True).close
    several = np.repeat(BOXES[:1], 300, axis=0)
    assert not compare("detection", [BOXES], [several], reduced=True).close


def test_raw_heads_of_a_detector_are_numbers():
    heads = [RANDOM.random((1, 10, 475)).astype(np.float32), MAP]
    assert compare("detection", heads, [heads[0] + 1e-4, MAP], reduced=False).close
    assert not compare("detection", heads, [heads[0][:, ::-1], MAP], reduced=True).close
    assert not compare("detection", heads, heads[:1], reduced=False).close

"""Results of detection and segmentation: keys, JSON, pictures, tables."""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from hpinfer.errors import UnsupportedError
from hpinfer.results import DetResult, InstanceSegResult, SegResult

NAMES = ("person", "cat", "dog")


def detections(kind=DetResult, **changes):
    fields = {
        "class_ids": np.array([2, 0], np.int32),
        "scores": np.array([0.75, 0.5], np.float32),
        "coordinates": np.array([[10, 20, 60, 80], [0.5, 1.5, 40, 30]], np.float32),
        "class_names": NAMES,
        "image": np.full((90, 120, 3), 255, np.uint8),
        "input_path": "street.png",
    }
    return kind(**{**fields, **changes})


def instances():
    masks = [np.ones((60, 50), np.uint8), np.zeros((28, 40), np.uint8)]
    return detections(InstanceSegResult, masks=masks)


def test_paddlex_keys():
    result = detections()
    assert result.keys() == ("input_path", "page_index", "input_img", "boxes")
    assert result["boxes"][0] == {
        "cls_id": 2,
        "label": "dog",
        "score": 0.75,
        "coordinate": [10.0, 20.0, 60.0, 80.0],
    }
    assert instances().keys()[-2:] == ("boxes", "masks")
    json.dumps(instances().json)


def test_a_class_without_a_name_shows_its_number():
    result = detections(class_ids=np.array([2, 7], np.int32))
    assert result.labels == ["dog", "7"]


def test_nothing_found_is_a_result():
    empty = detections(
        class_ids=np.zeros(0, np.int32),
        scores=np.zeros(0, np.float32),
        coordinates=np.zeros((0, 4), np.float32),
    )
    assert empty
    assert len(empty) == 0
    assert empty.boxes == []
    picture = empty.img["res"]
    assert np.asarray(picture).min() == 255
    assert picture.size == (120, 90)


def test_the_picture_shows_boxes_and_a_legend_and_leaves_the_image_alone():
    result = detections()
    picture = np.asarray(result.img["res"])
    assert picture.shape[0] > 90
    assert picture.shape[1] == 120
    assert (picture[50, 60] != 255).any()  # the right side of the first box
    assert (picture[90:] != 255).any()
    assert result.image.min() == 255


def test_colours_belong_to_classes():
    one, other = detections(), detections(class_ids=np.array([2, 1], np.int32))
    first, second = (np.asarray(result.img["res"]) for result in (one, other))
    np.testing.assert_array_equal(first[70, 60], second[70, 60])
    assert (first[29, 20] != second[29, 20]).any()


def test_masks_are_tinted():
    result = instances()
    picture = np.asarray(result.img["res"]).astype(int)
    assert (picture[60, 50] < 250).any()  # in the first mask
    assert (picture[24, 4] > 250).all()  # in the second box, whose mask is empty


def test_rotated_boxes(tmp_path):
    corners = np.array([[50, 10, 90, 50, 50, 80, 20, 40]], np.float32)
    result = detections(
        class_ids=np.array([1], np.int32), scores=np.array([0.9], np.float32), coordinates=corners
    )
    assert result.boxes[0]["coordinate"] == corners[0].tolist()
    (path,) = result.save_to_img(tmp_path)
    assert path.name == "street_res.png"


def test_segmentation():
    pred = np.zeros((1, 40, 60), np.int32)
    pred[:, :, 45:] = 2
    result = SegResult(pred=pred, image=np.full((40, 60, 3), 200, np.uint8), name="road")
    assert result.keys() == ("input_path", "page_index", "input_img", "pred")
    assert result.shares() == {0: 0.75, 2: 0.25}
    assert result.json["res"]["pred"] == pred.tolist()
    picture = np.asarray(result.img["res"])
    assert (picture[10, 10] != picture[10, 50]).any()
    assert picture.shape[0] > 40


def test_to_pandas(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", SimpleNamespace(DataFrame=dict))
    frame = detections().to_pandas()
    assert list(frame) == ["label", "class_id", "score", "x1", "y1", "x2", "y2"]
    assert frame["label"] == ["dog", "person"]
    assert frame["x2"].tolist() == [60.0, 40.0]


def test_to_supervision(monkeypatch):
    """A module of the same interface: the real one is a large dependency."""

    class Module:
        @staticmethod
        def Detections(**fields):
            return fields

        @staticmethod
        def mask_to_xyxy(masks):
            return np.zeros((len(masks), 4))

    monkeypatch.setitem(sys.modules, "supervision", Module)
    fields = instances().to_supervision()
    assert fields["xyxy"].shape == (2, 4)
    assert fields["class_id"].tolist() == [2, 0]
    assert fields["data"]["class_name"].tolist() == ["dog", "person"]
    assert fields["mask"].shape == (2, 90, 120)
    assert fields["mask"][0].sum() == 60 * 50
    pred = np.array([[[0, 3], [3, 3]]], np.int32)
    fields = SegResult(pred=pred).to_supervision()
    assert fields["class_id"].tolist() == [0, 3]
    assert fields["mask"][1].tolist() == [[False, True], [True, True]]


@pytest.mark.parametrize("method", ["to_pandas", "to_supervision"])
def test_missing_packages_are_named(monkeypatch, method):
    monkeypatch.setitem(sys.modules, "pandas", None)
    monkeypatch.setitem(sys.modules, "supervision", None)
    with pytest.raises(UnsupportedError, match="pip install"):
        getattr(detections(), method)()

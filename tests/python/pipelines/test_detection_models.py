"""Detection and segmentation models: networks with known answers, and the real layout network."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from detection_networks import LABELS, SIDE, detection_model, segmentation_model
from example_pages import GOLDEN, ROOT

import hpinfer
from hpinfer.errors import ConfigError, ModelFormatError, UnsupportedError
from hpinfer.io import InputFailure

THREE = ("im_shape", "image", "scale_factor")
PAGE = ROOT / "examples" / "pages" / "report.png"
LAYOUT = "picodet_lcnet_x1_0_fgd_layout_cdla"


def picture(height, width, red):
    image = np.zeros((height, width, 3), np.uint8)
    image[:, :, 2] = red  # BGR
    return image


def load(folder, engine, **options):
    return hpinfer.create_model("tiny", model_dir=folder, engine=engine, **options)


@pytest.fixture
def mixed():
    sizes = [(100, 80), (30, 200), (64, 64), (333, 12), (50, 50)]
    return [picture(*size, red) for size, red in zip(sizes, (1, 2, 0, 3, 1), strict=True)]


def check_box(result, image, red):
    if red == 0:
        assert len(result) == 0
        assert result.boxes == []
        assert result.coordinates.shape == (0, 4)
        return
    height, width = image.shape[:2]
    (box,) = result.boxes
    assert box["cls_id"] == red
    assert box["label"] == LABELS[red]
    assert box["score"] == pytest.approx(0.9)
    expected = [width / 4, height / 4, width * 3 / 4, height * 3 / 4]
    assert box["coordinate"] == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("inputs", [("image", "scale_factor"), THREE])
@pytest.mark.parametrize("batch_size", [1, 3, 5])
def test_input_conventions(engine, tmp_path, mixed, inputs, batch_size):
    model = load(detection_model(tmp_path, inputs), engine)
    results = list(model.predict(mixed, batch_size=batch_size))
    for result, image in zip(results, mixed, strict=True):
        check_box(result, image, int(image[0, 0, 2]))


def test_centernet_is_told_the_size_of_the_picture(engine, tmp_path):
    """It gets BGR, so the class is the blue value."""
    steps = [
        {"type": "WarpAffine", "keep_res": False, "input_h": SIDE, "input_w": SIDE},
        {"type": "NormalizeImage", "mean": [0, 0, 0], "std": [1, 1, 1], "is_scale": False},
        {"type": "Permute"},
    ]
    model = load(detection_model(tmp_path, THREE, Preprocess=steps), engine)
    image = np.ascontiguousarray(picture(40, 40, 2)[:, :, ::-1])
    check_box(next(model.predict(image)), image, 2)


def test_a_network_with_one_input(engine, tmp_path):
    model = load(detection_model(tmp_path, ("image",)), engine)
    check_box(next(model.predict(picture(SIDE, SIDE, 2))), picture(SIDE, SIDE, 2), 2)


@pytest.mark.parametrize(("img_size", "width", "height"), [(32, 32, 32), ((48, 20), 48, 20)])
def test_the_size_for_the_network(engine, tmp_path, img_size, width, height):
    """The network gives boxes in the pixels that it was given."""
    folder = detection_model(tmp_path, ("image",), any_size=True)
    box = next(load(folder, engine, img_size=img_size).predict(picture(60, 70, 1))).boxes[0]
    expected = [width / 4, height / 4, width * 3 / 4, height * 3 / 4]
    assert box["coordinate"] == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("img_size", [0, -1, True, 32.0, "32", (32,), (32, 0)])
def test_sizes_that_are_none(engine, tmp_path, img_size):
    folder = detection_model(tmp_path, ("image",), any_size=True)
    with pytest.raises(ConfigError, match="img_size must be a side or"):
        load(folder, engine, img_size=img_size)


def test_a_network_of_one_size_takes_no_other(engine, tmp_path):
    folder = detection_model(tmp_path, THREE)
    load(folder, engine, img_size=SIDE)
    with pytest.raises(ConfigError, match="exported for pictures of 64x64; 64x32 cannot"):
        load(folder, engine, img_size=(SIDE, 32))


def test_parameters_come_from_the_call_then_the_file(engine, tmp_path):
    folder = detection_model(tmp_path, THREE, layout_unclip_ratio=2.0)
    model = load(folder, engine)
    image = picture(40, 80, 1)
    whole = next(model.predict(image))
    assert whole.boxes[0]["coordinate"] == pytest.approx([0, 0, 80, 40], abs=1e-3)
    wide = next(model.predict(image, layout_unclip_ratio=(1.0, 1.5)))
    assert wide.boxes[0]["coordinate"] == pytest.approx([20, 5, 60, 35], abs=1e-3)
    assert len(next(model.predict(image, threshold=0.95))) == 0
    assert len(next(model.predict(image, threshold={"cat": 0.95}))) == 0
    assert len(next(model.predict(image, threshold={"dog": 0.95}))) == 1
    for wrong in ({"threshold": 2}, {"treshold": 0.5}, {"layout_merge_bboxes_mode": "all"}):
        with pytest.raises(ConfigError):
            model.predict(image, **wrong)


def test_keep_ratio_and_padding(engine, tmp_path):
    steps = [
        {"type": "Resize", "target_size": [SIDE, SIDE], "keep_ratio": True, "interp": 1},
        {"type": "Pad", "size": [SIDE, SIDE], "fill_value": [114.0, 114.0, 114.0]},
        {"type": "Permute"},
    ]
    model = load(detection_model(tmp_path, THREE, Preprocess=steps), engine)
    images = [picture(100, 50, 1), picture(20, 80, 3), picture(64, 64, 2)]
    for result, image in zip(model.predict(images, batch_size=3), images, strict=True):
        check_box(result, image, int(image[0, 0, 2]))


def test_one_bad_image_does_not_lose_the_others(engine, tmp_path):
    steps = [
        {"type": "Resize", "target_size": [SIDE, SIDE], "keep_ratio": True, "interp": 1},
        {"type": "Pad", "size": [SIDE, SIDE], "fill_value": [114.0, 114.0, 114.0]},
        {"type": "Permute"},
    ]
    model = load(detection_model(tmp_path, THREE, Preprocess=steps), engine)
    images = [picture(40, 40, 1), picture(1, 900, 1), picture(40, 40, 2)]  # 0 x 64 after resizing
    first, bad, last = model.predict(images, batch_size=3, on_error="yield")
    check_box(first, images[0], 1)
    check_box(last, images[2], 2)
    assert isinstance(bad, InputFailure)
    assert "would be resized to" in str(bad.error)
    with pytest.raises(ValueError, match="would be resized to"):
        list(model.predict(images, batch_size=3))


def test_instances(engine, tmp_path, mixed):
    model = load(detection_model(tmp_path, THREE, masks=True), engine)
    for result, image in zip(model.predict(mixed, batch_size=3), mixed, strict=True):
        check_box(result, image, int(image[0, 0, 2]))
        assert len(result["masks"]) == len(result)
        for mask, box in zip(result.masks, result.boxes, strict=True):
            left, top, right, bottom = (round(value) for value in box["coordinate"])
            assert mask.shape == (bottom - top, right - left)
            assert mask.dtype == np.uint8
            expected = np.broadcast_to(np.arange(top, bottom)[:, None] % 2, mask.shape)
            np.testing.assert_array_equal(mask, expected)


def test_models_that_are_no_detectors_are_refused(engine, tmp_path):
    folder = detection_model(tmp_path, THREE, masks=True)
    yml = (folder / "inference.yml").read_text(encoding="utf-8")
    (folder / "inference.yml").write_text(yml.replace("mask: true", "mask: false"), "utf-8")
    with pytest.raises(ModelFormatError, match="2 outputs; this one has 3"):
        load(folder, engine)
    detection_model(tmp_path, THREE, Preprocess=[{"type": "Warp"}])
    with pytest.raises(UnsupportedError, match="'Warp'"):
        load(folder, engine)
    detection_model(tmp_path, THREE, Preprocess=[{"Resize": {}}])
    with pytest.raises(ConfigError, match="type: Name"):
        load(folder, engine)


def test_threads_get_what_serial_calls_get(engine, tmp_path, mixed):
    model = load(detection_model(tmp_path, THREE), engine)
    expected = [result.boxes for result in model.predict(mixed)]
    with ThreadPoolExecutor(8) as pool:
        runs = pool.map(
            lambda size: [r.boxes for r in model.predict(mixed, batch_size=size)], [1, 2, 3, 5] * 8
        )
        assert all(run == expected for run in runs)


def gradient(height, width):
    image = picture(height, width, 0)
    image[:, :, 2] = np.arange(height)[:, None] + 2 * np.arange(width)
    return image


def test_segmentation_at_the_pictures_own_size(engine, tmp_path):
    model = load(segmentation_model(tmp_path), engine)
    images = [gradient(40, 31), gradient(40, 31), gradient(7, 90)]
    for result, image in zip(model.predict(images, batch_size=3), images, strict=True):
        assert result.pred.dtype == np.int32
        np.testing.assert_array_equal(result["pred"], image[None, :, :, 2])


def test_segmentation_at_a_target_size(engine, tmp_path):
    model = load(segmentation_model(tmp_path), engine)
    (result,) = model.predict(gradient(50, 90), target_size=(64, 64))
    assert result.pred.shape == (1, 50, 90)
    assert len(np.unique(result.pred[0, :, 0])) <= 64  # rows of the network's map, repeated
    own = next(model.predict(gradient(50, 90), target_size=-1))
    np.testing.assert_array_equal(own.pred[0], gradient(50, 90)[:, :, 2])
    for wrong in (0, (64,), (64, 0), "64", True):
        with pytest.raises(ConfigError, match="target_size"):
            model.predict(gradient(5, 5), target_size=wrong)


def test_segmentation_resize_of_the_file(engine, tmp_path):
    transforms = [
        {"type": "Resize", "target_size": [32, 32], "keep_ratio": False},
        {"type": "Normalize"},
    ]
    model = load(segmentation_model(tmp_path, transforms=transforms), engine)
    image = picture(64, 96, 0)
    image[:32, :, 2] = 200
    (result,) = model.predict(image)
    np.testing.assert_array_equal(result.pred[0, 0], 200)
    np.testing.assert_array_equal(result.pred[0, -1], 0)


def test_segmentation_values_are_reduced_to_the_best_class(engine, tmp_path):
    model = load(segmentation_model(tmp_path, output="values"), engine)
    image = gradient(40, 31)
    (result,) = model.predict(image)
    np.testing.assert_array_equal(result.pred[0], (image[:, :, 2] >= 100).astype(np.int32))


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("plain", {}),
        ("layout", {"layout_nms": True, "layout_merge_bboxes_mode": "large"}),
        ("unclip", {"threshold": {0: 0.9, "table": 0.6}, "layout_unclip_ratio": 1.05}),
    ],
)
def test_layout_of_the_example_page(engine, name, params):
    golden = json.loads((GOLDEN / "paddlex_detection.json").read_text("utf-8"))["page"][name]
    model = hpinfer.create_model(LAYOUT, engine=engine)
    result = next(model.predict(PAGE, **params))
    assert [box["label"] for box in result.boxes] == [box["label"] for box in golden]
    for box, expected in zip(result.boxes, golden, strict=True):
        assert box["cls_id"] == expected["cls_id"]
        assert box["score"] == pytest.approx(expected["score"], abs=0.01)
        np.testing.assert_allclose(box["coordinate"], expected["coordinate"], atol=1)


def test_layout_knows_what_is_on_the_page(engine):
    model = hpinfer.create_model(LAYOUT, engine=engine)
    blank = np.full((400, 300, 3), 255, np.uint8)
    page, nothing = model.predict([str(PAGE), blank], batch_size=2)
    labels = page.labels
    assert labels.count("text") == 4
    assert labels.count("figure") == labels.count("table") == labels.count("table_caption") == 1
    assert len(nothing) == 0

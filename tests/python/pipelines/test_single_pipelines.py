"""The pipelines of one model, from YAML files in the form that PaddleX ships."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from click.testing import CliRunner
from colour_network import COLOURS, colour_model, coloured
from detection_networks import SIDE, detection_model, segmentation_model
from example_pages import ROOT
from PIL import Image
from shipped_yaml import CLASSIFICATION, DETECTION, INSTANCES, SEGMENTATION

import hpinfer
from hpinfer.cli.root import root
from hpinfer.errors import ConfigError, ModelNotFoundError
from hpinfer.io import InputFailure
from hpinfer.pipelines import (
    ImageClassificationPipeline,
    InstanceSegmentationPipeline,
    ObjectDetectionPipeline,
    SemanticSegmentationPipeline,
)

THREE = ("im_shape", "image", "scale_factor")
PAGE = ROOT / "examples" / "pages" / "report.png"


@pytest.fixture
def made(tmp_path, engine):
    """Makes a pipeline of a YAML text."""

    def make(text, directory, **values):
        path = tmp_path / "pipeline.yaml"
        path.write_text(text.format(directory=directory, **values), encoding="utf-8")
        return hpinfer.create_pipeline(path, engine=engine)

    return make


@pytest.fixture
def colours(tmp_path):
    return colour_model(tmp_path / "colours")


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "model"
    path.mkdir()
    return path


def picture(height, width, red):
    image = np.zeros((height, width, 3), np.uint8)
    image[:, :, 2] = red  # BGR
    return image


def run(*args):
    return CliRunner().invoke(root, [str(arg) for arg in args], prog_name="hpinfer")


def save(path, bgr):
    Image.fromarray(bgr[:, :, ::-1]).save(path)
    return path


def test_classification(made, colours, engine):
    pipeline = made(CLASSIFICATION, colours, topk=2)
    assert isinstance(pipeline, ImageClassificationPipeline)
    pictures = [coloured(colour, 20 + 7 * i, 60 - 9 * i) for i, colour in enumerate(COLOURS)]
    results = list(pipeline.predict(pictures))
    assert [result.label_names[0] for result in results] == COLOURS
    assert [result["class_ids"][0] for result in results] == [0, 1, 2, 3]
    assert {len(result.label_names) for result in results} == {2}
    assert len(next(pipeline.predict(pictures, topk=3)).label_names) == 3
    assert len(next(pipeline.predict(pictures)).label_names) == 2
    assert {name: item.engine for name, item in pipeline.engines.items()} == {"colours": engine}
    assert str(pipeline.explain()).startswith("colours: ")


def test_a_null_leaves_the_value_to_the_model(made, tmp_path):
    model = colour_model(tmp_path / "m", topk=3)
    assert len(next(made(CLASSIFICATION, model, topk="null")(coloured("red"))).label_names) == 3


def test_threads_share_a_pipeline(made, colours):
    pipeline = made(CLASSIFICATION, colours, topk=1)
    pictures = [coloured(COLOURS[i % 4]) for i in range(9)]

    def labels(topk):
        return [result.label_names for result in pipeline.predict(pictures, topk=topk)]

    with ThreadPoolExecutor(4) as pool:
        for topk, found in enumerate(pool.map(labels, (1, 2, 3, 4)), 1):
            assert [names[0] for names in found] == [COLOURS[i % 4] for i in range(9)]
            assert {len(names) for names in found} == {topk}


def test_one_bad_picture_does_not_lose_its_batch(made, tmp_path):
    model = colour_model(tmp_path / "m", crop=12)  # larger than what the resize gives
    pipeline = made(CLASSIFICATION, model, topk=1)
    wide, square = coloured("green", 20, 100), coloured("red", 20, 20)
    results = list(pipeline.predict([square, b"no picture", wide], on_error="yield"))
    assert all(isinstance(result, InputFailure) for result in results)

    pipeline = made(CLASSIFICATION, colour_model(tmp_path / "ok"), topk=1)
    inputs = [coloured("red"), b"no picture", coloured("blue"), coloured("green")]
    first, bad, third, fourth = pipeline.predict(inputs, on_error="yield")
    assert [item.label_names[0] for item in (first, third, fourth)] == ["red", "blue", "green"]
    assert isinstance(bad, InputFailure)
    with pytest.raises(ValueError, match="input_1"):
        list(pipeline.predict(inputs))


def test_pictures_are_read_only_when_their_batch_is_due(made, colours):
    pipeline = made(CLASSIFICATION, colours, topk=1)  # batches of four
    read = []

    def source():
        for number in range(12):
            read.append(number)
            yield coloured("red")

    results = pipeline.predict(source())
    assert read == []
    next(results)
    assert read == [0, 1, 2, 3]
    assert len(list(results)) == 11


def test_a_larger_pipeline_batch_is_cut_into_those_of_the_module(colours, engine, monkeypatch):
    from hpinfer.models import ImageClassification

    config = {
        "pipeline_name": "image_classification",
        "batch_size": 5,
        "SubModules": {
            "ImageClassification": {
                **{"model_name": "colours", "model_dir": str(colours)},
                "batch_size": 2,
            }
        },
    }
    pipeline = hpinfer.create_pipeline(config, engine=engine)
    sizes = []
    original = ImageClassification._predict_batch

    def counted(self, images, settings):
        sizes.append(len(images))
        return original(self, images, settings)

    monkeypatch.setattr(ImageClassification, "_predict_batch", counted)
    results = list(pipeline.predict([coloured(COLOURS[i % 4]) for i in range(7)]))
    assert [result.label_names[0] for result in results] == [COLOURS[i % 4] for i in range(7)]
    assert sizes == [2, 2, 1, 2]


def test_detection_thresholds(made, folder):
    detection_model(folder, THREE)
    image = picture(100, 80, 2)
    pipeline = made(DETECTION, folder, threshold="null")
    assert isinstance(pipeline, ObjectDetectionPipeline)
    (box,) = next(pipeline.predict(image)).boxes
    assert box["coordinate"] == pytest.approx([20, 25, 60, 75], abs=1e-3)
    assert len(next(pipeline.predict(image, threshold=0.95))) == 0
    assert len(next(pipeline.predict(image, threshold={"dog": 0.95}))) == 0
    assert len(next(made(DETECTION, folder, threshold=0.95).predict(image))) == 0
    by_class = made(DETECTION, folder, threshold="{dog: 0.95}")
    assert len(next(by_class.predict(image))) == 0
    assert len(next(by_class.predict(picture(100, 80, 1)))) == 1
    assert len(next(by_class.predict(image, threshold=0.5))) == 1
    with pytest.raises(ConfigError, match="no class 'horse'"):
        made(DETECTION, folder, threshold="{horse: 0.95}")


def test_the_size_of_a_detector(made, folder):
    """Without geometry inputs the box is in the network's own pixels: it tells its size."""
    detection_model(folder, ("image",), any_size=True)
    text = DETECTION.replace("img_size: null", "img_size: [48, 32]")
    pipeline = made(text, folder, threshold="null")
    (box,) = next(pipeline.predict(picture(100, 80, 2))).boxes
    assert box["coordinate"] == pytest.approx([12, 8, 36, 24], abs=1e-3)


def test_a_detector_of_one_size_takes_no_other(made, folder):
    detection_model(folder, THREE)
    text = DETECTION.replace("img_size: null", "img_size: 320")
    with pytest.raises(ConfigError, match="exported for pictures of 64x64"):
        made(text, folder, threshold="null")


def test_instance_threshold_of_the_file_is_the_default(made, folder):
    """Quirk Q3: PaddleX stores it and forgets it."""
    detection_model(folder, THREE, masks=True)
    image = picture(60, 40, 3)
    pipeline = made(INSTANCES, folder, threshold=0.95)
    assert isinstance(pipeline, InstanceSegmentationPipeline)
    assert len(next(pipeline.predict(image))) == 0
    found = next(pipeline.predict(image, threshold=0.5))
    assert len(found) == len(found.masks) == 1
    assert len(next(made(INSTANCES, folder, threshold=0.5).predict(image))) == 1


def test_target_size_of_the_file_is_the_default(made, folder):
    """Quirk Q3 again; the network labels each pixel with its red value."""
    segmentation_model(folder)
    rng = np.random.default_rng(3)
    image = rng.integers(0, 200, (50, 70, 3), np.uint8)
    pipeline = made(SEGMENTATION, folder, target_size="None")  # a text, as PaddleX ships it
    assert isinstance(pipeline, SemanticSegmentationPipeline)
    own = next(pipeline.predict(image)).pred
    np.testing.assert_array_equal(own[0], image[:, :, 2])
    asked = next(pipeline.predict(image, target_size=32)).pred
    assert (asked != own).any()
    for size in ("32", "[32, 32]"):
        small = made(SEGMENTATION, folder, target_size=size)
        np.testing.assert_array_equal(next(small.predict(image)).pred, asked)
        np.testing.assert_array_equal(next(small.predict(image, target_size=-1)).pred, own)


def test_mixed_sizes_and_pages(made, folder, tmp_path):
    detection_model(folder, THREE)
    pages = [Image.fromarray(picture(60 + i, 40, i + 1)[:, :, ::-1]) for i in range(3)]
    pages[0].save(tmp_path / "pages.tiff", save_all=True, append_images=pages[1:])
    results = list(made(DETECTION, folder, threshold="null").predict(tmp_path / "pages.tiff"))
    assert [result.page_index for result in results] == [0, 1, 2]
    assert [result.labels for result in results] == [["cat"], ["dog"], ["bird"]]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("semantic_segmentation", "SubModules.SemanticSegmentation.model_dir"),
        ("instance_segmentation", "SubModules.InstanceSegmentation.model_dir"),
    ],
)
def test_a_model_that_cannot_be_had_names_the_key_to_set(name, key):
    with pytest.raises(ModelNotFoundError) as caught:
        hpinfer.create_pipeline(name)
    assert key in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_model_of_another_family_is_refused(made, folder):
    segmentation_model(folder)
    with pytest.raises(ConfigError, match="of the family ObjectDetection; tiny is of Semantic"):
        made(DETECTION, folder, threshold="null")


@pytest.mark.parametrize(
    ("name", "params", "message"),
    [
        ("image_classification", {"topk": 0}, "topk must be"),
        ("image_classification", {"top_k": 2}, "did you mean 'topk'"),
        ("object_detection", {"treshold": 0.5}, "did you mean 'threshold'"),
    ],
)
def test_wrong_parameters_are_refused_at_once(name, params, message):
    pipeline = hpinfer.create_pipeline(name)
    with pytest.raises(ConfigError, match=message):
        pipeline.predict(coloured("red"), **params)


def test_layout_of_a_page_by_name(engine):
    pipeline = hpinfer.create_pipeline("object_detection", engine=engine)
    labels = {label for box in pipeline.predict(PAGE) for label in box.labels}
    assert {"text", "title"} <= labels


def test_paddlex_command_line(folder, tmp_path):
    detection_model(folder, THREE)
    config = tmp_path / "detection.yaml"
    config.write_text(DETECTION.format(directory=folder, threshold="null"), encoding="utf-8")
    image = save(tmp_path / "dog.png", picture(SIDE, SIDE, 2))
    out = tmp_path / "out"
    got = run("--pipeline", config, "--input", image, "--save_path", out)
    assert got.exit_code == 0, got.stderr
    assert "'label': 'dog'" in got.stdout
    assert sorted(path.name for path in out.iterdir()) == ["dog_res.json", "dog_res.png"]
    assert json.loads((out / "dog_res.json").read_text())["boxes"][0]["cls_id"] == 2
    for threshold in ("0.95", "{'dog': 0.95}", '{"dog": 0.95}', "{2: 0.95}"):
        got = run("--pipeline", config, "--input", image, "--threshold", threshold)
        assert (got.exit_code, "dog'" in got.stdout.replace("dog.png'", "")) == (0, False)
    got = run("--pipeline", config, "--input", image, "--threshold", "high")
    assert got.exit_code == 2
    assert "threshold: input should be a valid number" in got.stderr
    assert got.stderr.count("\n") == 1


def test_subcommand_detect(folder, tmp_path):
    detection_model(folder, THREE)
    image = save(tmp_path / "dog.png", picture(100, 80, 2))
    got = run("detect", image, "--model", folder)
    assert (got.exit_code, got.stdout) == (0, "dog  0.900  20 25 60 75\n")
    csv = run("detect", image, "--model", folder, "--format", "csv").stdout.splitlines()
    assert csv[0] == "input_path,page_index,label,class_id,score,x1,y1,x2,y2"
    assert csv[1].startswith(f"{image},,dog,2,0.8")
    (found,) = json.loads(run("detect", image, "--model", folder, "--format", "json").stdout)
    assert found["boxes"][0]["label"] == "dog"


def test_subcommand_classify_saves_what_is_asked(colours, tmp_path):
    image = save(tmp_path / "a.png", coloured("green"))
    out = tmp_path / "out"
    got = run("classify", image, "--model", colours, "--topk", 1, "-o", out, "--save", "all")
    assert got.exit_code == 0, got.stderr
    assert got.stdout.startswith("green  0.9")
    assert sorted(path.name for path in out.iterdir()) == [
        *("a.csv", "a.txt", "a_res.json", "a_res.png")
    ]
    assert (out / "a.csv").read_text().splitlines()[1].startswith(f"{image},,1,green,1,0.9")
    got = run("classify", image, "--model", colours, "-o", out, "--save", "markdown")
    assert got.exit_code == 2


def test_subcommands_segment_and_instances(folder, tmp_path):
    segmentation_model(folder)
    half = picture(40, 40, 7)
    half[:10, :, 2] = 3
    image = save(tmp_path / "a.png", half)
    got = run("segment", image, "--model", folder, "--target-size", "-1", "-o", tmp_path / "s")
    assert (got.exit_code, got.stdout) == (0, "7  75.00%\n3  25.00%\n")
    assert sorted(path.name for path in (tmp_path / "s").iterdir()) == ["a_res.json", "a_res.png"]
    detection_model(folder, THREE, masks=True)
    got = run("instances", image, "--model", folder, "--threshold", "0.5")
    assert got.exit_code == 0, got.stderr

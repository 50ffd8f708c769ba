"""What holds for every pipeline: batches, pictures of many sizes, bad ones, data frames."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shipped_yaml
import yaml
from click.testing import CliRunner
from colour_network import colour_model
from constructed import unwarping_network, write_model
from detection_networks import detection_model, segmentation_model
from example_pages import IMAGES, load_bgr
from formula_networks import latex_config, sides_network
from onnx import helper

import hpinfer
from hpinfer.cli.root import root
from hpinfer.config.pipelines import PIPELINES
from hpinfer.io import InputFailure

THREE = ("im_shape", "image", "scale_factor")
LABELS = ["text", "formula", "seal", "table"]


class Networks:
    """Makes the networks that have no public weights, each once."""

    def __init__(self, root):
        self._root = root

    def folder(self, name):
        path = self._root / name
        path.mkdir(exist_ok=True)
        return path

    def layout(self):
        return detection_model(self.folder("layout"), THREE, label_list=LABELS)

    def formula(self):
        return write_model(self.folder("formula"), sides_network(), latex_config())

    def unwarping(self):
        index = helper.make_node("Constant", [], ["order"], value_ints=[2, 1, 0])
        swap = helper.make_node("Gather", ["image", "order"], ["flat"], axis=1)
        config = {"Global": {"model_name": "UVDoc"}}
        return write_model(self.folder("unwarping"), unwarping_network([index, swap]), config)


def text_of(name, networks):
    """The file of a pipeline, for these networks."""
    layout = {"layout": networks.layout(), "formula": networks.formula()}
    folder = networks.folder
    texts = {
        "image_classification": lambda: shipped_yaml.CLASSIFICATION.format(
            directory=colour_model(folder("colours")), topk=2
        ),
        "object_detection": lambda: shipped_yaml.DETECTION.format(
            directory=detection_model(folder("detection"), THREE), threshold=0.5
        ),
        "semantic_segmentation": lambda: shipped_yaml.SEGMENTATION.format(
            directory=segmentation_model(folder("segmentation")), target_size="null"
        ),
        "instance_segmentation": lambda: shipped_yaml.INSTANCES.format(
            directory=detection_model(folder("instances"), THREE, masks=True), threshold=0.5
        ),
        "doc_preprocessor": lambda: shipped_yaml.DOCUMENT.format(
            orientation="null", unwarping=networks.unwarping()
        ),
        "OCR": lambda: "pipeline_name: OCR",
        "seal_recognition": lambda: shipped_yaml.SEALS.format(
            **layout, document=True, layout_on=True
        ),
        "table_recognition": lambda: shipped_yaml.TABLES,
        "formula_recognition": lambda: shipped_yaml.FORMULAS.format(**layout),
        "layout_parsing": lambda: shipped_yaml.LAYOUT_PARSING.format(**layout),
        "PP-ChatOCRv3-doc": lambda: "pipeline_name: PP-ChatOCRv3-doc",
    }
    assert texts.keys() == PIPELINES.keys()
    return texts[name]()


def in_batches(config, size):
    """`config` with every batch size set but that of text recognition.

    Lines that are recognised together are padded to one width, as in PaddleX: scores change a bit.
    """
    if not isinstance(config, dict):
        return config
    changed = {
        key: value if key == "TextRecognition" else in_batches(value, size)
        for key, value in config.items()
    }
    if "model_name" in config and "base_url" not in config:
        changed["batch_size"] = size
    return changed


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    return Networks(tmp_path_factory.mktemp("networks"))


@pytest.fixture(scope="module")
def pictures():
    """Of different sizes; the red corners are what the constructed networks go by."""
    found = [load_bgr("hello.png"), load_bgr("sign.png"), load_bgr("receipt.png")]
    for number, picture in enumerate(found):
        height, width = picture.shape[:2]
        picture[: height // 8, : width // 8] = (0, 0, number % len(LABELS))
    return found


def facts(result):
    """What a result says, without where it came from."""
    said = result.to_dict()
    for key in ("input_path", "page_index"):
        said.pop(key, None)
    return said


@pytest.mark.parametrize("name", PIPELINES)
def test_batches_of_pictures_of_many_sizes_with_bad_ones_among_them(name, networks, pictures):
    config = yaml.safe_load(text_of(name, networks))
    single = hpinfer.create_pipeline(in_batches(config, 1), engine="onnxruntime")
    together = hpinfer.create_pipeline(
        {**in_batches(config, 3), "batch_size": 3}, engine="onnxruntime"
    )
    expected = [facts(result) for result in single.predict(pictures)]
    assert [facts(result) for result in together.predict(pictures)] == expected
    first, second, third = pictures
    nothing, broken = np.zeros((0, 5, 3), np.uint8), b"no picture"
    mixed = [first, nothing, second, broken, third]
    results = list(together.predict(mixed, on_error="yield"))
    assert [isinstance(item, InputFailure) for item in results] == [
        *(False, True, False, True, False)
    ]
    assert [facts(results[place]) for place in (0, 2, 4)] == expected
    with pytest.raises(ValueError, match=r".+"):
        list(together.predict(mixed))


@pytest.mark.parametrize(
    "name", sorted(PIPELINES.keys() - {"doc_preprocessor", "table_recognition"})
)
def test_results_are_data_frames(name, networks):
    config = yaml.safe_load(text_of(name, networks))
    pipeline = hpinfer.create_pipeline(config, engine="onnxruntime")
    (result,) = pipeline.predict(IMAGES / "hello.png")
    frame = result.to_pandas()
    assert isinstance(frame, pd.DataFrame)
    rows = result.to_csv().count("\n") - 1 if hasattr(result, "to_csv") else len(result)
    assert len(frame) == rows
    assert "<img" in result._repr_html_()


def in_the_older_layout(name, networks):
    """What ``Pipeline`` of a file of PaddleX's beta says, for these networks."""
    folder = networks.folder
    text = {"text_det_model": "PP-OCRv4_mobile_det", "text_rec_model": "PP-OCRv4_mobile_rec"}
    page = {"layout_model": networks.layout(), "table_model": "SLANet_plus", **text}
    seal = {"seal_text_det_model": "PP-OCRv4_mobile_det", "doc_image_unwarp_model": "None"}
    return {
        "image_classification": {"model": colour_model(folder("colours"))},
        "object_detection": {"model": detection_model(folder("detection"), THREE)},
        "semantic_segmentation": {"model": segmentation_model(folder("segmentation"))},
        "instance_segmentation": {"model": detection_model(folder("instances"), THREE, masks=True)},
        "OCR": text,
        "seal_recognition": {"layout_model": networks.layout(), **text},
        "table_recognition": page,
        "formula_recognition": {
            "layout_model": networks.layout(),
            "formula_rec_model": networks.formula(),
        },
        "layout_parsing": {**page, **seal, "formula_rec_model": networks.formula()},
        "PP-ChatOCRv3-doc": {**page, **seal, "llm_name": "ernie-3.5"},
    }[name]


@pytest.mark.parametrize("name", sorted(PIPELINES.keys() - {"doc_preprocessor"}))
def test_files_of_the_beta_run_on_the_command_line(name, networks, tmp_path):
    models = {key: str(value) for key, value in in_the_older_layout(name, networks).items()}
    file = tmp_path / "older.yaml"
    older = {"Global": {"pipeline_name": name, "input": "a.png"}, "Pipeline": models}
    file.write_text(yaml.safe_dump(older), encoding="utf-8")
    done = CliRunner().invoke(
        root,
        [
            *("--pipeline", str(file), "--input", str(IMAGES / "hello.png")),
            *("--save_path", str(tmp_path / "out"), "--engine", "onnxruntime"),
        ],
        prog_name="hpinfer",
    )
    assert done.exit_code == 0, done.stderr
    assert (tmp_path / "out" / "hello_res.json").is_file()

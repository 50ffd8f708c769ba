"""Document pre-processing, on its own and inside OCR."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
import yaml
from click.testing import CliRunner
from colour_network import colour_model, coloured
from constructed import unwarping_network, write_model
from example_pages import GOLDEN, IMAGES, golden_pages, load_bgr
from onnx import helper
from page_inputs import turned_pages
from PIL import Image
from shipped_yaml import DOCUMENT

import hpinfer
from hpinfer import _native
from hpinfer.cli.root import root
from hpinfer.errors import ConfigError, ModelFormatError, ModelNotFoundError
from hpinfer.pipelines import DocPreprocessorPipeline

ANGLES = ["0", "90", "180", "270"]
#: The colour that the constructed network takes for each angle.
COLOUR_OF = dict(zip((0, 90, 180, 270), ("red", "green", "blue", "black"), strict=True))


@pytest.fixture
def orientation(tmp_path):
    return colour_model(
        tmp_path / "orientation", name="PP-LCNet_x1_0_doc_ori", labels=ANGLES, topk=1
    )


@pytest.fixture
def unwarping(tmp_path):
    """Swaps the halves of the page's channels: blue and red change places."""
    index = helper.make_node("Constant", [], ["order"], value_ints=[2, 1, 0])
    swap = helper.make_node("Gather", ["image", "order"], ["flat"], axis=1)
    graph = unwarping_network([index, swap])
    return write_model(tmp_path / "unwarping", graph, {"Global": {"model_name": "UVDoc"}})


@pytest.fixture
def config(tmp_path, orientation, unwarping):
    path = tmp_path / "doc_preprocessor.yaml"
    path.write_text(DOCUMENT.format(orientation=orientation, unwarping=unwarping), encoding="utf-8")
    return path


def close(found, expected):
    assert found.shape == expected.shape
    assert np.abs(found.astype(int) - expected).max() <= 1


def test_both_steps_of_the_shipped_file(config, engine):
    pipeline = hpinfer.create_pipeline(config, engine=engine)
    assert isinstance(pipeline, DocPreprocessorPipeline)
    assert list(pipeline.engines) == ["PP-LCNet_x1_0_doc_ori", "UVDoc"]
    pages = {angle: coloured(colour) for angle, colour in COLOUR_OF.items()}
    for result, (angle, page) in zip(
        pipeline.predict(list(pages.values())), pages.items(), strict=True
    ):
        turned = _native.rotate_image(page, angle) if angle else page
        assert result["angle"] == angle
        np.testing.assert_array_equal(result["rot_img"], turned)
        close(result["output_img"], turned[:, :, ::-1])
        assert result["input_img"] is page
        assert result["model_settings"] == {
            "use_doc_orientation_classify": True,
            "use_doc_unwarping": True,
        }
        assert set(result.json["res"]) == {"input_path", "page_index", "model_settings", "angle"}


def test_steps_can_be_left_out_of_a_call(config, engine):
    pipeline = hpinfer.create_pipeline(config, engine=engine)
    page = coloured("green")
    off = next(pipeline.predict(page, use_doc_orientation_classify=False, use_doc_unwarping=False))
    assert off.angle == -1
    assert off.rot_img is off.output_img is page
    turned = next(pipeline.predict(page, use_doc_unwarping=False))
    assert turned.angle == 90
    assert turned.output_img is turned.rot_img
    flat = next(pipeline.predict(page, use_doc_orientation_classify=False))
    assert flat.angle == -1
    close(flat.output_img, page[:, :, ::-1])


def test_a_step_without_its_model_is_refused_at_once(engine):
    pipeline = hpinfer.create_pipeline("doc_preprocessor", engine=engine)
    with pytest.raises(ConfigError, match=r"use_doc_unwarping=True needs a model"):
        pipeline.predict(IMAGES / "hello.png", use_doc_unwarping=True)
    with pytest.raises(ConfigError, match="did you mean 'use_doc_unwarping'"):
        pipeline.predict(IMAGES / "hello.png", use_doc_unwarp=True)


def test_labels_that_are_no_angles_are_refused(tmp_path, engine):
    model = colour_model(tmp_path / "m", name="PP-LCNet_x1_0_doc_ori")
    text = DOCUMENT.replace("use_doc_unwarping: True", "use_doc_unwarping: False")
    data = yaml.safe_load(text.format(orientation=model, unwarping="null"))
    with pytest.raises(ModelFormatError, match="must have the labels 0, 90, 180 and 270"):
        next(hpinfer.create_pipeline(data, engine=engine).predict(coloured("red")))


def test_unwarping_without_weights_names_the_key():
    data = {"pipeline_name": "doc_preprocessor", "use_doc_unwarping": True}
    with pytest.raises(ModelNotFoundError, match=r"set SubModules\.DocUnwarping\.model_dir"):
        hpinfer.create_pipeline(data)
    inside = {
        "pipeline_name": "OCR",
        "use_doc_preprocessor": True,
        "SubPipelines": {"DocPreprocessor": {"use_doc_unwarping": True}},
    }
    place = r"in SubPipelines\.DocPreprocessor: .*SubModules\.DocUnwarping\.model_dir"
    with pytest.raises(ModelNotFoundError, match=place):
        hpinfer.create_pipeline(inside)


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_real_pages_are_turned_upright(engine, turns):
    page = load_bgr("receipt.png")
    pipeline = hpinfer.create_pipeline("doc_preprocessor", engine=engine)
    result = next(pipeline.predict(np.ascontiguousarray(np.rot90(page, -turns))))
    assert result.angle == 90 * turns
    # PaddleX's rotation, which this is, moves some pages by a pixel.
    height, width = page.shape[:2]
    assert abs(result.output_img.shape[0] - height) <= 1
    assert abs(result.output_img.shape[1] - width) <= 1


def ocr_config(unwarping):
    return {
        "pipeline_name": "OCR",
        "use_doc_preprocessor": True,
        "SubPipelines": {
            "DocPreprocessor": {
                "pipeline_name": "doc_preprocessor",
                "use_doc_orientation_classify": True,
                "use_doc_unwarping": True,
                "SubModules": {"DocUnwarping": {"model_name": "UVDoc", "model_dir": unwarping}},
            }
        },
    }


def test_ocr_reads_the_page_that_unwarping_gives(unwarping, engine):
    pipeline = hpinfer.create_pipeline(ocr_config(str(unwarping)), engine=engine)
    assert len(pipeline.explain().models) == 4
    page = load_bgr("receipt.png")
    sideways = np.ascontiguousarray(np.rot90(page, -1))
    result = next(pipeline.predict(sideways))
    done = result["doc_preprocessor_res"]
    assert done["angle"] == 90
    close(done["output_img"], done["rot_img"][:, :, ::-1])
    assert result.page is done.output_img
    assert result["model_settings"]["use_doc_preprocessor"] is True
    expected = golden_pages("v4")["receipt.png"]["rec_texts"]
    found = [text.replace(" ", "") for text in result.rec_texts]
    assert len(set(found) & {text.replace(" ", "") for text in expected}) >= len(expected) // 2


def test_ocr_steps_by_call(unwarping, engine):
    pipeline = hpinfer.create_pipeline(ocr_config(str(unwarping)), engine=engine)
    page = load_bgr("hello.png")
    only_turned = next(pipeline.predict(page, use_doc_unwarping=False))
    assert only_turned["doc_preprocessor_res"]["angle"] == 0
    assert only_turned["doc_preprocessor_res"]["model_settings"]["use_doc_unwarping"] is False
    neither = {"use_doc_unwarping": False, "use_doc_orientation_classify": False}
    plain = next(pipeline.predict(page, **neither))
    assert plain.doc_preprocessor_res is None
    assert plain["model_settings"]["use_doc_preprocessor"] is False


def run(*args):
    return CliRunner().invoke(root, [str(arg) for arg in args], prog_name="hpinfer")


def test_command_lines(config, tmp_path):
    image = tmp_path / "page.png"
    Image.fromarray(coloured("green")[:, :, ::-1]).save(image)
    got = run("--pipeline", config, "--input", image, "--save_path", tmp_path / "x")
    assert got.exit_code == 0, got.stderr
    assert "'angle': 90" in got.stdout
    assert sorted(path.name for path in (tmp_path / "x").iterdir()) == [
        *("page_preprocessed_img.png", "page_res.json")
    ]
    got = run("doc", image, "--config", config, "-o", tmp_path / "y", "--no-doc-unwarping")
    assert (got.exit_code, got.stdout) == (0, "angle: 90 degrees; unwarped: no\n")
    assert sorted(path.name for path in (tmp_path / "y").iterdir()) == [
        *("page_page.png", "page_preprocessed_img.png", "page_res.json")
    ]
    with Image.open(tmp_path / "y" / "page_page.png") as page:
        assert page.size == (30, 40)
    assert json.loads((tmp_path / "y" / "page_res.json").read_text())["angle"] == 90
    got = run(
        *("--pipeline", "doc_preprocessor", "--input", image),
        *("--use_doc_orientation_classify", "False"),
    )
    assert got.exit_code == 0, got.stderr
    assert "'angle': -1" in got.stdout


def test_a_command_refuses_the_file_of_another_pipeline(config):
    got = run("ocr", "page.png", "--config", config)
    assert got.exit_code == 2
    assert "is of the pipeline 'doc_preprocessor'" in got.stderr
    assert got.stderr.count("\n") == 1


PAGES = json.loads((GOLDEN / "pages.json").read_text(encoding="utf-8"))


def test_pages_are_those_of_paddlex_bit_for_bit(engine):
    pipeline = hpinfer.create_pipeline("doc_preprocessor", engine=engine)
    pages = dict(turned_pages(IMAGES))
    assert set(pages) == set(PAGES)
    for result, name in zip(pipeline.predict(list(pages.values())), pages, strict=True):
        golden = PAGES[name]
        assert sorted(result.json["res"]) == golden["keys"]
        assert (result.angle, list(result.output_img.shape)) == (golden["angle"], golden["shape"])
        data = np.ascontiguousarray(result.output_img).tobytes()
        assert hashlib.sha256(data).hexdigest() == golden["sha256"], name


def test_classes_are_those_of_paddlex(engine):
    pipeline = hpinfer.create_pipeline("image_classification", engine=engine)
    pages = dict(turned_pages(IMAGES))
    results = pipeline.predict(list(pages.values()), topk=4)
    for result, name in zip(results, pages, strict=True):
        golden = PAGES[name]
        order = dict(zip(result.class_ids, result.scores, strict=True))
        assert result.class_ids[0] == golden["class_ids"][0]
        expected = [order[number] for number in golden["class_ids"]]
        np.testing.assert_allclose(expected, golden["scores"], atol=1.1e-5)

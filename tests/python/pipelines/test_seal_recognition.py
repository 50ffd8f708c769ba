"""Seal recognition, and OCR of curved text: real models, and PaddleX's results for the example."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from detection_networks import detection_model
from example_pages import GOLDEN, ROOT
from PIL import Image
from shipped_yaml import SEALS

import hpinfer
from hpinfer.cli.root import root
from hpinfer.config.pipeline import load_pipeline_config
from hpinfer.errors import ConfigError, ModelNotFoundError, UnsupportedError
from hpinfer.io import InputFailure
from hpinfer.pipelines.regions import cut_regions
from hpinfer.results import DetResult

SEAL = ROOT / "examples" / "pages" / "seal.png"
SAID = ["OLDTOWN", "BAKERY", "EXAMPLE", "No.20260117"]
#: What PaddleX says of the example, with two sets of detection parameters.
PADDLEX = json.loads((GOLDEN / "paddlex_seals.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """The shipped file, layout detection by a network that knows the class "seal"."""
    folder = tmp_path_factory.mktemp("seal")
    labels = ["text", "seal", "table"]
    layout = detection_model(folder, ("im_shape", "image", "scale_factor"), label_list=labels)
    file = folder / "seal_recognition.yaml"
    text = SEALS.format(layout=layout, layout_on=True, document=False)
    file.write_text(text, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def pipeline(config, engine):
    return hpinfer.create_pipeline(config, engine=engine)


@pytest.fixture(scope="module")
def seal():
    with Image.open(SEAL) as picture:
        return np.ascontiguousarray(np.asarray(picture.convert("RGB"))[:, :, ::-1])


@pytest.fixture(scope="module")
def page(seal):
    """A page with the seal where the layout network sees a region."""
    height, width = seal.shape[:2]
    picture = np.full((2 * height, 2 * width, 3), 250, np.uint8)
    picture[height // 2 : -height // 2, width // 2 : -width // 2] = seal
    return picture


def marked(page, label):
    """The page with the class that the layout network is to see."""
    copy = page.copy()
    copy[:100, :100] = (0, 0, label)
    return copy


def filled(polygons):
    mask = np.zeros((700, 700), np.uint8)
    return cv2.fillPoly(mask, [np.array(polygon, np.int32) for polygon in polygons], 1)


@pytest.mark.parametrize("name", sorted(PADDLEX))
def test_the_example_equals_the_official_pipeline(engine, name):
    expected = PADDLEX[name]
    wanted = dict(expected["text_det_params"])
    config = {
        "pipeline_name": "seal_recognition",
        "SubPipelines": {"SealOCR": {"SubModules": {"TextDetection": wanted}}},
    }
    pipeline = hpinfer.create_pipeline(config, engine=engine)
    (result,) = pipeline.predict(SEAL, seal_rec_batching="official")
    (seal,) = result["seal_res_list"]
    assert seal["rec_texts"] == expected["rec_texts"]
    np.testing.assert_allclose(seal["rec_scores"], expected["rec_scores"], atol=0.01)
    assert seal["text_det_params"] == expected["text_det_params"]
    assert seal["seal_region_id"] == expected["seal_region_id"]
    assert sorted(result.keys()) == expected["keys"]
    assert sorted(result.json["res"]) == expected["json_keys"]
    assert sorted(result.json["res"]["seal_res_list"][0]) == expected["seal_json_keys"]
    assert len(seal["dt_polys"]) == len(expected["dt_polys"])
    for ours, theirs in zip(seal["dt_polys"], expected["dt_polys"], strict=True):
        # The same outline; other engines and processors move a corner by a pixel.
        assert (filled([ours]) != filled([theirs])).mean() < 2e-4


def test_by_name_a_picture_is_a_seal(engine):
    (result,) = hpinfer.create_pipeline("seal_recognition", engine=engine).predict(SEAL)
    assert result.to_text().splitlines() == SAID
    assert len(result) == 1
    assert result["layout_det_res"] == {}
    (read,) = result
    assert read.text_type == "seal"
    assert read.rec_boxes.shape == (0, 4)
    assert [len(polygon) > 4 for polygon in read.rec_polys] == [True] * 4
    assert [line.box.tolist()[0] < line.box.tolist()[2] for line in read] == [True] * 4
    assert set(result.img) == {"seal_res_region1"}
    assert result.img["seal_res_region1"].size == (1240, 620)
    assert result.to_csv().splitlines()[1].startswith(f"{SEAL},,1,0,OLDTOWN,0.9")


def test_seals_are_cut_out_of_pages(pipeline, page, seal):
    found, text, none = pipeline.predict([marked(page, 1), marked(page, 2), marked(page, 0)])
    (read,) = found
    np.testing.assert_array_equal(read.image, seal)
    assert read.rec_texts == SAID
    assert found.layout_det_res.labels == ["seal"]
    assert found["model_settings"] == {"use_doc_preprocessor": False, "use_layout_detection": True}
    assert set(found.img) == {"layout_det_res", "seal_res_region1"}
    assert len(text) == len(none) == 0
    assert text.layout_det_res.labels == ["table"]
    assert none.json["res"]["seal_res_list"] == []
    assert none.to_text() == ""


def test_another_pipelines_layout_is_used(pipeline, page):
    (found,) = pipeline.predict(marked(page, 1))
    settings = pipeline.seal_settings({"seal_rec_score_thresh": 0.5})
    (read,) = pipeline.read_seals(page, found.layout_det_res, settings, name="page")
    assert (read.rec_texts, read.name) == (SAID, "page_seal1")


def test_parameters_hold_for_one_call(pipeline, seal):
    def texts(**params):
        (result,) = pipeline.predict(seal, use_layout_detection=False, **params)
        return result.seal_res_list[0].rec_texts

    assert texts() == SAID
    assert texts(seal_rec_score_thresh=1.0) == []
    assert len(texts(seal_det_box_thresh=0.999)) < len(SAID)
    assert texts(seal_det_unclip_ratio=0.5) != SAID
    assert texts(seal_det_limit_side_len=64, seal_det_limit_type="max") != SAID
    assert texts() == SAID


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"seal_det_thresh": 2}, "seal_det: thresh"),
        ({"seal_rec_score_thresh": -1}, "seal_rec_score_thresh"),
        ({"seal_det_tresh": 0.2}, "did you mean 'seal_det_thresh'"),
        ({"use_doc_unwarping": True}, "use_doc_unwarping=True needs a model"),
        ({"use_layout_detection": False, "layout_threshold": 0.3}, "no effect without layout"),
        ({"layout_threshold": {"stamp": 0.3}}, "the model has no class 'stamp'"),
    ],
)
def test_wrong_parameters_are_refused_at_once(pipeline, params, message):
    with pytest.raises(ConfigError, match=message):
        pipeline.predict(SEAL, **params)


def test_one_bad_input_does_not_lose_the_others(pipeline, page, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"no picture")
    inputs = [marked(page, 1), str(tmp_path / "bad.png"), marked(page, 0)]
    first, bad, third = pipeline.predict(inputs, on_error="yield")
    assert isinstance(bad, InputFailure)
    assert (len(first), len(third)) == (1, 0)


def test_threads_share_a_pipeline(pipeline, page):
    pages = [marked(page, index % 2) for index in range(6)]
    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(lambda one: next(pipeline.predict(one)), pages))
    assert [[seal.rec_texts for seal in one] for one in results] == [[], [SAID]] * 3


def test_document_pre_processing_comes_first(config, engine, seal):
    text = config.read_text(encoding="utf-8").replace("processor: False", "processor: True", 1)
    upside_down = np.ascontiguousarray(seal[::-1, ::-1])
    file = config.parent / "with_document.yaml"
    file.write_text(text.replace("layout_detection: True", "layout_detection: False"))
    (result,) = hpinfer.create_pipeline(file, engine=engine).predict(upside_down)
    done = result["doc_preprocessor_res"]
    assert done["angle"] == 180
    # The rotation, PaddleX's, moves the page by a pixel: one of the curves reads otherwise.
    assert [result.to_text().splitlines()[line] for line in (0, 2, 3)] == [SAID[0], *SAID[2:]]
    assert set(result.img) == {"preprocessed_img", "seal_res_region1"}
    assert result.json["res"]["doc_preprocessor_res"]["angle"] == 180


def test_command_lines(config, tmp_path, page):
    file = tmp_path / "page.png"
    Image.fromarray(marked(page, 1)[:, :, ::-1]).save(file)
    run = CliRunner()
    got = run.invoke(root, ["seal", str(file), "--config", str(config), "--no-layout-nms"])
    assert (got.exit_code, got.stdout.splitlines()) == (0, SAID), got.stderr
    out = tmp_path / "out"
    args = ["--pipeline", str(config), "--input", str(file), "--save_path", str(out)]
    got = run.invoke(root, [*args, "--seal_det_box_thresh", "0.5", "--layout_threshold", "0.4"])
    assert got.exit_code == 0, got.stderr
    assert sorted(path.name for path in out.iterdir()) == [
        *("page_layout_det_res.png", "page_res.json", "page_seal_res_region1.png")
    ]
    saved = json.loads((out / "page_res.json").read_text(encoding="utf-8"))
    assert saved["seal_res_list"][0]["rec_texts"] == SAID
    got = run.invoke(root, ["seal", str(SEAL), "--rec-model", "PP-OCRv4_mobile_rec"])
    assert (got.exit_code, got.stdout.splitlines()) == (0, SAID), got.stderr


def test_layout_needs_a_model_with_seals(config, monkeypatch, tmp_path):
    monkeypatch.setenv("HPINFER_OFFLINE", "1")
    with pytest.raises(ModelNotFoundError, match=r"set SubModules\.LayoutDetection\.model_dir"):
        hpinfer.create_pipeline({"pipeline_name": "seal_recognition", "use_layout_detection": True})
    other = detection_model(tmp_path, ("image",), label_list=["text", "table"])
    text = SEALS.format(layout=other, layout_on=True, document=False)
    file = tmp_path / "other.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="needs a class 'seal'; tiny has text, table"):
        hpinfer.create_pipeline(file)


def test_the_shipped_keys_of_detection():
    detection = {"SealOCR": {"SubModules": {"TextDetection": {"max_side_len": 2000}}}}
    config = {"pipeline_name": "seal_recognition", "SubPipelines": detection}
    loaded = load_pipeline_config(config)
    ocr = loaded.SubPipelines.SealOCR
    assert ocr.SubModules.TextDetection.max_side_limit == 2000
    assert (ocr.text_type, ocr.SubModules.TextRecognition.batch_size) == ("seal", 1)
    detection["SealOCR"]["text_type"] = "general"
    with pytest.raises(ConfigError, match="text_type"):
        load_pipeline_config(config)


def test_ocr_reads_curved_text(engine):
    config = {"pipeline_name": "OCR", "text_type": "seal"}
    pipeline = hpinfer.create_pipeline(config, engine=engine)
    (result,) = pipeline.predict(SEAL)
    assert result.rec_texts[:2] == SAID[:2]
    assert result["text_type"] == "seal"
    assert result.text_det_params["limit_side_len"] == 736
    assert result.text_det_params["limit_type"] == "min"
    assert result["rec_boxes"].shape == (0, 4)
    assert result.to_pandas().shape[0] == len(result)
    assert set(result.img) == {"ocr_res_img"}
    with pytest.raises(ConfigError, match="words of curved text"):
        pipeline.predict(SEAL, return_word_box=True)
    words = {"TextRecognition": {"return_word_box": True}}
    with pytest.raises(UnsupportedError, match="words of curved text"):
        hpinfer.create_pipeline({**config, "SubModules": words})


def layout_of(*boxes):
    coordinates = np.array(boxes, np.float32).reshape(-1, 4)
    count = len(coordinates)
    return DetResult(
        class_ids=np.zeros(count, np.int32),
        scores=np.ones(count, np.float32),
        coordinates=coordinates,
        class_names=["Seal"],
    )


def test_regions_end_at_the_page():
    page = np.arange(40 * 50 * 3, dtype=np.uint32).astype(np.uint8).reshape(40, 50, 3)
    layout = layout_of([-5.5, 3.9, 10.9, 20.2], [60, 0, 70, 9], [7, 7, 7.9, 30], [45, 30, 99, 99])
    first, last = cut_regions(page, layout, "seal")
    np.testing.assert_array_equal(first.bgr, page[3:20, 0:10])
    np.testing.assert_array_equal(last.bgr, page[30:, 45:])
    assert (first.number, last.number) == (1, 4)
    assert cut_regions(page, layout, "formula") == []
    assert cut_regions(page, None, "seal")[0].bgr is page

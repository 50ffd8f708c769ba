"""Pipeline files of PaddleX 3.0 beta become today's."""

from __future__ import annotations

import textwrap

import pytest
import yaml

from hpinfer.config.pipeline import load_pipeline_config, pipeline_name, read_pipeline
from hpinfer.errors import ConfigError, InputNotFoundError


def beta(name, body):
    section = yaml.safe_load(textwrap.dedent(body)) or {}
    return {"Global": {"pipeline_name": name, "input": "page.png"}, "Pipeline": section}


def given(name, body):
    """What a file says, without defaults."""
    return load_pipeline_config(beta(name, body)).model_dump(exclude_unset=True, mode="json")


def test_ocr():
    body = "{text_det_model: A_det, text_rec_model: B_rec, text_rec_batch_size: 4, device: cpu}"
    assert given("OCR", body) == {
        "pipeline_name": "OCR",
        "device": "cpu",
        "SubModules": {
            "TextDetection": {"model_name": "A_det"},
            "TextRecognition": {"model_name": "B_rec", "batch_size": 4},
        },
    }


def test_what_is_not_named_has_todays_default():
    config = load_pipeline_config(beta("OCR", "text_rec_model: B_rec"))
    plain = load_pipeline_config("OCR")
    assert config.SubModules.TextDetection == plain.SubModules.TextDetection
    assert config.SubModules.TextRecognition.batch_size == 6


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("image_classification", "ImageClassification"),
        ("object_detection", "ObjectDetection"),
        ("semantic_segmentation", "SemanticSegmentation"),
        ("instance_segmentation", "InstanceSegmentation"),
    ],
)
def test_pipelines_of_one_model(name, module):
    expected = {module: {"model_name": "M", "batch_size": 2}}
    assert given(name, "{model: M, batch_size: 2}")["SubModules"] == expected


def test_seals_and_formulas_are_looked_for():
    seals = given("seal_recognition", "{layout_model: L, text_det_model: D, text_rec_model: R}")
    assert seals["use_layout_detection"] is True
    assert seals["SubPipelines"]["SealOCR"]["SubModules"] == {
        "TextDetection": {"model_name": "D"},
        "TextRecognition": {"model_name": "R"},
    }
    formulas = given("formula_recognition", "{formula_rec_model: F, formula_rec_batch_size: 5}")
    assert formulas["use_layout_detection"] is True
    expected = {"FormulaRecognition": {"model_name": "F", "batch_size": 5}}
    assert formulas["SubModules"] == expected


def test_tables():
    tables = given("table_recognition", "{table_model: T, text_rec_model: R}")
    assert tables["SubModules"]["TableStructureRecognition"] == {"model_name": "T"}
    modules = tables["SubPipelines"]["GeneralOCR"]["SubModules"]
    assert modules == {"TextRecognition": {"model_name": "R"}}
    assert tables["use_doc_preprocessor"] is False


PAGE = """
    layout_model: L
    table_model: T
    formula_rec_model: None
    text_rec_model: R
    seal_text_det_model: S
    doc_image_unwarp_model: null
    doc_image_ori_cls_model: O
    recovery: True
"""


@pytest.mark.parametrize("name", ["layout_parsing", "PP-ChatOCRv3-doc"])
def test_parts_of_a_page_are_on_where_their_model_is_named(name):
    page = given(name, PAGE)
    if name == "PP-ChatOCRv3-doc":
        page = page["SubPipelines"]["LayoutParser"]
    assert page["use_table_recognition"] is True
    assert page["use_seal_recognition"] is True
    assert page["use_formula_recognition"] is False
    assert page["use_doc_preprocessor"] is True
    parts = page["SubPipelines"]
    assert parts["DocPreprocessor"] == {
        "use_doc_orientation_classify": True,
        "use_doc_unwarping": False,
        "SubModules": {"DocOrientationClassify": {"model_name": "O"}},
    }
    seal = parts["SealRecognition"]["SubPipelines"]["SealOCR"]["SubModules"]
    assert seal == {"TextDetection": {"model_name": "S"}, "TextRecognition": {"model_name": "R"}}
    assert parts["GeneralOCR"]["SubModules"] == {"TextRecognition": {"model_name": "R"}}


def test_a_model_may_be_a_directory(tmp_path):
    folder = tmp_path / "best_model"
    folder.mkdir()
    (folder / "inference.yml").write_text("Global: {model_name: Mine}", encoding="utf-8")
    config = load_pipeline_config(beta("object_detection", f"model: {folder}"))
    module = config.SubModules.ObjectDetection
    assert (module.model_name, module.model_dir) == ("Mine", folder)
    (folder / "inference.yml").write_text("Global: {}", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"inference\.yml has no Global\.model_name"):
        load_pipeline_config(beta("object_detection", f"model: {folder}"))
    (folder / "inference.yml").unlink()
    with pytest.raises(InputNotFoundError, match=r"inference\.yml"):
        load_pipeline_config(beta("object_detection", f"model: {folder}"))


def test_files(tmp_path):
    path = tmp_path / "ocr.yaml"
    path.write_text(yaml.safe_dump(beta("OCR", "text_rec_batch_size: 3")), encoding="utf-8")
    assert pipeline_name(path) == "OCR"
    source = read_pipeline(path)
    assert source.label == "ocr.yaml"
    assert source.config.SubModules.TextRecognition.batch_size == 3


@pytest.mark.parametrize(
    ("name", "body", "words"),
    [
        ("OCR", "text_rek_model: R", "no key 'text_rek_model'"),
        ("OCR", "layout_model: L", "no key 'layout_model'"),
        ("OCR", "text_rec_batch_size: 0", "batch_size"),
        ("OCR", "text_rec_batch_size: many", "batch_size"),
        ("layout_parsing", "recovery: False", "no key 'recovery' with the value False"),
        ("PP-ChatOCRv3-doc", "llm_name: ernie-3.5", "SubModules.LLM_Chat"),
        ("face_recognition", "", "pipeline_name must be one of"),
    ],
)
def test_what_has_no_counterpart(name, body, words):
    with pytest.raises(ConfigError, match=words):
        load_pipeline_config(beta(name, body))


@pytest.mark.parametrize(
    "data",
    [
        {"Pipeline": {}},
        {"Global": [], "Pipeline": {}},
        {"Global": {"pipeline_name": "OCR"}, "Pipeline": []},
    ],
)
def test_what_is_no_pipeline_of_the_beta(data):
    with pytest.raises(ConfigError, match=r"Global\.pipeline_name must be one of"):
        load_pipeline_config(data)

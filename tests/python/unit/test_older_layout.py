"""Pipeline files of PaddleX 3.0 beta (``Global`` and ``Pipeline``) in today's keys."""

from __future__ import annotations

import json

import pytest
import yaml
from click.testing import CliRunner

from hpinfer.cli.root import root
from hpinfer.config.pipeline import load_pipeline_config, pipeline_name, read_document
from hpinfer.config.pipelines import PIPELINES, plain
from hpinfer.errors import ConfigError

TEXT = {"text_det_model": "PP-OCRv4_server_det", "text_rec_model": "PP-OCRv4_server_rec"}
#: ``Pipeline`` of the files that the beta shipped, by ``pipeline_name``.
FILES = {
    "image_classification": {"model": "PP-LCNet_x0_5", "batch_size": 1},
    "object_detection": {"model": "PicoDet-S", "batch_size": 1},
    "semantic_segmentation": {"model": "PP-LiteSeg-T", "batch_size": 1},
    "instance_segmentation": {"model": "Mask-RT-DETR-S", "batch_size": 1},
    "OCR": {
        "text_det_model": "PP-OCRv4_mobile_det",
        "text_rec_model": "PP-OCRv4_mobile_rec",
        "text_rec_batch_size": 1,
    },
    "seal_recognition": {
        "layout_model": "RT-DETR-H_layout_3cls",
        "text_det_model": "PP-OCRv4_server_seal_det",
        "text_rec_model": "PP-OCRv4_server_rec",
        "layout_batch_size": 1,
        "text_rec_batch_size": 1,
    },
    "table_recognition": {
        "layout_model": "PicoDet_layout_1x",
        "table_model": "SLANet_plus",
        **TEXT,
        "layout_batch_size": 1,
        "text_rec_batch_size": 1,
        "table_batch_size": 1,
    },
    "formula_recognition": {
        "layout_model": "RT-DETR-H_layout_17cls",
        "formula_rec_model": "LaTeX_OCR_rec",
        "formula_rec_batch_size": 5,
    },
    "layout_parsing": {
        "layout_model": "RT-DETR-H_layout_17cls",
        "table_model": "SLANet_plus",
        "formula_rec_model": "LaTeX_OCR_rec",
        **TEXT,
        "seal_text_det_model": "PP-OCRv4_server_seal_det",
        "doc_image_unwarp_model": "None",
        "doc_image_ori_cls_model": "None",
    },
    "PP-ChatOCRv3-doc": {
        "layout_model": "RT-DETR-H_layout_3cls",
        "table_model": "SLANet_plus",
        **TEXT,
        "seal_text_det_model": "PP-OCRv4_server_seal_det",
        "doc_image_ori_cls_model": None,
        "doc_image_unwarp_model": None,
        "llm_name": "ernie-3.5",
        "llm_params": {"api_type": "qianfan", "ak": "api_key", "sk": "secret_key"},
        "task_prompt_yaml": "None",
        "user_prompt_yaml": None,
        "layout_batch_size": 1,
        "text_det_batch_size": 1,
        "text_rec_batch_size": 1,
        "table_batch_size": 1,
        "doc_image_ori_cls_batch_size": 1,
        "doc_image_unwarp_batch_size": 1,
        "seal_text_det_batch_size": 1,
        "recovery": True,
    },
}
PARSER = "SubPipelines.LayoutParser"
SEAL_OCR = "SubPipelines.SealRecognition.SubPipelines.SealOCR"
TABLE = "SubPipelines.TableRecognition.SubModules.TableStructureRecognition"
FORMULA = "SubPipelines.FormulaRecognition.SubModules.FormulaRecognition"
OCR_PARTS = "SubPipelines.GeneralOCR.SubModules"
#: What must stand where in today's configuration.
EXPECTED = {
    "image_classification": {"SubModules.ImageClassification.batch_size": 1},
    "object_detection": {"SubModules.ObjectDetection.model_name": "PicoDet-S"},
    "semantic_segmentation": {"SubModules.SemanticSegmentation.model_name": "PP-LiteSeg-T"},
    "instance_segmentation": {"SubModules.InstanceSegmentation.model_name": "Mask-RT-DETR-S"},
    "OCR": {
        "SubModules.TextDetection.model_name": "PP-OCRv4_mobile_det",
        "SubModules.TextRecognition.model_name": "PP-OCRv4_mobile_rec",
        "SubModules.TextRecognition.batch_size": 1,
        "text_type": "general",
        "use_doc_preprocessor": False,
        "use_textline_orientation": False,
    },
    "seal_recognition": {
        "use_layout_detection": True,
        "use_doc_preprocessor": False,
        "SubModules.LayoutDetection.model_name": "RT-DETR-H_layout_3cls",
        "SubPipelines.SealOCR.SubModules.TextDetection.model_name": "PP-OCRv4_server_seal_det",
        "SubPipelines.SealOCR.SubModules.TextRecognition.model_name": "PP-OCRv4_server_rec",
        "SubPipelines.SealOCR.text_type": "seal",
    },
    "table_recognition": {
        "use_layout_detection": True,
        "use_doc_preprocessor": False,
        "SubModules.LayoutDetection.model_name": "PicoDet_layout_1x",
        "SubModules.TableStructureRecognition.model_name": "SLANet_plus",
        f"{OCR_PARTS}.TextDetection.model_name": "PP-OCRv4_server_det",
        f"{OCR_PARTS}.TextRecognition.batch_size": 1,
    },
    "formula_recognition": {
        "use_layout_detection": True,
        "use_doc_preprocessor": False,
        "SubModules.FormulaRecognition.model_name": "LaTeX_OCR_rec",
        "SubModules.FormulaRecognition.batch_size": 5,
    },
    "layout_parsing": {
        "use_doc_preprocessor": False,
        "use_table_recognition": True,
        "use_seal_recognition": True,
        "use_formula_recognition": True,
        f"{TABLE}.model_name": "SLANet_plus",
        f"{FORMULA}.model_name": "LaTeX_OCR_rec",
        f"{SEAL_OCR}.SubModules.TextDetection.model_name": "PP-OCRv4_server_seal_det",
        f"{SEAL_OCR}.SubModules.TextRecognition.model_name": "PP-OCRv4_server_rec",
        f"{OCR_PARTS}.TextRecognition.model_name": "PP-OCRv4_server_rec",
        # Nothing was said of it, and then lines went one by one.
        f"{OCR_PARTS}.TextRecognition.batch_size": 1,
    },
    "PP-ChatOCRv3-doc": {
        f"{PARSER}.use_doc_preprocessor": False,
        f"{PARSER}.use_seal_recognition": True,
        f"{PARSER}.use_formula_recognition": False,
        f"{PARSER}.{TABLE}.model_name": "SLANet_plus",
        "SubModules.LLM_Chat.model_name": "ernie-3.5",
        "SubModules.LLM_Chat.api_type": "qianfan",
        "SubModules.LLM_Chat.api_key": None,
    },
}


def older(name, **changes):
    return {
        "Global": {"pipeline_name": name, "input": "https://example.com/a.png"},
        "Pipeline": {**FILES[name], **changes},
        "NOTE": {"model": ["A"]},
    }


def value_at(data, path):
    for part in path.split("."):
        data = data[part]
    return data


@pytest.mark.parametrize("name", FILES)
def test_the_files_of_the_beta(name, tmp_path):
    path = tmp_path / "older.yaml"
    path.write_text(yaml.safe_dump(older(name)), encoding="utf-8")
    config = load_pipeline_config(path)
    assert type(config) is PIPELINES[name]
    assert pipeline_name(path) == name
    found = plain(config)
    for key, value in EXPECTED[name].items():
        assert value_at(found, key) == value, key
    assert load_pipeline_config(older(name)) == config
    validated = CliRunner().invoke(root, ["config", "validate", str(path)])
    assert validated.stdout.startswith(f"{path}: ok (pipeline {name}"), validated.stderr


def test_every_pipeline_that_the_beta_had_is_here():
    assert {*FILES, "doc_preprocessor"} == set(PIPELINES)


def test_steps_come_with_their_models():
    config = load_pipeline_config(
        older(
            "layout_parsing",
            doc_image_ori_cls_model="PP-LCNet_x1_0_doc_ori",
            doc_image_unwarp_model="UVDoc",
            seal_text_det_model=None,
            formula_rec_model="None",
        )
    )
    assert config.use_doc_preprocessor
    assert config.SubPipelines.DocPreprocessor.use_doc_orientation_classify
    assert config.SubPipelines.DocPreprocessor.use_doc_unwarping
    assert not config.use_seal_recognition
    assert not config.use_formula_recognition
    only = load_pipeline_config(older("layout_parsing", doc_image_unwarp_model="UVDoc"))
    assert only.use_doc_preprocessor
    assert not only.SubPipelines.DocPreprocessor.use_doc_orientation_classify


def test_a_seal_detector_makes_ocr_read_seals(tmp_path):
    (tmp_path / "inference.yml").write_text("Global: {model_name: PP-OCRv4_mobile_seal_det}\n")
    for detector in ("PP-OCRv4_server_seal_det", str(tmp_path)):
        assert load_pipeline_config(older("OCR", text_det_model=detector)).text_type == "seal"


def test_models_may_be_directories(tmp_path):
    (tmp_path / "inference.yml").write_text("Global: {model_name: mine}\n")
    module = load_pipeline_config(
        older("image_classification", model=str(tmp_path))
    ).SubModules.ImageClassification
    assert (module.model_name, module.model_dir) == ("mine", tmp_path)
    empty = tmp_path / "no_file_in_it"
    module = load_pipeline_config(
        older("image_classification", model=str(empty))
    ).SubModules.ImageClassification
    assert (module.model_name, module.model_dir) == ("no_file_in_it", empty)


def test_names_before_the_last_beta():
    data = {
        "Global": {"pipeline_name": "OCR"},
        "Pipeline": {"det_model": "A", "rec_model": "B", "batch_size": 3, "device": "gpu:0"},
    }
    config = load_pipeline_config(data)
    assert config.SubModules.TextDetection.model_name == "A"
    assert config.SubModules.TextRecognition.model_name == "B"
    assert config.SubModules.TextRecognition.batch_size == 3
    assert config.device == "gpu:0"
    chat = older("PP-ChatOCRv3-doc", curve_model="C", oricls_model="D", uvdoc_model="E")
    del chat["Pipeline"]["seal_text_det_model"]
    parser = load_pipeline_config(chat).SubPipelines.LayoutParser
    seal = parser.SubPipelines.SealRecognition.SubPipelines.SealOCR.SubModules
    assert seal.TextDetection.model_name == "C"
    document = parser.SubPipelines.DocPreprocessor.SubModules
    assert document.DocOrientationClassify.model_name == "D"
    assert document.DocUnwarping.model_name == "E"


def test_engine_options_and_licences(caplog):
    hpi = {"use_hpip": True, "hpi_config": {"backend": "openvino"}}
    config = load_pipeline_config(
        older("OCR", hpi_params={"serial_number": "1-2-3", "update_license": False}, **hpi)
    )
    assert config.use_hpip
    assert config.hpi_config.backend == "openvino"
    assert [record.message for record in caplog.records] == [
        "hpinfer needs no licence: serial_number has no effect"
    ]


def test_the_service_of_a_file(caplog):
    given = {"api_type": "openai", "api_key": "k", "base_url": "http://a/v1", "ak": "mine"}
    config = load_pipeline_config(older("PP-ChatOCRv3-doc", llm_params=given))
    chat = config.SubModules.LLM_Chat
    assert (chat.api_type, chat.base_url) == ("openai", "http://a/v1")
    assert chat.api_key.get_secret_value() == "k"
    assert "llm_params.ak is of an interface that is not used any more" in caplog.text
    assert "mine" not in caplog.text


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("OCR", {"text_det_modle": "A"}, "unknown key 'Pipeline.text_det_modle'; did you mean 't"),
        ("OCR", {"text_rec_model": None}, "Pipeline.text_rec_model is missing"),
        ("OCR", {"text_rec_model": 3}, "text_rec_model must be a name or a directory; got 3"),
        ("OCR", {"text_rec_batch_size": 0}, "greater than or equal to 1"),
        ("OCR", {"recovery": True}, "unknown key"),
        ("OCR", {"hpi_params": {"config": {}}}, "hpi_params.config is not supported"),
        ("OCR", {"hpi_params": 3}, "hpi_params must be a mapping; got 3"),
        ("layout_parsing", {"recovery": False}, "recovery must be True"),
        ("PP-ChatOCRv3-doc", {"task_prompt_yaml": "a.yaml"}, "PromptEngneering"),
        ("PP-ChatOCRv3-doc", {"llm_params": {"key": 1}}, "unknown key 'Pipeline.llm_params.key'"),
    ],
)
def test_what_cannot_be_kept_is_refused(name, changes, message):
    with pytest.raises(ConfigError, match=message) as caught:
        load_pipeline_config(older(name, **changes))
    assert "\n" not in str(caught.value)


def test_unknown_pipelines_are_refused():
    with pytest.raises(ConfigError, match=r"Global.pipeline_name must be one of .*; got 'ts_fc'"):
        load_pipeline_config({"Global": {"pipeline_name": "ts_fc"}, "Pipeline": {"model": "A"}})


def test_settings_of_the_command_line_use_the_keys_of_today(tmp_path):
    path = tmp_path / "older.yaml"
    path.write_text(json.dumps(older("OCR")), encoding="utf-8")
    assert read_document(path)["pipeline_name"] == "OCR"
    shown = CliRunner().invoke(
        root, ["config", "show", str(path), "--set", "SubModules.TextRecognition.score_thresh=0.5"]
    )
    assert shown.exit_code == 0, shown.stderr
    found = yaml.safe_load(shown.stdout)["SubModules"]["TextRecognition"]
    assert (found["score_thresh"], found["batch_size"]) == (0.5, 1)

"""Pipeline YAML, inference.yml and their translation to native operators."""

from __future__ import annotations

import pytest

from hpinfer.config import load_pipeline_config, parse_inference_config
from hpinfer.config.inference import Operator
from hpinfer.errors import ConfigError, InputNotFoundError, UnsupportedError
from hpinfer.models.transform import native_operators

# The layout of PaddleX's own OCR.yaml, with the steps that hpinfer has.
OCR_YAML = """
pipeline_name: OCR
text_type: general
use_doc_preprocessor: True
use_textline_orientation: True
SubPipelines:
  DocPreprocessor:
    pipeline_name: doc_preprocessor
    use_doc_orientation_classify: True
    use_doc_unwarping: False
    SubModules:
      DocOrientationClassify:
        module_name: doc_text_orientation
        model_name: PP-LCNet_x1_0_doc_ori
        model_dir: null
      DocUnwarping: {module_name: image_unwarping, model_name: UVDoc, model_dir: null}
SubModules:
  TextDetection:
    module_name: text_detection
    model_name: PP-OCRv4_mobile_det
    model_dir: null
    limit_side_len: 64
    limit_type: min
    max_side_limit: 4000
    thresh: 0.3
    box_thresh: 0.6
    unclip_ratio: 1.5
  TextLineOrientation:
    module_name: textline_orientation
    model_name: ch_ppocr_mobile_v2.0_cls
    model_dir: null
    batch_size: 6
  TextRecognition:
    module_name: text_recognition
    model_name: PP-OCRv4_mobile_rec
    model_dir: null
    batch_size: 6
    score_thresh: 0.0
"""


def test_paddlex_yaml_loads_unchanged(tmp_path):
    path = tmp_path / "OCR.yaml"
    path.write_text(OCR_YAML)
    config = load_pipeline_config(path)
    assert config.SubModules.TextDetection.limit_type == "min"
    assert config.SubModules.TextRecognition.batch_size == 6
    assert config.use_doc_preprocessor


def test_names_and_plain_data_are_configurations_too():
    assert load_pipeline_config("OCR") == load_pipeline_config({"pipeline_name": "OCR"})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"pipeline_name": "OCR", "use_hpi": True}, "unknown key 'use_hpi'"),
        (
            {"pipeline_name": "OCR", "SubModules": {"TextDetection": {"tresh": 0.3}}},
            r"'SubModules\.TextDetection\.tresh'; did you mean 'thresh'",
        ),
        (
            {"pipeline_name": "OCR", "SubModules": {"TextRecognition": {"batch_size": 0}}},
            r"SubModules\.TextRecognition\.batch_size: .*greater than or equal to 1; got 0",
        ),
        ({"pipeline_name": "ocr"}, "must be one of"),
        ({}, "must be one of"),
    ],
)
def test_wrong_configurations_name_the_key_in_one_line(data, message):
    with pytest.raises(ConfigError, match=message) as caught:
        load_pipeline_config(data)
    assert "\n" not in str(caught.value)


def test_unreadable_files_are_told(tmp_path):
    with pytest.raises(ConfigError, match="unknown pipeline 'OCRR'"):
        load_pipeline_config("OCRR")
    with pytest.raises(InputNotFoundError, match=r"nowhere\.yaml"):
        load_pipeline_config(tmp_path / "nowhere.yaml")
    broken = tmp_path / "broken.yaml"
    broken.write_text("a: [1")
    with pytest.raises(ConfigError, match="not valid YAML"):
        load_pipeline_config(broken)
    broken.write_text("- OCR")
    with pytest.raises(ConfigError, match="must be a mapping"):
        load_pipeline_config(broken)


def test_inference_yml_steps_are_read_in_order():
    config = parse_inference_config(
        {
            "Global": {"model_name": "m"},
            "PreProcess": {"transform_ops": [{"DecodeImage": {"img_mode": "BGR"}}, {"ToCHWImage": None}]},
            "PostProcess": {"name": "DBPostProcess"},
        }
    )
    assert [step.name for step in config.operators] == ["DecodeImage", "ToCHWImage"]
    assert config.operator("ToCHWImage") == Operator("ToCHWImage")
    assert config.operator("Pad") is None
    with pytest.raises(ConfigError, match="must be a list"):
        parse_inference_config({"PreProcess": {"transform_ops": {}}})
    with pytest.raises(ConfigError, match="a step must be"):
        parse_inference_config({"PreProcess": {"transform_ops": [{"A": {}, "B": {}}]}})


def test_steps_become_native_operators():
    steps = [
        Operator("DecodeImage", {"img_mode": "BGR"}),
        Operator("DetLabelEncode"),
        Operator("DetResizeForTest", {"resize_long": 960}),
        Operator("NormalizeImage", {"mean": [0.1, 0.2, 0.3], "std": [1, 1, 1], "scale": "1./255."}),
        Operator("ToCHWImage"),
        Operator("KeepKeys", {"keep_keys": ["image"]}),
    ]
    native = native_operators(steps)
    assert [step["type"] for step in native] == ["SetColorOrder", "DetResize", "Normalize", "ToChw"]
    assert native[0]["to"] == "bgr"
    assert native[2]["scale"] == 1.0 / 255.0
    assert native_operators([], color_order="rgb") == [{"type": "SetColorOrder", "to": "rgb"}]


@pytest.mark.parametrize(
    ("step", "error", "message"),
    [
        (Operator("UnknownStep"), UnsupportedError, "UnknownStep"),
        (Operator("DecodeImage", {"img_mode": "GRAY"}), ConfigError, "img_mode"),
        (Operator("RecResizeImg", {}), ConfigError, "image_shape"),
        (Operator("NormalizeImage", {"mean": 1, "std": [1]}), ConfigError, "NormalizeImage"),
    ],
)
def test_steps_that_cannot_be_translated_are_refused(step, error, message):
    with pytest.raises(error, match=message):
        native_operators([step])

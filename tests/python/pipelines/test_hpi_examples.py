"""The guides' examples with real models: the engine that each module then runs on."""

from __future__ import annotations

import json
import logging

import pytest
import yaml
from click.testing import CliRunner
from example_pages import ENGINES, IMAGES

import hpinfer
from hpinfer.cli.root import root
from hpinfer.errors import ConfigError, UnsupportedError

DET, REC, CLS = "PP-OCRv4_mobile_det", "PP-OCRv4_mobile_rec", "ch_ppocr_mobile_v2.0_cls"
#: Every test here compares two engines; with one installed both are the same.
FIRST, SECOND = ENGINES[0], ENGINES[-1]


def engines(pipeline):
    return {name: choice.engine for name, choice in pipeline.engines.items()}


def by_yaml(tmp_path, data, **given):
    path = tmp_path / "OCR.yaml"
    path.write_text(yaml.safe_dump({"pipeline_name": "OCR", **data}))
    return hpinfer.create_pipeline(path, **given)


@pytest.mark.parametrize("backend", ENGINES)
@pytest.mark.parametrize("way", ["yaml", "dict", "python", "text", "engine"])
def test_the_backend_of_a_whole_pipeline(way, backend, tmp_path):
    config = {"backend": backend}
    made = {
        "yaml": lambda: by_yaml(tmp_path, {"use_hpip": True, "hpi_config": config}),
        "dict": lambda: hpinfer.create_pipeline(
            config={"pipeline_name": "OCR", "hpi_config": config}
        ),
        "python": lambda: hpinfer.create_pipeline("OCR", use_hpip=True, hpi_config=config),
        "text": lambda: hpinfer.create_pipeline("OCR", hpi_config=json.dumps(config)),
        "engine": lambda: hpinfer.create_pipeline("OCR", engine=backend),
    }[way]()
    assert engines(made) == {DET: backend, REC: backend}


def test_detection_on_one_engine_and_recognition_on_another(tmp_path):
    modules = {
        "TextDetection": {"hpi_config": {"backend": FIRST}},
        "TextRecognition": {
            "hpi_config": {"backend": SECOND, "backend_config": {"cpu_num_threads": 1}}
        },
    }
    made = by_yaml(tmp_path, {"SubModules": modules}, engine=FIRST)
    assert engines(made) == {DET: FIRST, REC: SECOND}
    assert made.settings["SubModules.TextRecognition"].origins["hpi_config.backend"] == (
        "OCR.yaml: SubModules.TextRecognition"
    )
    (result,) = made.predict(IMAGES / "hello.png")
    assert "Hello from hpinfer" in result.rec_texts


def test_hpi_for_one_sub_module_only(tmp_path):
    data = {
        "use_hpip": False,
        "hpi_config": {"backend": "openvino"},
        "use_textline_orientation": True,
        "SubModules": {"TextRecognition": {"use_hpip": True, "engine": SECOND}},
    }
    made = by_yaml(tmp_path, data)
    plain = {path for path, item in made.settings.items() if item.use_hpip is False}
    assert "SubModules.TextRecognition" not in plain
    assert {"SubModules.TextDetection", "SubModules.TextLineOrientation"} <= plain
    # Plain inference has no say of hpi_config; the module that has HPI runs where it was told.
    assert all(made.settings[path].hpi.backend is None for path in plain)
    assert engines(made)[REC] == SECOND


def test_hpi_off_for_one_module_even_against_the_caller(tmp_path):
    data = {"SubModules": {"TextDetection": {"use_hpip": False}}}
    made = by_yaml(tmp_path, data, use_hpip=True, hpi_config={"backend": SECOND})
    assert made.settings["SubModules.TextDetection"].use_hpip is False
    assert engines(made)[REC] == SECOND


def test_options_reach_the_session(monkeypatch):
    seen = {}

    def refuse(self, path, **options):
        seen.update(options)
        raise UnsupportedError("enough")

    monkeypatch.setattr(hpinfer.Session, "__init__", refuse)
    options = {"cpu_num_threads": 1, "memory": "fast", "engine_config": {"A": 1}}
    config = {"backend": FIRST, "backend_config": options}
    with pytest.raises(UnsupportedError, match="enough"):
        hpinfer.create_model(REC, hpi_config=config, precision="fp32")
    expected = {"engine": FIRST, "num_threads": 1, "memory": "fast", "engine_config": {"A": "1"}}
    assert {name: seen[name] for name in expected} == expected


@pytest.mark.parametrize("backend", ENGINES)
def test_a_single_model_by_its_module_yaml(backend, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rec.yaml").write_text(
        f"Global: {{model: {REC}, mode: predict, device: cpu, output: output}}\n"
        "Predict: {batch_size: 1, model_dir: null, input: '', kernel_option: {run_mode: paddle}}\n"
    )
    arguments = [
        *("run", "-c", "rec.yaml", "-o", "Predict.use_hpip=True"),
        *("-o", f'Predict.hpi_config={{"backend": "{backend}"}}'),
        *("-o", f"Predict.input={IMAGES / 'sign.png'}"),
        "--explain",
    ]
    got = CliRunner().invoke(root, arguments, prog_name="hpinfer")
    assert got.exit_code == 0, got.stderr
    assert "'rec_text'" in got.stdout
    assert f"{REC}: {backend} fp32 from .onnx on cpu" in got.stderr
    assert "  why         asked for" in got.stderr
    saved = json.loads((tmp_path / "output" / "sign_res.json").read_text(encoding="utf-8"))
    assert saved["rec_text"]


@pytest.mark.parametrize(
    "options",
    [
        ["--pipeline", "OCR", "--use_hpip", "--hpi_config", f"{{'backend': '{FIRST}'}}", "--input"],
        ["ocr", "--hpi-config", json.dumps({"backend": FIRST})],
    ],
    ids=["paddlex", "ocr"],
)
def test_the_command_line_reads_with_the_named_engine(options):
    arguments = [*options, str(IMAGES / "hello.png")]
    got = CliRunner().invoke(root, arguments, prog_name="hpinfer")
    assert got.exit_code == 0, got.stderr
    assert "Hello from hpinfer" in got.stdout


def test_arguments_of_paddlex_are_accepted_or_explained(caplog):
    with caplog.at_level(logging.WARNING, logger="hpinfer"):
        model = hpinfer.create_model(REC, None, serial_number="1-2", enable_hpi=True)
    assert model.name == REC
    assert [record.getMessage() for record in caplog.records] == [
        "hpinfer needs no licence: serial_number has no effect"
    ]
    with pytest.raises(ConfigError, match="pp_option is not supported; write hpi_config"):
        hpinfer.create_model(REC, pp_option=object())
    with pytest.raises(ConfigError, match="engine_config is not supported"):
        hpinfer.create_pipeline("OCR", engine_config={"paddle_static": {}})
    with pytest.raises(ConfigError, match="no argument 'use_hpi'; did you mean 'use_hpip'"):
        hpinfer.create_pipeline("OCR", use_hpi=True)
    with pytest.raises(ConfigError, match="give either pipeline or config"):
        hpinfer.create_pipeline("OCR", config={"pipeline_name": "OCR"})


def test_parameters_may_be_given_when_the_model_is_made():
    picture = IMAGES / "hello.png"
    usual = hpinfer.create_model(CLS)
    both = hpinfer.create_model(CLS, topk=2)
    assert [len(next(model(picture)).class_ids) for model in (usual, both)] == [1, 2]
    assert len(next(both(picture, topk=1)).class_ids) == 1
    assert len(next(both(picture, topk=None)).class_ids) == 2
    with pytest.raises(ConfigError, match="topk must be"):
        hpinfer.create_model(CLS, topk=0)
    with pytest.raises(ConfigError, match="unknown session option 'num_stream'; did you mean"):
        hpinfer.create_model(CLS, num_stream=2)


def test_what_cannot_run_yet_says_so():
    shape = {"TextDetection": {"input_shape": [3, 640, 640]}}
    with pytest.raises(UnsupportedError, match=r"TextDetection\.input_shape"):
        hpinfer.create_pipeline({"pipeline_name": "OCR", "SubModules": shape})


def test_a_backend_that_the_model_itself_selects_is_a_wish(tmp_path):
    import shutil

    from hpinfer import hub

    directory = tmp_path / "rec"
    shutil.copytree(hub.path(REC), directory)
    file = directory / "inference.yml"
    data = yaml.safe_load(file.read_text(encoding="utf-8"))
    names = {"onnxruntime": "onnx_runtime"}
    data["Hpi"] = {"selected_backends": {"cpu": names.get(FIRST, FIRST), "gpu": "paddle_tensorrt"}}
    file.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    assert hpinfer.create_model(REC, directory).engine == FIRST
    assert hpinfer.create_model(REC, directory, engine=SECOND).engine == SECOND
    data["Hpi"] = {"selected_backends": {"cpu": "tensorrt"}}
    file.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    assert hpinfer.create_model(REC, directory).engine in ENGINES


def test_word_boxes_may_be_switched_on_in_the_configuration():
    modules = {"TextRecognition": {"return_word_box": True}}
    made = hpinfer.create_pipeline({"pipeline_name": "OCR", "SubModules": modules})
    (result,) = made.predict(IMAGES / "hello.png")
    assert result.return_word_box
    (without,) = made.predict(IMAGES / "hello.png", return_word_box=False)
    assert not without.return_word_box

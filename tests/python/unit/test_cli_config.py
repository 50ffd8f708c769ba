"""``hpinfer config``, ``hpinfer run`` and the engine options, without loading a model."""

from __future__ import annotations

import json

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

import hpinfer
from hpinfer.cli.root import root
from hpinfer.config.module_run import load_module_run
from hpinfer.errors import ConfigError, ModelNotFoundError, UnsupportedError
from hpinfer.results import TopkResult

# Every key that PaddleX 3.0 to 3.7 write into their OCR.yaml, with the values of 3.7.
OCR_YAML = """
pipeline_name: OCR
text_type: general
use_doc_preprocessor: True
use_textline_orientation: True
SubPipelines:
  DocPreprocessor:
    pipeline_name: doc_preprocessor
    use_doc_orientation_classify: True
    use_doc_unwarping: True
    SubModules:
      DocOrientationClassify:
        {module_name: doc_text_orientation, model_name: PP-LCNet_x1_0_doc_ori, model_dir: null}
      DocUnwarping: {module_name: image_unwarping, model_name: UVDoc, model_dir: null}
SubModules:
  TextDetection: {module_name: text_detection, model_name: PP-OCRv6_medium_det, model_dir: null,
    limit_side_len: 64, limit_type: min, max_side_limit: 4000, thresh: 0.3, box_thresh: 0.6,
    unclip_ratio: 1.5, input_shape: null}
  TextLineOrientation: {module_name: textline_orientation, model_dir: null, batch_size: 6,
    model_name: PP-LCNet_x1_0_textline_ori}
  TextRecognition: {module_name: text_recognition, model_name: PP-OCRv6_medium_rec,
    model_dir: null, batch_size: 6, score_thresh: 0.0, return_word_box: False, input_shape: null}
"""

# The layout of PaddleX's module YAMLs: every key, the sections for training shortened.
MODULE_YAML = """
Global:
  model: {model}
  mode: check_dataset
  module: {module}
  dataset_dir: /data/examples
  device: gpu:0,1,2,3
  output: output
CheckDataset: {{convert: {{enable: False}}, split: {{enable: False, train_percent: null}}}}
Train: {{epochs_iters: 100, batch_size: 8, resume_path: null}}
Evaluate: {{weight_path: output/best_accuracy/best_accuracy.pdparams, log_interval: 1}}
Export: {{weight_path: https://example.com/model.pdparams}}
Predict:
  batch_size: 1
  model_dir: output/best_accuracy/inference
  input: page.png
  kernel_option: {{run_mode: paddle}}
"""


def run(*args):
    return CliRunner().invoke(root, [str(arg) for arg in args], prog_name="hpinfer")


@pytest.fixture
def ocr_yaml(tmp_path):
    path = tmp_path / "OCR.yaml"
    path.write_text(OCR_YAML)
    return path


@pytest.fixture
def module_yaml(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "det.yaml"
    path.write_text(MODULE_YAML.format(model="PP-OCRv4_mobile_det", module="text_det"))
    return path


# --- hpinfer config ------------------------------------------------------------------------------


def test_show_prints_a_yaml_that_is_the_same_configuration(ocr_yaml, tmp_path):
    got = run("config", "show", ocr_yaml)
    assert (got.exit_code, got.stderr) == (0, "")
    printed = yaml.safe_load(got.stdout)
    written = yaml.safe_load(OCR_YAML)
    assert printed["SubModules"]["TextRecognition"] == written["SubModules"]["TextRecognition"]
    assert next(iter(printed)) == "pipeline_name"
    again = tmp_path / "again.yaml"
    again.write_text(got.stdout)
    assert run("config", "show", again).stdout == got.stdout


def test_show_keeps_the_engine_keys_and_says_nothing_of_unset_ones():
    text = run("config", "show", "OCR", "--set", "SubModules.TextDetection.use_hpip=false").stdout
    shown = yaml.safe_load(text)
    assert shown["SubModules"]["TextDetection"]["use_hpip"] is False
    assert "use_hpip" not in shown["SubModules"]["TextRecognition"]
    assert yaml.safe_load(run("config", "show", "doc_preprocessor").stdout)["pipeline_name"]


def test_show_resolved_names_the_origin_of_every_value(ocr_yaml):
    got = run(
        *("config", "show", ocr_yaml, "--resolved", "--json", "--use-hpip"),
        *("--hpi-config", '{"backend": "onnxruntime", "auto_paddle2onnx": false}'),
        *("--set", "SubModules.TextRecognition.hpi_config.backend=openvino"),
    )
    values = json.loads(got.stdout)

    def told(key):
        return values[key]["value"], values[key]["origin"]

    assert told("use_doc_preprocessor") == (True, "OCR.yaml")
    assert told("batch_size") == (1, "default")
    det, rec = "SubModules.TextDetection", "SubModules.TextRecognition"
    assert told(f"{det}.limit_type") == ("min", f"OCR.yaml: {det}")
    assert told(f"{det}.use_hpip") == (True, "command line")
    assert told(f"{det}.hpi_config.backend") == ("onnxruntime", "command line")
    assert told(f"{rec}.hpi_config.backend") == ("openvino", "--set")
    assert told(f"{rec}.hpi_config.auto_paddle2onnx") == (False, "command line")
    assert told(f"{rec}.device") == ("cpu", "default")
    assert "SubPipelines.DocPreprocessor.SubModules.DocUnwarping.hpi_config.tune" in values


def test_show_resolved_reads_the_shapes_of_a_model_on_disk(tmp_path):
    model = tmp_path / "rec"
    model.mkdir()
    (model / "inference.yml").write_text(
        "Global: {model_name: m}\n"
        "Hpi: {backend_configs: {tensorrt: {dynamic_shapes: {x: [[1], [2], [8]]}}}}\n"
    )
    directory = f"SubModules.TextRecognition.model_dir={model}"
    got = run("config", "show", "--set", directory, "--resolved", "--engine", "tensorrt")
    (line,) = [line for line in got.stdout.splitlines() if "dynamic_shapes" in line]
    assert line.split()[0] == "hpi_config.backend_config.dynamic_shapes"
    assert line.endswith("inference.yml of m")


def test_show_refuses_engine_options_that_it_would_not_show():
    got = run("config", "show", "OCR", "--engine", "openvino")
    assert (got.exit_code, got.stderr.count("\n")) == (2, 1)
    assert "--resolved" in got.stderr


def test_validate_says_what_a_file_is_or_what_is_wrong(ocr_yaml, module_yaml, tmp_path):
    (tmp_path / "inference.yml").write_text("Global: {model_name: m}\nPostProcess: {Topk: {}}\n")
    (tmp_path / "wrong.yaml").write_text("pipeline_name: OCR\nuse_hpi: True\n")
    (tmp_path / "beta.yaml").write_text("Global: {pipeline_name: OCR}\nPipeline: {a: 1}\n")
    (tmp_path / "other.yaml").write_text("a: 1\n")
    got = run("config", "validate", ocr_yaml, module_yaml, tmp_path / "inference.yml")
    assert got.exit_code == 0
    assert [line.partition(": ")[2] for line in got.stdout.splitlines()] == [
        "ok (pipeline OCR, 5 modules)",
        "ok (module PP-OCRv4_mobile_det)",
        "ok (model m)",
    ]
    names = ("wrong.yaml", "beta.yaml", "other.yaml")
    got = run("config", "validate", *(tmp_path / name for name in names))
    assert (got.exit_code, got.stdout) == (2, "")
    wrong, beta, other = got.stderr.splitlines()
    assert "did you mean 'use_hpip'?" in wrong
    assert "no key 'a'" in beta
    assert "none of" in other
    assert run("config", "validate", tmp_path / "missing.yaml").exit_code == 3


# --- the engine options of ocr and of PaddleX's spelling -----------------------------------------


@pytest.fixture
def arguments(monkeypatch):
    """What the command line passes to ``create_pipeline``."""
    seen: dict[str, object] = {}

    class Nothing:
        def predict(self, input, *, on_error):
            return iter(())

    def create(pipeline, **given):
        seen.update(given)
        return Nothing()

    monkeypatch.setattr(hpinfer, "create_pipeline", create, raising=False)
    return seen


CONFIG = {"backend": "onnxruntime", "auto_config": False}


BOTH_SPELLINGS = [
    (["--use_hpip"], {"use_hpip": True}),
    (["--enable_hpi", "False"], {"use_hpip": False}),
    (["--hpi_config", json.dumps(CONFIG)], {"hpi_config": CONFIG}),
    (["--hpi_config", repr(CONFIG)], {"hpi_config": CONFIG}),
    (["--engine", "openvino"], {"engine": "openvino"}),
    (["--serial_number", "1-2"], {}),
    (["--update_license"], {}),
]
OURS = [
    (["--use-hpip"], {"use_hpip": True}),
    (["--no-hpip"], {"use_hpip": False}),
    (["--no_hpip"], {"use_hpip": False}),
    (["--hpi-config", json.dumps(CONFIG)], {"hpi_config": CONFIG}),
]
OCR, PADDLEX = ["ocr", "a.png"], ["--pipeline", "OCR", "--input", "a.png"]


@pytest.mark.parametrize(
    ("start", "options", "expected"),
    [
        *((OCR, *case) for case in (*BOTH_SPELLINGS, *OURS)),
        *((PADDLEX, *case) for case in BOTH_SPELLINGS),
    ],
)
def test_engine_options_reach_create_pipeline(arguments, start, options, expected):
    got = run(*start, *options)
    assert got.exit_code == 3  # the fake reads nothing
    assert {name: value for name, value in arguments.items() if value is not None} == expected
    told = got.stderr.count("needs no licence")
    assert told == len({"--serial_number", "--update_license"} & set(options))


def test_hpi_config_from_a_file(arguments, tmp_path):
    (tmp_path / "hpi.yaml").write_text("backend: onnxruntime\nauto_config: false\n")
    run("ocr", "a.png", "--hpi_config", f"@{tmp_path / 'hpi.yaml'}")
    assert arguments["hpi_config"] == CONFIG


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--use-hpip", "--enable_hpi", "False"], "mean the same, and differ"),
        (["--hpi_config", "openvino"], "--hpi_config must be a mapping"),
        (["--hpi_config", "@missing.yaml"], "there is no file 'missing.yaml'"),
    ],
)
def test_wrong_engine_options_are_one_line(arguments, options, message):
    got = run("ocr", "a.png", *options)
    assert got.exit_code in (2, 3)
    assert message in got.stderr
    assert got.stderr.count("\n") == 1
    assert not arguments


# --- hpinfer run ---------------------------------------------------------------------------------


def test_a_module_yaml_of_paddlex_loads_unchanged(module_yaml):
    wanted = load_module_run(module_yaml)
    assert wanted.model_name == "PP-OCRv4_mobile_det"
    assert (wanted.input, str(wanted.output), wanted.params) == (
        "page.png",
        "output",
        {"batch_size": 1},
    )
    # The shipped device list, training folder and kernel option are nobody's wish.
    assert (wanted.given.device, wanted.device_asked, wanted.model_dir) == ("gpu:0", False, None)
    assert (wanted.given.use_hpip, wanted.given.hpi_config) == (None, None)
    (message,) = wanted.messages
    assert message.startswith("model_dir 'output/best_accuracy/inference' does not exist: taking")


def test_overrides_reach_engine_and_prediction(module_yaml, tmp_path):
    wanted = load_module_run(
        module_yaml,
        [
            "Global.mode=predict",
            "Global.device=cpu",
            "Global.output=None",
            f"Predict.model_dir={tmp_path}",
            "Predict.use_hpip=True",
            'Predict.hpi_config={"backend": "onnxruntime", "auto_config": false}',
            "Predict.hpi_config.backend_config.cpu_num_threads=2",
            "Predict.input=https://example.com/a.png?x=1&y=2",
            "Predict.batch_size=4",
            "Predict.thresh=0.2",
        ],
    )
    assert wanted.given.use_hpip is True
    assert wanted.given.hpi_config == {
        "backend": "onnxruntime",
        "auto_config": False,
        "backend_config": {"cpu_num_threads": 2},
    }
    assert wanted.input == "https://example.com/a.png?x=1&y=2"
    assert (wanted.model_dir, wanted.output, wanted.device_asked) == (tmp_path, None, True)
    assert wanted.params == {"batch_size": 4, "thresh": 0.2}
    assert wanted.messages == ()


def test_a_kernel_option_of_ones_own_is_a_manual_paddle_configuration(module_yaml):
    wanted = load_module_run(module_yaml, ["Predict.kernel_option.run_mode=mkldnn"])
    assert wanted.given.hpi_config == {
        "auto_config": False,
        "backend": "paddle",
        "backend_config": {"run_mode": "mkldnn"},
    }
    other = load_module_run(
        module_yaml, ["Predict.kernel_option.run_mode=mkldnn", "Predict.engine=openvino"]
    )
    assert other.given.engine == "openvino"
    assert other.messages[-1] == "kernel_option has no effect: another engine is asked for"


@pytest.mark.parametrize(
    ("override", "error", "message"),
    [
        ("Global.mode=train", UnsupportedError, "mode 'train' is the work of PaddleX itself"),
        ("Train.epochs_iters=1", ConfigError, "it does not train"),
        ("Global.devise=cpu", ConfigError, "did you mean 'device'?"),
        ("Predikt.input=a", ConfigError, "unknown section 'Predikt'; did you mean 'Predict'?"),
        ("Predict.hpi_config={'backnd': 1}", ConfigError, "did you mean 'backend'?"),
        ("Predict.engine_config={}", ConfigError, "engine_config' is not supported"),
        ("Predict.model_dir=nowhere", ModelNotFoundError, "'nowhere' is not a directory"),
        ("Predict.input", ConfigError, "expected Section.key=value"),
        ("Predict.input.x=1", ConfigError, "'page.png', not a section"),
    ],
)
def test_wrong_overrides_are_told(module_yaml, override, error, message):
    with pytest.raises(error) as caught:
        load_module_run(module_yaml, [override])
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


class FakeModel:
    """Takes every picture for class 0."""

    def predict(self, input, *, on_error, **params):
        for name in input:
            yield TopkResult(
                class_ids=[0],
                scores=[1.0],
                label_names=["one"],
                image=np.zeros((4, 4, 3), np.uint8),
                input_path=name,
            )


def test_run_prints_and_saves(module_yaml, tmp_path, monkeypatch):
    seen = {}

    def create(name, **given):
        seen.update(given, name=name)
        return FakeModel()

    monkeypatch.setattr(hpinfer, "create_model", create, raising=False)
    got = run(
        *("run", "-c", module_yaml, "-o", "Predict.use_hpip=True", "-o", "Global.device=cpu"),
        *("-o", 'Predict.hpi_config={"backend": "onnxruntime"}', "-o", "Predict.input=b.png"),
    )
    assert got.exit_code == 0
    assert "'label_names': ['one']" in got.stdout
    assert seen["hpi_config"] == {"backend": "onnxruntime"}
    assert (seen["name"], seen["device"], seen["use_hpip"]) == ("PP-OCRv4_mobile_det", "cpu", True)
    assert sorted(path.name for path in (tmp_path / "output").iterdir()) == [
        "b_res.json",
        "b_res.png",
    ]


def test_run_takes_the_cpu_when_nothing_uses_the_gpu_of_the_file(module_yaml, monkeypatch):
    seen = {}
    monkeypatch.setattr("hpinfer.hpi.engines", lambda: [])

    def create(name, **given):
        seen.update(given)
        return FakeModel()

    monkeypatch.setattr(hpinfer, "create_model", create, raising=False)
    got = run("run", "-c", module_yaml, "-o", "Global.output=None")
    assert seen["device"] == "cpu"
    assert "no engine here uses a GPU; taking the CPU" in got.stderr
    run("run", "-c", module_yaml, "-o", "Global.output=None", "-o", "Global.device=gpu:1,2")
    assert seen["device"] == "gpu:1"


def test_run_refuses_a_pipeline_and_a_missing_input(module_yaml, ocr_yaml):
    got = run("run", "-c", ocr_yaml)
    assert got.exit_code == 2
    assert "hpinfer --pipeline FILE" in got.stderr
    assert run("run", "-c", module_yaml, "-o", "Predict.input=None").exit_code == 2
    assert run("run", "-c", "missing.yaml").exit_code == 3

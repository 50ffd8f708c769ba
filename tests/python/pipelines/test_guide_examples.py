"""The guides' examples of configuration, each by YAML, by command line and by Python.

Whatever the way, what holds for each module must be the same. Nothing is loaded: what is caught is
the result of the merge, on its way to the models.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

import hpinfer
from hpinfer import models, pipelines
from hpinfer.cli.root import root
from hpinfer.errors import UnsupportedError

DET, REC, LINES = (
    f"SubModules.{name}" for name in ("TextDetection", "TextRecognition", "TextLineOrientation")
)
ORIENTATION, UNWARPING = (
    f"SubPipelines.DocPreprocessor.SubModules.{name}"
    for name in ("DocOrientationClassify", "DocUnwarping")
)
ALL = (DET, REC, LINES, ORIENTATION, UNWARPING)
SHAPES = {"x": [[1, 3, 300, 300], [4, 3, 300, 300], [32, 3, 1200, 1200]]}
ORT_8 = {"backend": "onnxruntime", "backend_config": {"cpu_num_threads": 8}}
TRT_SHAPES = {"backend": "tensorrt", "backend_config": {"dynamic_shapes": SHAPES}}
TRT_FP16 = {"backend": "tensorrt", "backend_config": {"precision": "fp16"}}
MANUAL = {"auto_config": False, "backend": "onnxruntime", "backend_config": {"cpu_num_threads": 4}}
PADDLE = {"backend": "paddle", "backend_config": {"run_mode": "mkldnn", "cpu_threads": 4}}


@dataclass(frozen=True)
class Example:
    """One example.

    Attributes:
        name: What the guide calls it.
        top: Keys at the top of the pipeline, which may be said by options and arguments too.
        modules: Keys of modules and pipelines inside, by their path.
        use_hpip: What then holds, by path; those not named: `everywhere`.
        hpi: The hpi_config that then holds, by path, in the same way.
        everywhere: use_hpip and hpi_config of all others.
    """

    name: str
    top: dict[str, Any] = field(default_factory=dict)
    modules: dict[str, dict[str, Any]] = field(default_factory=dict)
    use_hpip: dict[str, bool | None] = field(default_factory=dict)
    hpi: dict[str, dict[str, Any]] = field(default_factory=dict)
    everywhere: tuple[bool | None, dict[str, Any]] = (None, {})


EXAMPLES = [
    Example("switch it on", {"use_hpip": True}, everywhere=(True, {})),
    Example(
        "another backend for the whole pipeline",
        {"use_hpip": True, "hpi_config": {"backend": "onnxruntime"}},
        everywhere=(True, {"backend": "onnxruntime"}),
    ),
    Example(
        "options of the backend",
        {"use_hpip": True, "hpi_config": ORT_8},
        everywhere=(True, ORT_8),
    ),
    Example(
        "manual configuration",
        {"use_hpip": True, "hpi_config": MANUAL},
        everywhere=(True, MANUAL),
    ),
    Example(
        "no conversion",
        {"use_hpip": True, "hpi_config": {"auto_paddle2onnx": False}},
        everywhere=(True, {"auto_paddle2onnx": False}),
    ),
    Example(
        "Paddle Inference with its run mode",
        {"use_hpip": True, "hpi_config": PADDLE},
        everywhere=(True, PADDLE),
    ),
    Example(
        "dynamic shapes",
        {"use_hpip": True, "device": "gpu:0", "hpi_config": TRT_SHAPES},
        everywhere=(True, TRT_SHAPES),
    ),
    Example(
        "another backend for one module",
        {"use_hpip": True},
        {REC: {"hpi_config": {"backend": "openvino"}}},
        hpi={REC: {"backend": "openvino"}},
        everywhere=(True, {}),
    ),
    Example(
        "text detection on onnxruntime, recognition on another engine",
        {"use_hpip": True},
        {DET: {"hpi_config": {"backend": "onnxruntime"}}, REC: {"hpi_config": TRT_FP16}},
        hpi={DET: {"backend": "onnxruntime"}, REC: TRT_FP16},
        everywhere=(True, {}),
    ),
    Example(
        "dynamic shapes for one module",
        {"use_hpip": True, "device": "gpu:0"},
        {REC: {"hpi_config": TRT_SHAPES}},
        hpi={REC: TRT_SHAPES},
        everywhere=(True, {}),
    ),
    Example(
        "for one module only",
        {"use_hpip": False},
        {DET: {"use_hpip": True}},
        use_hpip={DET: True},
        everywhere=(False, {}),
    ),
    Example(
        "off for one module",
        {"use_hpip": True, "hpi_config": {"backend": "onnxruntime"}},
        {DET: {"use_hpip": False}},
        use_hpip={DET: False},
        hpi={DET: {}},
        everywhere=(True, {"backend": "onnxruntime"}),
    ),
    Example(
        "for one pipeline inside only",
        {"use_hpip": False},
        {"SubPipelines.DocPreprocessor": {"use_hpip": True, "hpi_config": ORT_8}},
        use_hpip={ORIENTATION: True, UNWARPING: True},
        hpi={ORIENTATION: ORT_8, UNWARPING: ORT_8},
        everywhere=(False, {}),
    ),
    Example(
        "for one module of a pipeline inside",
        {},
        {ORIENTATION: {"use_hpip": True, "hpi_config": {"backend": "openvino"}}},
        use_hpip={ORIENTATION: True},
        hpi={ORIENTATION: {"backend": "openvino"}},
    ),
]


def tree(example: Example) -> dict[str, Any]:
    """The example as a pipeline's configuration."""
    data: dict[str, Any] = {"pipeline_name": "OCR", **example.top}
    for path, keys in example.modules.items():
        place = data
        for step in path.split("."):
            place = place.setdefault(step, {})
        place.update(keys)
    return data


def by_options(example: Example) -> list[str]:
    """PaddleX's own options for what is at the top."""
    options = ["--use_hpip"] if example.top.get("use_hpip") else []
    if "device" in example.top:
        options += ["--device", example.top["device"]]
    if "hpi_config" in example.top:
        options += ["--hpi_config", repr(example.top["hpi_config"])]
    return options


def by_set(example: Example) -> list[str]:
    """``--set`` for what is inside."""
    options = []
    for path, keys in example.modules.items():
        for key, value in keys.items():
            options += ["--set", f"{path}.{key}={json.dumps(value)}"]
    return options


@pytest.fixture
def merged(monkeypatch):
    """The settings of each module that a pipeline would be made with."""
    caught = {}

    def catch(*args, **options):
        caught.update(resolve(*args, **options))
        raise UnsupportedError("enough")

    resolve = pipelines.resolve
    monkeypatch.setattr(pipelines, "resolve", catch)
    return caught


def check(example: Example, merged: dict[str, Any]) -> None:
    assert merged.keys() == set(ALL)
    for path, settings in merged.items():
        use_hpip = example.use_hpip.get(path, example.everywhere[0])
        assert settings.use_hpip is use_hpip, path
        wanted = example.hpi.get(path, example.everywhere[1])
        assert settings.hpi == type(settings.hpi).model_validate(wanted), path
        assert settings.device == example.top.get("device", "cpu"), path


def command(*arguments: str) -> None:
    got = CliRunner().invoke(root, list(arguments), prog_name="hpinfer")
    assert "enough" in got.stderr, got.output


cases = pytest.mark.parametrize("example", EXAMPLES, ids=lambda item: item.name)


@cases
def test_by_yaml(example, merged, tmp_path):
    path = tmp_path / "OCR.yaml"
    path.write_text(yaml.safe_dump(tree(example)))
    with pytest.raises(UnsupportedError, match="enough"):
        hpinfer.create_pipeline(path)
    check(example, merged)


@cases
def test_by_command_line_with_the_yaml(example, merged, tmp_path):
    path = tmp_path / "OCR.yaml"
    path.write_text(yaml.safe_dump(tree(example)))
    command("--pipeline", str(path), "--input", "page.png")
    check(example, merged)


@cases
def test_by_options_of_the_command_line(example, merged):
    without = [] if example.top.get("use_hpip") is not False else ["--no-hpip"]
    command("ocr", "page.png", *by_options(example), *without, *by_set(example))
    check(example, merged)


@pytest.mark.parametrize(
    "example",
    [item for item in EXAMPLES if not item.modules],
    ids=lambda item: item.name,
)
def test_by_paddlex_options(example, merged):
    command("--pipeline", "OCR", "--input", "page.png", *by_options(example))
    check(example, merged)


@cases
def test_by_python(example, merged):
    inside = {key: value for key, value in tree(example).items() if key not in example.top}
    with pytest.raises(UnsupportedError, match="enough"):
        hpinfer.create_pipeline(config=inside, **example.top)
    check(example, merged)


@cases
def test_by_a_python_dictionary(example, merged):
    with pytest.raises(UnsupportedError, match="enough"):
        hpinfer.create_pipeline(tree(example))
    check(example, merged)


# --- a single model -----------------------------------------------------------------------------

MODEL = "PP-OCRv4_mobile_det"
SINGLE = [
    ("switch it on", {"use_hpip": True}, {}),
    ("another backend", {"use_hpip": True, "hpi_config": {"backend": "onnxruntime"}}, {}),
    ("options of the backend", {"use_hpip": True, "hpi_config": ORT_8}, {}),
    ("manual configuration", {"use_hpip": True, "hpi_config": MANUAL}, {}),
    ("Paddle Inference with its run mode", {"use_hpip": True, "hpi_config": PADDLE}, {}),
    ("dynamic shapes", {"use_hpip": True, "hpi_config": TRT_SHAPES}, {"device": "gpu:0"}),
    ("half precision", {"use_hpip": True, "hpi_config": TRT_FP16}, {"device": "gpu:0"}),
    ("off", {"use_hpip": False}, {}),
]
singles = pytest.mark.parametrize(
    ("given", "device"), [case[1:] for case in SINGLE], ids=[case[0] for case in SINGLE]
)


@pytest.fixture
def located(monkeypatch):
    """The settings that a single model would be loaded with."""
    caught = []

    def catch(name, *, settings, **_):
        assert name == MODEL
        caught.append(settings)
        raise UnsupportedError("enough")

    monkeypatch.setattr(models, "locate_model", catch)
    return caught


def check_single(located, given, device):
    (settings,) = located
    assert settings.use_hpip is given["use_hpip"]
    assert settings.hpi == type(settings.hpi).model_validate(given.get("hpi_config", {}))
    assert settings.device == device.get("device", "cpu")


@singles
def test_a_single_model_by_python(located, given, device):
    with pytest.raises(UnsupportedError, match="enough"):
        hpinfer.create_model(MODEL, **given, **device)
    check_single(located, given, device)


@singles
@pytest.mark.parametrize("spelling", [repr, json.dumps])
def test_a_single_model_by_command_line(located, given, device, spelling, tmp_path):
    (tmp_path / "det.yaml").write_text(f"Global: {{model: {MODEL}, device: cpu}}\n")
    overrides = {"Predict.input": "page.png"}
    overrides |= {f"Global.{key}": value for key, value in device.items()}
    overrides["Predict.use_hpip"] = str(given["use_hpip"])
    if "hpi_config" in given:
        overrides["Predict.hpi_config"] = spelling(given["hpi_config"])
    options = [item for pair in overrides.items() for item in ("-o", "=".join(pair))]
    command("run", "-c", str(tmp_path / "det.yaml"), *options)
    check_single(located, given, device)


@singles
def test_a_single_model_by_yaml(located, given, device, tmp_path):
    section = {"input": "page.png", **given}
    data = {"Global": {"model": MODEL, "device": "cpu", **device}, "Predict": section}
    (tmp_path / "det.yaml").write_text(yaml.safe_dump(data))
    # PaddleX ships its files for a GPU; one that is in the file counts if an engine uses it.
    asked = ("-o", f"Global.device={data['Global']['device']}")
    command("run", "-c", str(tmp_path / "det.yaml"), *asked)
    check_single(located, given, device)

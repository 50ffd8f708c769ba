"""``hpinfer doctor --paddlex``: what PaddleX accepts, and what to do where it refuses."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from hpinfer.cli.root import root
from hpinfer.paddlex import auto_mode, drop_in, environment

ACCEPTED = [
    ("3.0.0", "3.0.0"),
    ("3.1.4", "3.0.0"),
    ("3.2.1", "3.1.1"),
    ("3.3.13", "3.0.0"),
    ("3.4.3", "3.1.0"),
    ("3.5.2", "3.3.1"),
    ("3.7.2", "3.2.2"),
]
REFUSED = [
    ("3.7.2", None, "x86_64", "not installed"),
    ("3.0.3", "3.1.0", "x86_64", "3.0.0 only"),
    ("3.1.4", "3.2.2", "x86_64", "3.0.0 only"),
    ("3.2.1", "3.2.0", "x86_64", "3.1.1"),
    ("3.7.2", "3.0.1", "x86_64", "finds nothing"),
    ("3.7.2", "2.6.2", "x86_64", "3.1.0 or newer"),
    ("3.7.2", "0.0.0", "x86_64", "3.1.0 or newer"),
    ("3.7.2", "3.0.0rc1", "x86_64", "three numbers"),
    ("3.7.2", "3.0.0.post1", "x86_64", "three numbers"),
    ("3.5.0", "3.2.2", "x86_64", "without its table"),
    ("3.7.2", "3.2.2", "aarch64", "aarch64"),
    ("3.7.2", "3.2.2", "AMD64", "AMD64"),
]


@pytest.mark.parametrize(("paddlex", "paddle"), ACCEPTED)
def test_combinations_that_automatic_mode_accepts(paddlex, paddle):
    assert auto_mode.refusal(paddlex=paddlex, paddle=paddle, machine="x86_64") is None


@pytest.mark.parametrize(("paddlex", "paddle", "machine", "reason"), REFUSED)
def test_combinations_that_automatic_mode_refuses(paddlex, paddle, machine, reason):
    found = auto_mode.refusal(paddlex=paddlex, paddle=paddle, machine=machine)
    assert found is not None
    assert reason in found


@pytest.fixture
def installed(monkeypatch, tmp_path):
    """Versions that seem to be installed, by name; hpinfer's drop-in is on."""
    versions: dict[str, str] = {"paddlex": "3.7.2"}
    monkeypatch.setattr(environment, "_version", versions.get)
    monkeypatch.setattr(drop_in, "origin", lambda: drop_in.Origin("hpinfer", "here", "a wheel"))
    monkeypatch.setenv("PADDLE_PDX_CACHE_HOME", str(tmp_path / "pdx"))
    return versions


def topics(report):
    return {finding.topic: finding for finding in report.findings}


def test_without_paddle_the_manual_mode_is_given(installed):
    report = environment.examine(["onnxruntime", "openvino"])
    assert report.healthy
    assert eval(report.manual_config) == {"auto_config": False, "backend": "openvino"}
    auto = topics(report)["auto mode"]
    assert "PaddlePaddle is not installed" in auto.text
    assert "manual" in auto.fix
    assert "hpinfer convert" in topics(report)["conversion"].fix


def test_with_paddle_automatic_mode_is_promised(installed):
    installed.update({"paddlepaddle": "3.2.2", "paddle2onnx": "2.1.0", "paddleocr": "3.7.0"})
    found = topics(environment.examine(["onnxruntime"]))
    assert found["auto mode"].state == "ok"
    assert "enable_hpi" in found["paddleocr"].text


def test_what_is_missing_is_a_problem_with_a_fix(installed, monkeypatch):
    monkeypatch.setattr(drop_in, "origin", lambda: drop_in.Origin("none"))
    report = environment.examine(["onnxruntime"])
    assert not report.healthy
    assert topics(report)["ultra_infer"].fix.startswith("pip install hpinfer-ultra-infer")
    original = drop_in.Origin("other", "there", "ultra-infer-python 1.2.0")
    monkeypatch.setattr(drop_in, "origin", lambda: original)
    report = environment.examine(["onnxruntime"])
    assert "pip uninstall ultra-infer-python" in topics(report)["ultra_infer"].fix
    del installed["paddlex"]
    assert topics(environment.examine(["onnxruntime"]))["paddlex"].state == "problem"
    assert topics(environment.examine([]))["engines"].state == "problem"


def test_downloaded_models_are_listed_with_what_they_need(installed, tmp_path):
    models = tmp_path / "pdx" / "official_models"
    for name, files in (("A", ["inference.onnx"]), ("B", ["inference.json"])):
        (models / name).mkdir(parents=True)
        for file in [*files, "inference.pdiparams"]:
            (models / name / file).write_bytes(b"")
    found = [f for f in environment.examine(["openvino"]).findings if f.topic == "model"]
    assert "A: ONNX" in found[0].text
    assert found[1].fix == f"for manual mode: hpinfer convert {models / 'B'}"


TABLE = {"cpu_x64": {"paddle30": {"A": ["paddle"]}, "paddle31": {}, "paddle311": {}}}
TABLE["cpu_x64"]["paddle31"]["A"] = ["onnxruntime", "paddle"]
TABLE["cpu_x64"]["paddle311"]["A"] = ["openvino", "onnxruntime", "paddle_mkldnn", "paddle"]
CHOICES = [
    ("3.7.2", "3.2.2", ["onnx"], False, ["openvino", "onnxruntime"], "openvino"),
    ("3.7.2", "3.2.2", ["onnx"], False, ["onnxruntime"], "onnxruntime"),
    ("3.7.2", "3.2.2", ["pdmodel"], True, ["openvino"], "openvino"),
    ("3.7.2", "3.2.2", ["pir"], False, ["openvino"], "paddle_mkldnn"),
    ("3.7.2", "3.2.2", ["onnx"], True, [], None),
    ("3.7.2", "3.1.0", ["onnx", "pir"], False, ["openvino", "onnxruntime"], "openvino"),
    ("3.2.1", "3.1.0", ["onnx", "pir"], False, ["openvino", "onnxruntime"], "onnxruntime"),
    ("3.7.2", "3.0.0", ["onnx", "pir"], False, ["openvino", "onnxruntime"], "paddle"),
]


@pytest.mark.parametrize(("paddlex", "paddle", "formats", "converts", "engines", "taken"), CHOICES)
def test_what_automatic_mode_takes(paddlex, paddle, formats, converts, engines, taken):
    given = {"paddlex": paddlex, "paddle": paddle, "formats": formats, "convertible": converts}
    assert auto_mode.choice(TABLE, "A", **given, engines=engines) == taken
    assert auto_mode.choice(TABLE, "B", **given, engines=engines) is None
    older = {"cpu_x64": {"A": [taken or "paddle"]}}  # before 3.2
    assert auto_mode.choice(older, "A", **given, engines=engines) == taken


def test_models_say_where_automatic_mode_runs_them(installed, tmp_path, monkeypatch):
    installed["paddlepaddle"] = "3.2.2"
    package = tmp_path / "paddlex"
    table = package / "inference" / "utils" / "hpi_model_info_collection.json"
    table.parent.mkdir(parents=True)
    table.write_text(json.dumps(TABLE), encoding="utf-8")
    monkeypatch.setattr(environment, "_package", lambda _: package)
    monkeypatch.setattr(environment.platform, "machine", lambda: "x86_64")
    for name, files in {"A": ["inference.onnx"], "B": ["inference.json"]}.items():
        folder = tmp_path / "pdx" / "official_models" / name
        folder.mkdir(parents=True)
        for file in [*files, "inference.pdiparams"]:
            (folder / file).write_bytes(b"")
    found = [f for f in environment.examine(["openvino"]).findings if f.topic == "model"]
    assert "takes openvino: hpinfer" in found[0].text
    assert "automatic mode refuses it" in found[1].text
    installed["paddlepaddle"] = "2.6.2"
    found = [f for f in environment.examine(["openvino"]).findings if f.topic == "model"]
    assert "automatic mode" not in found[0].text


def test_the_configuration_is_given_before_it_works(installed, monkeypatch):
    monkeypatch.setattr(drop_in, "origin", lambda: drop_in.Origin("none"))
    report = environment.examine(["onnxruntime"])
    assert report.manual_config == ""
    assert eval(report.planned_config)["backend"] == "onnxruntime"
    assert "then " in report.render()
    assert environment.examine([]).planned_config == ""


def test_a_newer_release_is_a_note_not_a_promise(installed):
    installed["paddlex"] = "3.9.0"
    assert topics(environment.examine(["openvino"]))["paddlex"].state == "note"


def test_the_command_prints_text_and_json(installed):
    result = CliRunner().invoke(root, ["doctor", "--paddlex"], standalone_mode=False)
    assert "use_hpip=True, hpi_config=" in result.output
    result = CliRunner().invoke(root, ["doctor", "--paddlex", "--json"], standalone_mode=False)
    assert json.loads(result.output)["healthy"] is True


def test_status_says_whose_module_it_is(installed):
    result = CliRunner().invoke(root, ["paddlex", "status"], standalone_mode=False)
    assert "hpinfer's ultra_infer is on" in result.output
    assert result.return_value == 0

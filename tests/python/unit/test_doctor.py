"""The doctor: its report, its self-test and its findings."""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner

from hpinfer import doctor, session
from hpinfer._tiny_model import tiny_add_model
from hpinfer.cli.root import root
from hpinfer.config.hpi import BACKENDS
from hpinfer.errors import EngineError, EngineUnavailableError
from hpinfer.hpi import discovery
from hpinfer.hpi.discovery import EngineStatus

USABLE = EngineStatus("onnxruntime", True, "1.20.0", "/lib/libort.so", ("CPU",))
MISSING = EngineStatus("openvino", False, reason="tried:\n  libopenvino_c.so: cannot open")


class AddingSession:
    """Stands for an engine: runs the tiny model by reading the constant out of it."""

    def __init__(self, model, *, engine, device, num_threads):
        start = model.index(b"addend", model.index(b"tiny_add")) + len(b"addend")
        assert model[start : start + 2] == b"\x4a\x10"  # raw_data, 16 bytes
        self._addend = np.frombuffer(model[start + 2 : start + 18], "<f4")

    def run(self, inputs):
        return [inputs["x"] + self._addend]


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A machine with one usable and one missing engine, and a small cache."""
    found = SimpleNamespace(
        engines=[USABLE, MISSING],
        installed={"hpinfer": "0.1.0", "numpy": "2.0", "opencv-python-headless": "4.10"},
    )
    native = SimpleNamespace(
        cpu_info=lambda: {"name": "Test CPU", "isas": ["scalar", "avx2"], "active_isa": "avx2"},
        thread_info=lambda: {"threads": 2, "affinity": 8, "cgroup_quota": 1.5, "forced": None},
    )
    monkeypatch.setitem(sys.modules, "hpinfer._native", native)
    monkeypatch.setattr("hpinfer._native", native, raising=False)
    monkeypatch.setattr(discovery, "engines", lambda: found.engines)
    monkeypatch.setattr(session, "Session", AddingSession)
    monkeypatch.setattr(doctor, "_installed_distributions", lambda: found.installed)
    monkeypatch.setenv("HPINFER_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("HPINFER_OFFLINE", raising=False)
    (tmp_path / "cache" / "models").mkdir(parents=True)
    (tmp_path / "cache" / "models" / "x").write_bytes(b"12345")
    return found


def test_report_of_a_healthy_machine(machine, tmp_path):
    report = doctor.report()
    assert report.healthy
    assert report.problems == ()
    assert report.cpu == doctor.CpuReport("Test CPU", ("scalar", "avx2"), "avx2")
    assert report.threads == doctor.ThreadReport(2, 8, 1.5, None)
    usable, missing = report.engines
    assert (usable.usable, usable.version, usable.devices) == (True, "1.20.0", ("CPU",))
    assert usable.self_test_ms is not None
    assert (missing.usable, missing.self_test_ms) == (False, None)
    assert report.cache.directory == str(tmp_path / "cache")
    assert (report.cache.size, report.cache.offline) == (5, False)
    assert report.cache.free > 0
    assert report.libraries == {"numpy": "2.0", "opencv-python-headless": "4.10"}


def test_text_shows_the_loaders_words_on_one_line(machine):
    text = doctor.report().render()
    assert "not usable: tried: libopenvino_c.so: cannot open" in text
    assert "onnxruntime  1.20.0, self-test passed in" in text
    assert "threads      2 (affinity 8, container quota 1.5)" in text
    assert text.splitlines()[-1] == "problems     none"


def test_json_output_is_the_report(machine):
    got = CliRunner().invoke(root, ["doctor", "--json"])
    assert got.exit_code == 0
    printed = json.loads(got.stdout)
    assert printed["healthy"] is True
    assert printed["engines"][1]["reason"] == MISSING.reason


def test_no_usable_engine_exits_with_4_and_says_what_to_install(machine):
    machine.engines = [MISSING]
    got = CliRunner().invoke(root, ["doctor"])
    assert got.exit_code == 4
    assert "hpinfer[cpu]" in got.stdout


def test_an_engine_that_fails_the_self_test_is_not_usable(machine, monkeypatch):
    def broken(model, **options):
        raise EngineError("cannot\nrun")

    monkeypatch.setattr(session, "Session", broken)
    report = doctor.report()
    assert not report.healthy
    assert report.engines[0].reason == "self-test failed: cannot; run"


def test_an_engine_that_computes_nonsense_is_not_usable(machine, monkeypatch):
    monkeypatch.setattr(AddingSession, "run", lambda self, inputs: [inputs["x"]])
    (engine, _) = doctor.report().engines
    assert not engine.usable
    assert "expected [1.5, 1.0, 5.0, 8.0], got [1.0, 2.0, 3.0, 4.0]" in engine.reason


def test_conflicting_distributions_are_problems(machine):
    machine.installed |= {
        "opencv-python": "4.10",
        "onnxruntime": "1.20",
        "onnxruntime-gpu": "1.20",
        "ultra-infer-python": "1.0",
    }
    problems = doctor.report().problems
    assert len(problems) == 3
    assert problems[0].startswith("opencv-python and opencv-python-headless overwrite")
    assert problems[1].startswith("onnxruntime and onnxruntime-gpu overwrite")
    assert problems[2].startswith("ultra-infer-python is installed")


def test_a_missing_native_module_is_a_problem_not_an_error(machine, monkeypatch):
    monkeypatch.setitem(sys.modules, "hpinfer._native", None)
    monkeypatch.delattr("hpinfer._native", raising=False)
    report = doctor.report()
    assert not report.healthy
    assert report.problems[0].startswith("the native module does not work: ")
    assert "engine" in report.problems[-1]
    assert report.render()


def test_a_wrong_setting_is_a_problem_not_an_error(machine, monkeypatch):
    monkeypatch.setenv("HPINFER_OFFLINE", "perhaps")
    report = doctor.report()
    assert report.cache is None
    assert "HPINFER_OFFLINE" in report.problems[0]


def test_offline_and_an_absent_cache_are_reported(machine, monkeypatch, tmp_path):
    monkeypatch.setenv("HPINFER_OFFLINE", "1")
    monkeypatch.setenv("HPINFER_CACHE_DIR", str(tmp_path / "not" / "there"))
    report = doctor.report()
    assert (report.cache.size, report.cache.offline) == (0, True)
    assert report.cache.free > 0
    assert not (tmp_path / "not").exists()
    assert "network      off (HPINFER_OFFLINE)" in report.render()


def test_the_report_of_this_machine():
    report = doctor.report()
    assert json.loads(json.dumps(report.to_dict()))["healthy"] == report.healthy
    assert report.cpu.active_isa in report.cpu.isas
    assert report.threads.threads >= 1
    assert {engine.name for engine in report.engines} <= set(BACKENDS)
    for engine in report.engines:
        assert engine.usable or engine.reason
    assert "numpy" in report.libraries


def test_the_tiny_model_is_valid_onnx():
    import onnx

    model = onnx.load_from_string(tiny_add_model((0.5, -1.0, 2.0)))
    onnx.checker.check_model(model, full_check=True)
    assert [node.op_type for node in model.graph.node] == ["Add"]
    assert onnx.numpy_helper.to_array(model.graph.initializer[0]).tolist() == [0.5, -1.0, 2.0]


def test_a_long_constant_uses_long_lengths():
    import onnx

    model = onnx.load_from_string(tiny_add_model([1.0] * 300))
    assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_value == 300


def test_the_error_of_an_engine_is_kept_whole():
    error = EngineUnavailableError("a\n b")
    assert doctor._one_line(error) == "a; b"

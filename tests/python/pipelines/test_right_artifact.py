"""An old process, a new one, another precision, a changed file: the right artifact each time."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from example_pages import ENGINES

from hpinfer.config.hpi import HPIConfig, HPISettings
from hpinfer.hpi import artifact_keys, machine, prior
from hpinfer.hub import resolve
from hpinfer.models import load_model, loading, locate_model, opening
from hpinfer.networks import rewrite_for_openvino
from hpinfer.session import Session

OLD, NEW = "PP-OCRv4_mobile_det", "PP-OCRv6_small_det"
BF16 = "bf16" in machine.this_machine().reduced_precisions

#: A new process: loads the model, and says on what, from which artifact, and with which result.
PROCESS = """
import json, sys
import numpy as np
from hpinfer.config.hpi import HPIConfig, HPISettings
from hpinfer.models import load_model, locate_model

folder, engine, precision = sys.argv[1:]
settings = HPISettings(hpi=HPIConfig(backend=engine), precision=precision)
loaded = load_model(locate_model("PP-OCRv4_mobile_det", model_dir=folder), settings)
feed = np.full((1, 3, 64, 64), 0.5, np.float32)
(artifact,) = loaded.explanation.artifacts
print(json.dumps({
    "path": artifact.path, "built": artifact.built, "precision": loaded.explanation.precision,
    "result": loaded.session.run([feed])[0].ravel().tolist(),
}))
"""


@pytest.fixture
def model_dir(tmp_path):
    shutil.copytree(
        resolve(OLD, formats=("onnx",)).directory,
        tmp_path / "model",
        ignore=shutil.ignore_patterns(".cache"),
    )
    return tmp_path / "model"


def settings(engine, precision="fp32"):
    return HPISettings(hpi=HPIConfig(backend=engine), precision=precision)


def load(directory, engine, **options):
    return load_model(locate_model(OLD, model_dir=directory), settings(engine, **options))


def run(session):
    feed = np.full((1, 3, 64, 64), 0.5, np.float32)
    return session.run([feed])[0].ravel()


def what_runs(network, engine):
    """The file, or the graph that is made of it for OpenVINO."""
    rewritten = rewrite_for_openvino(network.read_bytes()) if engine == "openvino" else None
    return network if rewritten is None else rewritten.model


def artifact_of(loaded):
    (artifact,) = loaded.explanation.artifacts
    return artifact


def start_process(directory, engine, precision="fp32"):
    return subprocess.Popen(
        [sys.executable, "-c", PROCESS, directory, engine, precision],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def answer(process):
    stdout, stderr = process.communicate(timeout=300)
    assert process.returncode == 0, stderr
    return json.loads(stdout)


def new_process(directory, engine, precision="fp32"):
    return answer(start_process(directory, engine, precision))


@pytest.mark.parametrize("engine", [name for name in ENGINES if name != "paddle"])
def test_an_old_process_and_new_ones_around_a_changed_file(model_dir, engine):
    old = load(model_dir, engine)
    first = run(old.session)
    restarted = new_process(model_dir, engine)
    assert (restarted["path"], restarted["built"]) == (artifact_of(old).path, False)
    np.testing.assert_array_equal(np.float32(restarted["result"]), first)

    network = model_dir / "inference.onnx"
    content = network.read_bytes()
    network.write_bytes((resolve(NEW, formats=("onnx",)).directory / network.name).read_bytes())
    changed = new_process(model_dir, engine)
    assert changed["built"]
    assert changed["path"] != restarted["path"]
    expected = run(Session(what_runs(network, engine), engine=engine))
    np.testing.assert_array_equal(np.float32(changed["result"]), expected)
    np.testing.assert_array_equal(run(old.session), first, "the old process keeps its model")
    again = load(model_dir, engine)  # the old process opens the file once more
    assert (artifact_of(again).path, artifact_of(again).built) == (changed["path"], False)
    np.testing.assert_array_equal(run(again.session), expected)

    network.write_bytes(content)
    back = new_process(model_dir, engine)
    assert (back["path"], back["built"]) == (restarted["path"], False)
    assert back["result"] == restarted["result"]


@pytest.mark.parametrize("engine", [name for name in ENGINES if name != "paddle"])
def test_processes_that_start_together_make_one_artifact(model_dir, engine):
    together = [start_process(model_dir, engine) for _ in range(3)]
    answers = [answer(process) for process in together]
    assert len({item["path"] for item in answers}) == 1
    assert [item["built"] for item in answers].count(True) == 1
    for item in answers:
        assert item["result"] == answers[0]["result"]


@pytest.mark.skipif("openvino" not in ENGINES or not BF16, reason="no lower precision here")
def test_processes_of_two_precisions_do_not_meet(model_dir):
    exact, rough, once_more = (
        new_process(model_dir, "openvino", precision) for precision in ("fp32", "bf16", "fp32")
    )
    assert (exact["built"], rough["built"], once_more["built"]) == (True, True, False)
    assert exact["path"] == once_more["path"] != rough["path"]
    assert (exact["precision"], rough["precision"]) == ("fp32", "bf16")
    assert exact["result"] == once_more["result"] != rough["result"]
    np.testing.assert_allclose(rough["result"], exact["result"], atol=0.05)


@pytest.mark.parametrize("engine", [name for name in ENGINES if name != "paddle"])
def test_a_new_release_of_the_engine_and_another_processor_start_anew(
    model_dir, engine, monkeypatch
):
    found = [artifact_of(load(model_dir, engine)).path]
    newer = [dataclasses.replace(item, version=item.version + ".1") for item in loading.engines()]
    with monkeypatch.context() as patch:
        patch.setattr(loading, "engines", lambda: newer)
        found.append(artifact_of(load(model_dir, engine)).path)
    unknown = artifact_keys.CpuIdentity("", ("scalar",))
    with monkeypatch.context() as patch:
        patch.setattr(artifact_keys, "this_cpu", lambda: unknown)
        found.append(artifact_of(load(model_dir, engine)).path)
    assert len(set(found)) == 3
    assert artifact_of(load(model_dir, engine)).path == found[0]


def test_a_processor_that_nobody_knows(model_dir, monkeypatch):
    """Another architecture, no name, no flags, one thread: it works and says what it assumed."""
    unknown = machine.Machine("loong64", "", frozenset(), 1)
    for module in (loading, opening):
        monkeypatch.setattr(module, "this_machine", lambda: unknown)
    monkeypatch.setattr(prior.platform, "machine", lambda: "loong64")
    monkeypatch.setattr(artifact_keys, "this_cpu", lambda: artifact_keys.CpuIdentity("", ()))
    asked = HPISettings(precision="auto", hpi=HPIConfig(tune="quick"))
    loaded = load_model(locate_model(OLD, model_dir=model_dir), asked)
    assert loaded.explanation.precision == "fp32"
    assert np.isfinite(run(loaded.session)).all()
    unmeasured = load_model(locate_model(OLD, model_dir=model_dir), settings(None, "fp32"))
    assert unmeasured.explanation.chosen.engine in ENGINES
    shutil.rmtree(model_dir / ".cache")
    by_prior = load_model(locate_model(OLD, model_dir=model_dir)).explanation
    assert by_prior.source == "prior"
    assert any("loong64" in text for text in by_prior.assumptions)
    assert "assumed" in str(by_prior)


def test_a_model_that_nobody_knows(model_dir):
    config = model_dir / "inference.yml"
    config.write_text(config.read_text("utf-8").replace(OLD, "My_own_det"), "utf-8")
    explanation = load_model(locate_model("My_own_det", model_dir=model_dir)).explanation
    assert explanation.source == "rule"
    assert "text detection" in explanation.reason
    assert any("My_own_det" in text for text in explanation.assumptions)


def test_a_framework_of_tomorrow(model_dir, monkeypatch):
    statuses = [dataclasses.replace(item, version="99.0") for item in loading.engines()]
    monkeypatch.setattr(loading, "engines", lambda: statuses)
    loaded = load_model(locate_model(OLD, model_dir=model_dir))
    assert np.isfinite(run(loaded.session)).all()
    assert Path(artifact_of(loaded).path).exists()

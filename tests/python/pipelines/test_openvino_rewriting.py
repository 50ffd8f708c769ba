"""OpenVINO's graphs rewritten for fewer passes: kept with what is compiled, never the wrong one.

What may be rewritten, and that it computes the same: tests/python/unit/test_onnx_rewriting.py.
"""

from __future__ import annotations

import errno
import logging
import os
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from constructed import move_weights_out
from example_pages import ENGINES

from hpinfer.config.hpi import HPIConfig, HPISettings
from hpinfer.errors import ConfigError
from hpinfer.hub import resolve
from hpinfer.models import load_model, locate_model, openvino_opening
from hpinfer.networks import Rewritten
from hpinfer.session import Session

pytestmark = pytest.mark.skipif("openvino" not in ENGINES, reason="they are OpenVINO's")

DETECTORS = ("PP-OCRv4_mobile_det", "PP-OCRv6_small_det")
RECOGNISER = "PP-OCRv4_mobile_rec"
NOTE = "the graph is rewritten: OpenVINO then makes fewer passes over pictures"


@pytest.fixture(scope="module")
def sources():
    """Looked up before a test changes where the cache is."""
    names = (*DETECTORS, RECOGNISER)
    return {name: resolve(name, formats=("onnx",)).directory for name in names}


@pytest.fixture
def model_dir(sources, tmp_path, monkeypatch):
    monkeypatch.setenv("HPINFER_CACHE_DIR", str(tmp_path / "user-cache"))

    def copy(name=DETECTORS[0]):
        target = tmp_path / name
        return shutil.copytree(sources[name], target, ignore=shutil.ignore_patterns(".cache"))

    return copy


def load(directory, *, use_hpip=None, precision="fp32", **hpi):
    settings = HPISettings(
        hpi=HPIConfig(backend="openvino", **hpi), use_hpip=use_hpip, precision=precision
    )
    return load_model(locate_model(directory.name, model_dir=directory), settings)


def page(rows=160, columns=224, *, seed=5):
    return np.random.default_rng(seed).random((1, 3, rows, columns), np.float32)


def graphs_in(directory):
    return list(directory.rglob("rewritten.onnx"))


@pytest.mark.parametrize("name", DETECTORS)
def test_detectors_are_rewritten_and_find_the_same(model_dir, name):
    directory = model_dir(name)
    first, second = load(directory), load(directory)
    plain = Session(directory / "inference.onnx", engine="openvino")
    (built,), (reused,) = first.explanation.artifacts, second.explanation.artifacts
    assert (built.built, reused.built) == (True, False)
    assert built.path == reused.path
    assert len(graphs_in(Path(built.path))) == 1
    for loaded in (first, second):
        assert loaded.explanation.notes == (NOTE,)
        have, want = loaded.session, plain
        assert [(i.name, i.dtype, i.shape) for i in have.inputs] == [
            (i.name, i.dtype, i.shape) for i in want.inputs
        ]
        assert [i.name for i in have.outputs] == [i.name for i in want.outputs]
        for feed in (page(), page(96, 320, seed=6)):
            np.testing.assert_allclose(have.run([feed])[0], want.run([feed])[0], rtol=0, atol=1e-6)
            np.testing.assert_array_equal(first.session.run([feed]), second.session.run([feed]))


def test_a_network_without_such_passes_is_compiled_as_it_is(model_dir):
    directory = model_dir(RECOGNISER)
    for built in (True, False):
        loaded = load(directory)
        (use,) = loaded.explanation.artifacts
        assert (use.built, loaded.explanation.notes) == (built, ())
    assert graphs_in(directory) == []


def test_the_second_start_rewrites_nothing(model_dir, monkeypatch):
    directory = model_dir()
    load(directory)
    monkeypatch.setattr(openvino_opening, "rewrite_for_openvino", None)
    assert load(directory).explanation.notes == (NOTE,)


def test_plain_inference_runs_the_network_itself(model_dir):
    directory = model_dir()
    loaded = load(directory, use_hpip=False)
    assert loaded.explanation.notes == ()
    assert graphs_in(directory) == []
    plain = Session(directory / "inference.onnx", engine="openvino")
    np.testing.assert_array_equal(loaded.session.run([page()]), plain.run([page()]))
    assert load(directory).explanation.notes == (NOTE,), "each has a folder of its own"


def test_other_rules_make_another_artifact(model_dir, monkeypatch):
    directory = model_dir()
    (before,) = load(directory).explanation.artifacts
    monkeypatch.setattr("hpinfer.models.opening.REWRITING", 10**6)
    (after,) = load(directory).explanation.artifacts
    assert after.built
    assert after.path != before.path


def test_a_damaged_graph_is_made_again(model_dir):
    directory = model_dir()
    want = load(directory).session.run([page()])
    (graph,) = graphs_in(directory)
    graph.write_bytes(graph.read_bytes()[:-1000])
    loaded = load(directory)
    assert loaded.explanation.artifacts[0].built
    np.testing.assert_array_equal(loaded.session.run([page()]), want)


def test_without_a_cache_the_graph_is_rewritten_in_memory(model_dir, monkeypatch):
    directory = model_dir()
    want = load(directory).session.run([page()])
    shutil.rmtree(directory / ".cache")
    monkeypatch.setattr("hpinfer.hpi.artifacts.candidate_roots", lambda _directory: ())
    loaded = load(directory)
    assert loaded.explanation.artifacts == ()
    assert loaded.explanation.notes == (NOTE,)
    np.testing.assert_array_equal(loaded.session.run([page()]), want)


@pytest.mark.parametrize("cached", [True, False])
def test_a_graph_that_openvino_refuses_is_replaced_by_the_network(
    model_dir, monkeypatch, caplog, cached
):
    directory = model_dir()
    if not cached:
        monkeypatch.setattr("hpinfer.hpi.artifacts.candidate_roots", lambda _directory: ())
    network = onnx.load(directory / "inference.onnx")
    network.graph.node[-1].op_type = "NoSuchOperator"
    broken = Rewritten(network.SerializeToString(), 1, 0)
    monkeypatch.setattr(openvino_opening, "rewrite_for_openvino", lambda _model: broken)
    with caplog.at_level(logging.WARNING, logger="hpinfer.cache"):
        loaded = load(directory)
    assert "is compiled as it is, not rewritten: " in caplog.text
    assert loaded.explanation.notes == ()
    assert graphs_in(directory) == []
    plain = Session(directory / "inference.onnx", engine="openvino")
    np.testing.assert_array_equal(loaded.session.run([page()]), plain.run([page()]))


def test_a_wrong_option_is_not_blamed_on_the_graph(model_dir, caplog):
    directory = model_dir()
    with caplog.at_level(logging.WARNING, logger="hpinfer.cache"), pytest.raises(ConfigError):
        load(directory, backend_config={"engine_config": {"NO_SUCH_PROPERTY": "1"}})
    assert caplog.text == ""


def test_a_full_disk_costs_the_graph_and_nothing_else(model_dir, monkeypatch, caplog):
    directory = model_dir()

    def full(*_args, **_options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING, logger="hpinfer.cache"):
        patch.setattr(Path, "write_bytes", full)
        loaded = load(directory)
    assert "is compiled as it is, not rewritten: " in caplog.text
    assert loaded.explanation.notes == ()
    assert not list(directory.rglob("rewritten*"))
    assert np.isfinite(loaded.session.run([page()])[0]).all()


def test_weights_in_a_file_of_their_own_stay_there(model_dir):
    directory = model_dir()
    assert move_weights_out(directory).stat().st_size > 1e6
    loaded = load(directory)
    assert loaded.explanation.notes == ()
    assert graphs_in(directory) == []
    assert np.isfinite(loaded.session.run([page()])[0]).all()

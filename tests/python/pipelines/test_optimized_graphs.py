"""ONNX Runtime's rewritten graphs: kept once, reused with equal bits, and never the wrong one."""

from __future__ import annotations

import dataclasses
import errno
import logging
import os
import resource
import shutil
from pathlib import Path

import numpy as np
import pytest
from constructed import move_weights_out
from example_pages import ENGINES

from hpinfer.config.hpi import HPIConfig, HPISettings
from hpinfer.errors import ConfigError, EngineError, HpinferError
from hpinfer.hpi import artifacts
from hpinfer.hub import resolve
from hpinfer.models import load_model, loading, locate_model, optimized_graph
from hpinfer.session import Session

pytestmark = pytest.mark.skipif("onnxruntime" not in ENGINES, reason="ONNX Runtime writes them")

DET, V6 = "PP-OCRv4_mobile_det", "PP-OCRv6_small_det"
#: Small inputs that each network accepts.
SHAPES = {
    DET: (1, 3, 64, 64),
    "PP-OCRv4_mobile_rec": (2, 3, 48, 160),
    V6: (1, 3, 64, 96),
    "PP-OCRv6_small_rec": (1, 3, 48, 160),
    "PP-LCNet_x1_0_doc_ori": (1, 3, 224, 224),
    "picodet_lcnet_x1_0_fgd_layout_cdla": (1, 3, 800, 608),
    "SLANet_plus": (1, 3, 488, 488),
}


def settings(**hpi):
    options = {"use_hpip": hpi.pop("use_hpip", None)}
    return HPISettings(hpi=HPIConfig(backend="onnxruntime", **hpi), **options)


@pytest.fixture
def model_dir(tmp_path, monkeypatch):
    monkeypatch.setenv("HPINFER_CACHE_DIR", str(tmp_path / "user-cache"))
    found = {name: resolve_here(name) for name in SHAPES}

    def copy(name=DET, folder="model"):
        source = found[name]
        shutil.copytree(source, tmp_path / folder, ignore=shutil.ignore_patterns(".cache"))
        return tmp_path / folder

    return copy


_RESOLVED = {}


def resolve_here(name):
    """Looked up before a test changes where the cache is."""
    return _RESOLVED[name]


@pytest.fixture(scope="session", autouse=True)
def _resolve_all():
    for name in SHAPES:
        _RESOLVED[name] = resolve(name, formats=("onnx",)).directory


def load(directory, wanted=None, *, name=DET, **options):
    return load_model(locate_model(name, model_dir=directory), wanted or settings(), **options)


def run(loaded, shape=SHAPES[DET]):
    feed = np.random.default_rng(3).random(shape, np.float32)
    return loaded.session.run([feed])


def graph_of(loaded):
    (use,) = loaded.explanation.artifacts
    assert use.kind == "compilation"
    return Path(use.path), use.built


@pytest.mark.parametrize("name", SHAPES)
def test_the_second_start_reads_the_graph_and_gives_the_same_bits(model_dir, name):
    directory = model_dir(name)
    plain = Session(directory / "inference.onnx", engine="onnxruntime")
    first, second = (load(directory, name=name) for _ in range(2))
    (graph, built), (again, rebuilt) = graph_of(first), graph_of(second)
    assert (built, rebuilt) == (True, False)
    assert graph == again
    assert directory in graph.parents
    for loaded in (first, second):
        for have, want in (
            (loaded.session.inputs, plain.inputs),
            (loaded.session.outputs, plain.outputs),
        ):
            assert [(i.name, i.dtype, i.shape) for i in have] == [
                (i.name, i.dtype, i.shape) for i in want
            ]
        feed = np.random.default_rng(3).random(SHAPES[name], np.float32)
        for have, want in zip(loaded.session.run([feed]), plain.run([feed]), strict=True):
            np.testing.assert_array_equal(have, want)


def test_the_second_start_does_not_read_the_network_itself(model_dir, monkeypatch):
    directory = model_dir()
    load(directory)
    opened = []

    class Watched(Session):
        def __init__(self, model, **options):
            opened.append((Path(model).name, options["graph_optimization"]))
            super().__init__(model, **options)

    monkeypatch.setattr(optimized_graph, "Session", Watched)
    load(directory)
    assert opened == [("graph.onnx", "none")]


def test_the_explanation_tells_it(model_dir):
    directory = model_dir()
    load(directory)
    explanation = load(directory).explanation
    assert "compilation reused in " in str(explanation)
    assert "(the graph as ONNX Runtime rewrote it)" in str(explanation)
    (use,) = explanation.to_dict()["artifacts"]
    assert (use["kind"], use["built"]) == ("compilation", False)


@pytest.mark.parametrize("damage", ["truncated", "foreign", "empty"])
def test_a_damaged_graph_is_written_again(model_dir, damage):
    directory = model_dir()
    want = run(load(directory))[0]
    graph, _ = graph_of(load(directory))
    content = graph.read_bytes()
    foreign = (resolve_here("PP-LCNet_x1_0_doc_ori") / "inference.onnx").read_bytes()
    graph.write_bytes({"truncated": content[:-1000], "foreign": foreign, "empty": b""}[damage])
    repaired = load(directory)
    again, built = graph_of(repaired)
    assert (again, built) == (graph, True)
    np.testing.assert_array_equal(run(repaired)[0], want)
    assert graph_of(load(directory))[1] is False


def test_a_model_changed_in_place_has_another_graph(model_dir):
    directory, other = model_dir(), model_dir(V6, folder="other")
    before = load(directory)
    (directory / "inference.onnx").write_bytes((other / "inference.onnx").read_bytes())
    after = load(directory)
    assert graph_of(after)[0] != graph_of(before)[0]
    assert graph_of(after)[1]
    want = Session(other / "inference.onnx", engine="onnxruntime")
    feed = np.random.default_rng(3).random(SHAPES[DET], np.float32)
    np.testing.assert_array_equal(run(after)[0], want.run([feed])[0])


def test_weights_in_a_file_of_their_own_are_left_there_and_looked_at(model_dir):
    directory = model_dir(V6)
    weights = move_weights_out(directory)
    before = load(directory, name=V6)
    assert before.explanation.artifacts == ()
    model_hash = loading.loading_of(locate_model(V6, model_dir=directory)).opener.model_hash
    content = bytearray(weights.read_bytes())
    content[: len(content) // 2] = bytes(len(content) // 2)
    weights.write_bytes(content)
    after = load(directory, name=V6)
    changed = loading.loading_of(locate_model(V6, model_dir=directory)).opener.model_hash
    assert changed != model_hash, "tuning records and compiled models would be the old ones"
    assert not np.array_equal(run(after)[0], run(before)[0])


def test_what_the_graph_depends_on_gives_another(model_dir, monkeypatch):
    directory = model_dir()
    graphs = [graph_of(load(directory))[0]]
    changed = (
        (settings(backend_config={"graph_optimization": "basic"}), {}),
        (settings(backend_config={"engine_config": {"session.set_denormal_as_zero": "1"}}), {}),
        (None, {"num_threads": 1}),
    )
    for wanted, options in changed:
        graphs.append(graph_of(load(directory, wanted, **options))[0])
    newer = [dataclasses.replace(item, version=item.version + ".1") for item in loading.engines()]
    with monkeypatch.context() as patch:
        patch.setattr(loading, "engines", lambda: newer)
        graphs.append(graph_of(load(directory))[0])
    from hpinfer.hpi import artifact_keys

    monkeypatch.setattr(
        artifact_keys, "this_cpu", lambda: artifact_keys.CpuIdentity("another", ("scalar",))
    )
    graphs.append(graph_of(load(directory))[0])
    assert len(set(graphs)) == len(graphs)


def test_a_full_disk_costs_the_graph_and_nothing_else(model_dir, caplog):
    directory = model_dir()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))  # the kernel ends each file there
    try:
        with caplog.at_level(logging.WARNING, logger="hpinfer.cache"):
            loaded = load(directory)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert loaded.explanation.artifacts == ()
    assert "is loaded without its rewritten graph" in caplog.text
    assert np.isfinite(run(loaded)[0]).all()
    assert not list(directory.rglob("graph.onnx*"))
    assert graph_of(load(directory))[1]


def test_a_full_disk_at_the_manifest(model_dir, monkeypatch):
    directory = model_dir()

    def full(*_args, **_options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full)
        loaded = load(directory)
    assert loaded.explanation.artifacts == ()
    assert np.isfinite(run(loaded)[0]).all()
    assert graph_of(load(directory))[1]


def test_nothing_is_written_that_would_not_last(model_dir, monkeypatch):
    directory = model_dir()
    monkeypatch.setattr(artifacts.ArtifactRoot, "is_writable", lambda self: False)
    assert load(directory).explanation.artifacts == ()


def test_a_read_only_model_folder_brings_its_graph_along(model_dir, monkeypatch):
    directory = model_dir()
    graph, _ = graph_of(load(directory))
    monkeypatch.setattr(artifacts.ArtifactRoot, "is_writable", lambda self: False)
    assert graph_of(load(directory)) == (graph, False)


@pytest.mark.parametrize(
    ("wanted", "options"),
    [
        (settings(use_hpip=False), {}),
        (settings(backend_config={"graph_optimization": "none"}), {}),
    ],
)
def test_what_is_left_as_it_is(model_dir, wanted, options):
    loaded = load(model_dir(), wanted, **options)
    assert loaded.explanation.artifacts == ()
    assert not list(loaded.directory.rglob("graph.onnx"))


def test_it_is_kept_only_where_it_pays(tmp_path):
    small, usual, huge = (tmp_path / name for name in ("small", "usual", "huge"))
    small.write_bytes(b"x" * 1000)
    with usual.open("wb") as file:
        file.truncate(optimized_graph.SMALLEST)
    with huge.open("wb") as file:
        file.truncate(optimized_graph.LARGEST)
    assert not optimized_graph.pays([small], {})
    assert optimized_graph.pays([usual], {"device": "cpu"})
    assert optimized_graph.pays([usual], {"providers": ["CPUExecutionProvider"]})
    assert optimized_graph.pays([huge], {})
    with huge.open("ab") as file:
        file.write(b"x")
    assert not optimized_graph.pays([huge], {})
    assert not optimized_graph.pays([usual, usual], {})
    assert not optimized_graph.pays([tmp_path / "absent"], {})
    for options in (
        {"device": "gpu:0"},
        {"providers": [("CUDAExecutionProvider", {"device_id": 0})]},
        {"graph_optimization": "none"},
        {"optimized_model": "elsewhere.onnx"},
    ):
        assert not optimized_graph.pays([usual], options)


def test_a_bad_network_is_told_as_ever(model_dir):
    directory = model_dir()
    (directory / "inference.onnx").write_bytes(b"\x08" * optimized_graph.SMALLEST)
    with pytest.raises(HpinferError, match=r"inference\.onnx"):
        load(directory)


def test_a_place_that_cannot_be_written_is_told_and_nothing_is_left(tmp_path):
    network = resolve_here(DET) / "inference.onnx"
    with pytest.raises(ConfigError, match="absent"):
        Session(network, optimized_model=tmp_path / "absent" / "graph.onnx")
    (tmp_path / "taken" / "file").mkdir(parents=True)
    with pytest.raises(EngineError, match="taken"):
        Session(network, optimized_model=tmp_path / "taken")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]

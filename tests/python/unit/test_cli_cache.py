"""``hpinfer cache`` on real artifacts in temporary folders."""

from __future__ import annotations

import json
import os

import pytest
from click.testing import CliRunner

from hpinfer.cli import cache as cache_module
from hpinfer.cli.root import root as command
from hpinfer.hpi.artifact_root import ArtifactRoot
from hpinfer.hpi.artifacts import ArtifactKey, ArtifactStore

ENGINE = ArtifactKey("openvino-blob", {"model": "a", "engine": "openvino", "precision": "bf16"})
GRAPH = ArtifactKey("onnx", {"model": "a", "converter": "paddle2onnx"})
TIMES = ArtifactKey("tuning", {"model": "b"})


def run(*arguments, text=None):
    return CliRunner().invoke(command, ["cache", *arguments], prog_name="hpinfer", input=text)


@pytest.fixture
def artifacts(tmp_path, monkeypatch):
    """Artifacts of model det in its own folder, one of model rec in the user's cache."""
    monkeypatch.setenv("HPINFER_CACHE_DIR", str(tmp_path / "user"))
    (tmp_path / "det").mkdir()
    det = ArtifactStore.for_model(tmp_path / "det")
    graph = det.get_or_build(
        GRAPH, lambda folder: (folder / "g.onnx").write_bytes(b"g" * 2_000_000)
    )
    with det.directory_for(ENGINE) as blob:
        (blob / "1.blob").write_bytes(b"b" * 150_000)
    rec = ArtifactStore([tmp_path / "user" / "artifacts"], model="rec")
    rec.put_json(TIMES, {"openvino": 1.5})
    folders = [graph.path, blob, tmp_path / "user" / "artifacts" / "tuning" / TIMES.digest]
    for age, folder in zip((100, 50, 10), folders, strict=True):
        used = (folder / "manifest.json").stat().st_mtime - age
        os.utime(folder / "manifest.json", (used, used))
    return dict(zip(("graph", "blob", "times"), folders, strict=True))


def kinds_left():
    return [item["kind"] for item in json.loads(run("list", "--json").stdout)]


def test_list_shows_every_root_the_last_used_first(artifacts):
    lines = run("list").stdout.splitlines()
    assert lines[0].split() == ["KIND", "MODEL", "SIZE", "LAST", "USED", "ENGINE", "FOLDER"]
    assert [line.split()[:2] for line in lines[1:4]] == [
        ["tuning", "rec"],
        ["openvino-blob", "det"],
        ["onnx", "det"],
    ]
    assert "openvino bf16" in lines[2]
    assert "2.0 MB" in lines[3]
    assert str(artifacts["graph"]) in lines[3]
    assert lines[4] == "3 artifacts, 2.2 MB"


def test_list_as_json(artifacts):
    times, blob, graph = json.loads(run("list", "--json").stdout)
    assert (times["kind"], times["model"], times["layout"]) == ("tuning", "rec", "record")
    assert (blob["layout"], blob["fields"]["precision"]) == ("engine-owned", "bf16")
    assert (graph["path"], graph["digest"]) == (str(artifacts["graph"]), GRAPH.digest)
    assert 2_000_000 < graph["size"] < 2_010_000
    assert times["last_used"] > blob["last_used"] > graph["last_used"]
    assert graph["problem"] is None


def test_list_of_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("HPINFER_CACHE_DIR", str(tmp_path / "nothing"))
    assert run("list").stdout.splitlines()[-1] == "0 artifacts, 0.0 kB"
    assert json.loads(run("list", "--json").stdout) == []
    assert run("verify").exit_code == run("clear").exit_code == 0
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize(
    ("what", "left"),
    [
        ([], []),
        (["onnx"], ["tuning", "openvino-blob"]),
        (["det"], ["tuning"]),
        (["rec", "openvino-blob"], ["onnx"]),
    ],
)
def test_clear_by_kind_and_model(artifacts, what, left):
    got = run("clear", *what, "--yes")
    assert (got.exit_code, got.stderr) == (0, "")
    assert got.stdout.startswith(f"{3 - len(left)} artifacts removed, ")
    assert kinds_left() == left


def test_clear_asks_on_a_terminal_and_needs_yes_elsewhere(artifacts, monkeypatch):
    got = run("clear")
    assert got.exit_code == 2
    assert "give --yes" in got.stderr
    monkeypatch.setattr(cache_module, "_is_terminal", lambda: True)
    got = run("clear", text="n\n")
    assert got.exit_code == 1
    assert "Remove 3 artifacts (2.2 MB)?" in got.stderr
    assert len(kinds_left()) == 3
    assert run("clear", text="y\n").exit_code == 0
    assert kinds_left() == []


def test_clear_of_an_unknown_word_removes_nothing(artifacts):
    got = run("clear", "onxx", "--yes")
    assert got.exit_code == 2
    assert "'onxx' is neither a kind of artifact nor a model" in got.stderr
    assert len(kinds_left()) == 3


def test_clear_leaves_what_is_being_made(artifacts):
    root = ArtifactRoot(artifacts["graph"].parents[1])
    with root.lock(GRAPH.digest, timeout_s=1):
        got = run("clear", "--yes")
    assert got.exit_code == 1
    assert "being made" in got.stderr
    assert kinds_left() == ["onnx"]


def test_verify_of_intact_artifacts(artifacts):
    got = run("verify")
    assert (got.exit_code, got.stdout) == (0, "3 artifacts checked, 0 damaged\n")


def test_verify_tells_and_fix_removes(artifacts):
    (artifacts["graph"] / "g.onnx").write_bytes(b"h" * 2_000_000)
    (artifacts["times"] / "manifest.json").write_text("{")
    got = run("verify")
    assert got.exit_code == 4
    assert f"{artifacts['graph']}: damaged: the content of g.onnx is altered" in got.stdout
    assert "3 artifacts checked, 2 damaged" in got.stdout
    assert "damaged" in run("list").stdout
    got = run("verify", "--fix", "--json")
    assert got.exit_code == 0
    assert [item["removed"] for item in json.loads(got.stdout)] == [True, True]
    assert run("verify").exit_code == 0
    assert kinds_left() == ["openvino-blob"]

"""``hpinfer models`` with a hub that touches no network."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from hpinfer import hub
from hpinfer.cli.root import root
from hpinfer.errors import ChecksumError, ModelNotFoundError
from hpinfer.hub import ModelInfo, Progress

KNOWN = [
    ModelInfo("det", "text_detection", "Apache-2.0", ("onnx",), 4_700_000, ("onnx",)),
    ModelInfo("rec", "text_recognition", "Apache-2.0", ("onnx", "paddle"), 10_900_000, ()),
]


@pytest.fixture
def calls(monkeypatch):
    made = []

    def pull(name, *, force=False, progress=None):
        made.append(("pull", name, force))
        if name == "lost":
            raise ModelNotFoundError("model lost could not be obtained:\nno source")
        progress(Progress(name, "unpack", "inference.onnx", 1, 2))
        return SimpleNamespace(directory=Path("/cache") / name)

    def verify(name):
        made.append(("verify", name))
        if name == "rec":
            raise ChecksumError("rec: inference.onnx is altered")
        return {f"{name}/inference.onnx": "0" * 64}

    def path(name):
        if name != "det":
            raise ModelNotFoundError(f"model {name} is not in the cache")
        return Path("/cache/det")

    monkeypatch.setattr(hub, "list_models", lambda: KNOWN)
    monkeypatch.setattr(hub, "pull", pull)
    monkeypatch.setattr(hub, "verify", verify)
    monkeypatch.setattr(hub, "path", path)
    return made


def run(*args):
    return CliRunner().invoke(root, ["models", *args], prog_name="hpinfer")


def test_list_is_a_table(calls):
    lines = run("list").stdout.splitlines()
    assert lines[0].split() == ["NAME", "TASK", "SIZE", "CACHED", "LICENCE"]
    assert lines[1].split() == ["det", "text_detection", "4.7", "MB", "onnx", "Apache-2.0"]
    assert lines[2].split()[-2:] == ["-", "Apache-2.0"]


def test_list_as_json(calls):
    listed = json.loads(run("list", "--json").stdout)
    assert listed[1] == {
        "name": "rec",
        "task": "text_recognition",
        "licence": "Apache-2.0",
        "formats": ["onnx", "paddle"],
        "size": 10_900_000,
        "cached": [],
    }


def test_pull_prints_where_the_models_are(calls):
    got = run("pull", "det", "rec", "det", "--force")
    assert (got.exit_code, got.stdout, got.stderr) == (0, "/cache/det\n/cache/rec\n", "")
    assert calls == [("pull", "det", True), ("pull", "rec", True)]


def test_pull_all(calls):
    assert run("pull", "--all").exit_code == 0
    assert calls == [("pull", "det", False), ("pull", "rec", False)]


def test_pull_continues_after_a_failure(calls):
    got = run("pull", "lost", "det", "--json")
    assert got.exit_code == 4
    assert got.stderr == "hpinfer: error: model lost could not be obtained:; no source\n"
    assert json.loads(got.stdout) == [
        {"name": "lost", "error": "model lost could not be obtained:; no source"},
        {"name": "det", "path": "/cache/det"},
    ]


def test_verify_tells_the_altered_file(calls):
    got = run("verify", "det", "rec")
    assert (got.exit_code, got.stdout) == (4, "det: ok\n")
    assert got.stderr == "hpinfer: error: rec: inference.onnx is altered\n"


def test_verify_all_takes_what_is_cached(calls):
    got = run("verify", "--all", "--json")
    assert got.exit_code == 0
    assert calls == [("verify", "det")]
    assert json.loads(got.stdout)[0]["ok"] is True


def test_path(calls):
    assert run("path", "det").stdout == "/cache/det\n"
    got = run("path", "rec")
    assert (got.exit_code, got.stdout) == (4, "")


@pytest.mark.parametrize(
    "arguments", [["pull"], ["verify"], ["pull", "det", "--all"], ["path"], ["unknown"]]
)
def test_wrong_usage_exits_with_2(calls, arguments):
    got = run(*arguments)
    assert got.exit_code == 2
    assert got.stderr.count("\n") == 1
    assert calls == []

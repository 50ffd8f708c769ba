"""Several processes and one artifact: built once; a killed builder leaves nothing that is used."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from hpinfer.hpi.artifact_inventory import find_damage
from hpinfer.hpi.artifacts import ArtifactKey, ArtifactStore

KEY = ArtifactKey("tensorrt-engine", {"model": "a"})
SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture(autouse=True)
def user_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HPINFER_CACHE_DIR", str(tmp_path / "user"))


def race(root: str, log: str, barrier, results) -> None:
    def build(folder: Path) -> None:
        with Path(log).open("a") as stream:
            stream.write(f"{os.getpid()}\n")
        time.sleep(0.3)
        (folder / "engine.plan").write_bytes(b"e" * 10_000)

    barrier.wait()
    made = ArtifactStore([Path(root)]).get_or_build(KEY, build)
    results.put((made.built, (made.path / "engine.plan").read_bytes() == b"e" * 10_000))


def test_of_two_processes_one_builds_and_both_get_it(tmp_path):
    root, log = tmp_path / "root", tmp_path / "builds"
    barrier, results = SPAWN.Barrier(2), SPAWN.Queue()
    children = [
        SPAWN.Process(target=race, args=(str(root), str(log), barrier, results)) for _ in range(2)
    ]
    for child in children:
        child.start()
    got = sorted(results.get(timeout=60) for _ in children)
    for child in children:
        child.join(60)
    assert got == [(False, True), (True, True)]
    assert len(log.read_text().splitlines()) == 1


def hang(root: str, started, engine_owned: bool) -> None:
    def build(folder: Path) -> None:
        (folder / "engine.plan").write_bytes(b"half")
        started.set()
        time.sleep(600)

    store = ArtifactStore([Path(root)])
    if engine_owned:
        with store.directory_for(KEY) as folder:
            assert folder is not None
            build(folder)
    store.get_or_build(KEY, build)


def killed_in_mid_build(root: Path, *, engine_owned: bool) -> None:
    started = SPAWN.Event()
    child = SPAWN.Process(target=hang, args=(str(root), started, engine_owned))
    child.start()
    assert started.wait(60)
    assert find_damage(roots=[root])[1] == [], "a build under way is no damage"
    os.kill(child.pid, signal.SIGKILL)
    child.join(60)


def test_a_killed_builder(tmp_path):
    root = tmp_path / "root"
    killed_in_mid_build(root, engine_owned=False)
    assert ArtifactStore([root]).find(KEY) is None
    assert "ended while it was building" in find_damage(roots=[root])[1][0].problem
    made = ArtifactStore([root]).get_or_build(
        KEY, lambda folder: (folder / "engine.plan").write_bytes(b"whole"), timeout_s=10
    )
    assert made.built
    assert (made.path / "engine.plan").read_bytes() == b"whole"
    assert list((root / ".tmp").iterdir()) == []
    assert find_damage(roots=[root]) == (1, [])


def test_verify_removes_what_a_killed_builder_left(tmp_path):
    root = tmp_path / "root"
    killed_in_mid_build(root, engine_owned=False)
    (damage,) = find_damage(roots=[root], fix=True)[1]
    assert damage.removed
    assert find_damage(roots=[root]) == (0, [])


def test_a_killed_engine(tmp_path):
    root = tmp_path / "root"
    killed_in_mid_build(root, engine_owned=True)
    assert len(find_damage(roots=[root])[1]) == 1
    with ArtifactStore([root]).directory_for(KEY, timeout_s=10) as folder:
        assert folder is not None
        assert [path.name for path in folder.iterdir()] == ["manifest.json"]

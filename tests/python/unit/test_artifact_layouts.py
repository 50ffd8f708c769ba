"""The artifact store: records, folders that engines fill, and the size budget."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from hpinfer.errors import InvalidTypeError
from hpinfer.hpi import artifact_root
from hpinfer.hpi.artifact_inventory import find_damage, list_artifacts
from hpinfer.hpi.artifacts import ArtifactKey, ArtifactStore

BLOB = ArtifactKey("openvino-blob", {"model": "a"})
RECORD = ArtifactKey("tuning", {"model": "a"})


@pytest.fixture(autouse=True)
def user_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HPINFER_CACHE_DIR", str(tmp_path / "user"))
    return tmp_path / "user"


@pytest.fixture
def root(tmp_path):
    return tmp_path / "root"


@pytest.fixture
def store(root):
    return ArtifactStore([root], model="net")


def visible(root: Path) -> list[str]:
    """Files that a reader of the root can see, without locks."""
    return sorted(
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.is_file() and path.suffix != ".lock"
    )


class EngineFailure(Exception):
    pass


# --- records -----------------------------------------------------------------------------------


def test_records_are_replaced(store):
    assert store.get_json(RECORD) is None
    store.put_json(RECORD, {"ms": [1.5, None]})
    assert store.get_json(RECORD) == {"ms": [1.5, None]}
    store.put_json(RECORD, {"ms": [2.5]})
    assert store.get_json(RECORD) == {"ms": [2.5]}
    assert store.get_json(ArtifactKey("tuning", {"model": "b"})) is None


def test_an_altered_record_is_not_used(store, root):
    store.put_json(RECORD, {"ms": 1.5})
    path = root / "tuning" / RECORD.digest / "manifest.json"
    path.write_text(path.read_text().replace("1.5", "0.5"))
    assert store.get_json(RECORD) is None
    assert not path.exists()
    store.put_json(RECORD, {"ms": 2.5})
    assert store.get_json(RECORD) == {"ms": 2.5}


def test_what_is_not_json_is_refused_before_anything_is_written(store, root):
    with pytest.raises(InvalidTypeError, match="value"):
        store.put_json(RECORD, {"ms": {1: 2}})
    assert not root.exists()


# --- folders of engines ------------------------------------------------------------------------


def test_an_engine_finds_what_it_left(store):
    with store.directory_for(BLOB) as folder:
        assert visible(folder) == ["manifest.json"]
        (folder / "model").mkdir()
        (folder / "model" / "1.blob").write_bytes(b"b" * 5000)
    with store.directory_for(BLOB) as folder:
        assert (folder / "model" / "1.blob").read_bytes() == b"b" * 5000
        (folder / "model" / "2.blob").write_bytes(b"c")  # the engine made another one
    with store.directory_for(BLOB) as folder:
        assert sorted(path.name for path in (folder / "model").iterdir()) == ["1.blob", "2.blob"]
    (entry,) = list_artifacts([folder.parents[1]])
    assert entry.size > 5001
    assert entry.manifest is not None
    assert entry.manifest.layout == "engine-owned"


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "1.blob").write_bytes(b"x"),
        lambda folder: (folder / "1.blob").write_bytes(b"x" * 10),
        lambda folder: (folder / "1.blob").unlink(),
        lambda folder: (folder / "2.blob").write_bytes(b"from a process that was killed"),
        lambda folder: (folder / "manifest.json").write_text("{"),
    ],
)
def test_an_engine_never_sees_what_it_did_not_finish(store, damage):
    with store.directory_for(BLOB) as folder:
        (folder / "1.blob").write_bytes(b"b" * 10)
    damage(folder)
    with store.directory_for(BLOB) as folder:
        assert visible(folder) == ["manifest.json"]
        (folder / "1.blob").write_bytes(b"b" * 10)
    with store.directory_for(BLOB) as folder:
        assert (folder / "1.blob").exists()


def test_a_failed_engine_leaves_nothing(store, root):
    def engine(folder):
        (folder / "half").write_bytes(b"h")
        raise EngineFailure

    with pytest.raises(EngineFailure), store.directory_for(BLOB) as folder:
        engine(folder)
    assert visible(root) == []


@pytest.mark.parametrize("allowed", [0, 1], ids=["before", "after"])
def test_a_full_disk_does_not_stop_an_engine(store, root, monkeypatch, caplog, allowed):
    real, written = Path.write_text, []

    def write_text(path, *args, **kwargs):
        if len(written) == allowed:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.append(path)
        return real(path, *args, **kwargs)

    monkeypatch.setattr(Path, "write_text", write_text)
    with store.directory_for(BLOB) as folder:
        assert (folder is None) == (allowed == 0)
        if folder is not None:
            (folder / "1.blob").write_bytes(b"b")
    assert "no space" in caplog.text
    assert not any(name.endswith(".blob") for name in visible(root))


# --- size budget -------------------------------------------------------------------------------


def sized(count):
    return lambda folder: (folder / "f").write_bytes(b"x" * count)


def used_before(artifact, seconds):
    path = artifact.path / "manifest.json"
    used = path.stat().st_mtime - seconds
    os.utime(path, (used, used))


def keys(count):
    return [ArtifactKey("onnx", {"model": number}) for number in range(count)]


def test_the_least_recently_used_go_first(root):
    store = ArtifactStore([root], budget=35_000)
    a, b, c, d = keys(4)
    for age, key in ((300, a), (200, b), (100, c)):
        used_before(store.get_or_build(key, sized(10_000)), age)
    assert store.find(a) is not None  # counts as a use
    store.get_or_build(d, sized(10_000))
    assert [store.find(key) is not None for key in (a, b, c, d)] == [True, False, True, True]
    assert sum(entry.size for entry in list_artifacts([root])) <= 35_000


def test_what_is_locked_recent_or_just_made_stays(root):
    store = ArtifactStore([root], budget=1)
    locked, recent, made = keys(3)
    used_before(store.get_or_build(locked, sized(100)), 500)
    with artifact_root.ArtifactRoot(root).lock(locked.digest, timeout_s=1):
        store.get_or_build(recent, sized(100))
        store.get_or_build(made, sized(100))
        assert all((root / "onnx" / key.digest).exists() for key in (locked, recent, made))
    store.put_json(RECORD, 1)
    assert store.find(locked) is None
    assert store.find(recent) is not None


def test_the_budget_comes_from_the_environment_and_counts_each_root(
    tmp_path, monkeypatch, user_cache
):
    monkeypatch.setenv("HPINFER_ARTIFACT_BUDGET", "15000")
    model = tmp_path / "net"
    model.mkdir()
    first, second = keys(2)
    for store in (ArtifactStore.for_model(model), ArtifactStore([user_cache / "artifacts"])):
        used_before(store.get_or_build(first, sized(10_000)), 100)
    for store in (ArtifactStore.for_model(model), ArtifactStore([user_cache / "artifacts"])):
        assert store.find(first) is not None
        used_before(store.find(first), 100)
        store.get_or_build(second, sized(10_000))
    assert len(list_artifacts()) == 2
    assert {entry.digest for entry in list_artifacts()} == {second.digest}


def test_damage_is_found_everywhere(store, root):
    intact, altered, _ = keys(3)
    store.get_or_build(intact, sized(10))
    (store.get_or_build(altered, sized(10)).path / "f").write_bytes(b"y" * 10)
    (root / "surprise" / "x").mkdir(parents=True)
    (root / ".tmp" / "dead" / "new").mkdir(parents=True)
    checked, found = find_damage(roots=[root])
    assert (checked, len(found)) == (3, 3)
    assert not any(damage.removed for damage in found)
    assert all(damage.removed for damage in find_damage(roots=[root], fix=True)[1])
    assert find_damage(roots=[root]) == (1, [])

"""The artifact store: only complete and intact artifacts come out, whatever happens on disk."""

from __future__ import annotations

import errno
import json
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hpinfer.errors import CacheError, ConversionError
from hpinfer.hpi import artifact_places, artifact_root
from hpinfer.hpi.artifact_inventory import list_artifacts
from hpinfer.hpi.artifacts import ArtifactKey, ArtifactStore

KEY = ArtifactKey("onnx", {"model": "a"})
OTHER = ArtifactKey("onnx", {"model": "b"})
BLOB = ArtifactKey("openvino-blob", {"model": "a"})
RECORD = ArtifactKey("tuning", {"model": "a"})


def build(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "weights.bin").write_bytes(b"w" * 1000)
    (folder / "inference.onnx").write_bytes(b"graph")


def not_wanted(_folder: Path) -> None:
    raise AssertionError("built although it is there")


@pytest.fixture(autouse=True)
def user_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HPINFER_CACHE_DIR", str(tmp_path / "user"))
    monkeypatch.setattr(artifact_places, "_temporary", {})
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


def test_built_once_then_found(store, root):
    made = store.get_or_build(KEY, build)
    assert made.built
    assert made.path == root / "onnx" / KEY.digest
    again = store.get_or_build(KEY, not_wanted)
    assert (again.built, again.path, again.temporary) == (False, made.path, False)
    assert again.manifest == made.manifest
    assert again.seconds == pytest.approx(made.seconds, abs=1e-3)
    assert sorted(again.manifest.files) == ["inference.onnx", "sub/weights.bin"]
    assert store.find(OTHER) is None


def test_the_manifest_says_what_it_is(store):
    document = json.loads((store.get_or_build(KEY, build).path / "manifest.json").read_text())
    assert document["schema"] == 1
    assert (document["kind"], document["digest"]) == ("onnx", KEY.digest)
    assert (document["fields"], document["model"]) == ({"model": "a"}, "net")
    assert document["files"]["inference.onnx"]["size"] == 5
    assert document["created"].endswith("+00:00")
    assert document["hpinfer"]
    assert document["build_seconds"] >= 0


def truncate(folder):
    (folder / "inference.onnx").write_bytes(b"gra")


def flip(folder):
    stamps = (folder / "inference.onnx").stat()
    (folder / "inference.onnx").write_bytes(b"graqh")
    os.utime(folder / "inference.onnx", ns=(stamps.st_atime_ns, stamps.st_mtime_ns))


def edit_manifest(**changes):
    def damage(folder):
        path = folder / "manifest.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    return damage


def link(folder):
    (folder / "inference.onnx").rename(folder.parent / "elsewhere")
    (folder / "inference.onnx").symlink_to(folder.parent / "elsewhere")


DAMAGES = {
    "truncated": truncate,
    "bit flipped": flip,
    "missing": lambda folder: (folder / "sub" / "weights.bin").unlink(),
    "extra": lambda folder: (folder / "sub" / "new.bin").write_bytes(b""),
    "link": link,
    "empty": lambda folder: (folder / "inference.onnx").write_bytes(b""),
    "no manifest": lambda folder: (folder / "manifest.json").unlink(),
    "manifest truncated": lambda folder: (folder / "manifest.json").write_text('{"schema": 1,'),
    "manifest not text": lambda folder: (folder / "manifest.json").write_bytes(b"\xff\xfe\x00"),
    "manifest a list": lambda folder: (folder / "manifest.json").write_text("[]"),
    "manifest a folder": lambda folder: (
        (folder / "manifest.json").unlink(),
        (folder / "manifest.json").mkdir(),
    ),
    "other schema": edit_manifest(schema=2),
    "other kind": edit_manifest(kind="tuning"),
    "other fields": edit_manifest(fields={"model": "b"}),
    "other digest": edit_manifest(digest="0" * 64),
    "other layout": edit_manifest(layout="engine-owned"),
    "unknown layout": edit_manifest(layout="heap"),
    "files not a mapping": edit_manifest(files=[1]),
    "no file listed": edit_manifest(files={}),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_artifact_is_removed_and_rebuilt(store, caplog, damage):
    folder = store.get_or_build(KEY, build).path
    damage(folder)
    with caplog.at_level(logging.WARNING, "hpinfer.cache"):
        assert store.find(KEY) is None
    assert not folder.exists()
    assert len(caplog.records) == 1
    made = store.get_or_build(KEY, build)
    assert made.built
    assert (made.path / "inference.onnx").read_bytes() == b"graph"


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_get_or_build_replaces_a_damaged_artifact(store, damage):
    damage(store.get_or_build(KEY, build).path)
    assert store.get_or_build(KEY, build).built
    assert not store.get_or_build(KEY, not_wanted).built


def test_a_file_in_the_place_of_an_artifact_is_replaced(store, root):
    (root / "onnx").mkdir(parents=True)
    (root / "onnx" / KEY.digest).write_text("file")
    assert store.get_or_build(KEY, build).built
    assert visible(root / ".tmp") == []


def test_an_artifact_of_another_key_in_its_place_is_not_used(store, root):
    wrong = store.get_or_build(OTHER, lambda folder: (folder / "inference.onnx").write_text("b"))
    shutil.copytree(wrong.path, root / "onnx" / KEY.digest)
    assert store.find(KEY) is None
    assert store.find(OTHER) is not None


class BuilderError(Exception):
    pass


@pytest.mark.parametrize(
    "error", [BuilderError("x"), ConversionError("x"), KeyboardInterrupt(), PermissionError("x")]
)
def test_the_builders_own_error_comes_out_and_nothing_stays(store, root, error):
    def fail(folder):
        (folder / "half").write_bytes(b"h" * 100)
        raise error

    with pytest.raises(type(error)) as caught:
        store.get_or_build(KEY, fail)
    assert caught.value is error
    assert visible(root) == []
    assert store.get_or_build(KEY, build).built


@pytest.mark.parametrize(
    ("builder", "message"),
    [
        (lambda _folder: None, "wrote no file"),
        (lambda folder: (folder / "manifest.json").write_text("{}"), "reserved name"),
        (lambda folder: (folder / "a").symlink_to("/etc/passwd"), "not a regular file"),
    ],
)
def test_a_builder_without_a_usable_product_is_an_error(store, root, builder, message):
    with pytest.raises(CacheError, match=message):
        store.get_or_build(KEY, builder)
    assert visible(root) == []


def test_a_full_disk_while_building(store, root):
    def fail(folder):
        (folder / "half").write_bytes(b"h")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(CacheError, match=r"no space for an artifact .* free some") as caught:
        store.get_or_build(KEY, fail)
    assert isinstance(caught.value, OSError)
    assert visible(root) == []


@pytest.mark.parametrize("name", ["write_text", "mkdir", "replace"])
def test_a_full_disk_at_each_of_our_own_writes(store, root, monkeypatch, name):
    store.get_or_build(OTHER, build)
    before = visible(root)

    def full(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(Path, name, full)
        with pytest.raises(CacheError, match="no space"):
            store.get_or_build(KEY, lambda folder: os.close(os.open(folder / "f", os.O_CREAT)))
    assert visible(root) == before
    assert store.get_or_build(KEY, build).built


LIMITED = """
import resource, sys
from pathlib import Path
from hpinfer.errors import CacheError
from hpinfer.hpi.artifacts import ArtifactKey, ArtifactStore
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    ArtifactStore([Path(sys.argv[1])]).get_or_build(
        ArtifactKey("onnx", {"model": "a"}), lambda folder: (folder / "f").write_bytes(b"x" * 9999)
    )
except CacheError as error:
    print(error)
"""


def test_the_operating_systems_own_refusal_to_write_more(store, root):
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(root)], capture_output=True, text=True, check=True
    )
    assert "no space for an artifact" in done.stdout
    assert visible(root) == []
    assert store.get_or_build(KEY, build).built


def test_a_lock_that_is_not_freed_is_named(store, root):
    with artifact_root.ArtifactRoot(root).lock(KEY.digest, timeout_s=1):
        with pytest.raises(CacheError, match=rf"{KEY.digest}\.lock for more than 0\.1 s"):
            store.get_or_build(KEY, build, timeout_s=0.1)
        with pytest.raises(CacheError, match="lock"), store.directory_for(KEY, timeout_s=0.1):
            pass
        with pytest.raises(CacheError, match="lock"):
            store.put_json(KEY, 1, timeout_s=0.1)
    assert store.get_or_build(KEY, build).built


def test_what_was_damaged_is_left_to_the_process_that_holds_the_lock(store, root):
    folder = store.get_or_build(KEY, build).path
    truncate(folder)
    with artifact_root.ArtifactRoot(root).lock(KEY.digest, timeout_s=1):
        assert store.find(KEY) is None
        assert folder.exists()


# --- places ------------------------------------------------------------------------------------


def test_artifacts_lie_in_the_models_folder(tmp_path, user_cache):
    model = tmp_path / "net"
    model.mkdir()
    made = ArtifactStore.for_model(model).get_or_build(KEY, build)
    assert made.path.is_relative_to(model / ".cache" / "hpinfer")
    assert made.manifest.model == "net"
    assert [entry.folder for entry in list_artifacts()] == [made.path]
    shutil.rmtree(model)
    assert list_artifacts() == []
    assert list((user_cache / "artifact-roots").iterdir()) == []


def test_reading_makes_no_folder(tmp_path):
    model = tmp_path / "net"
    model.mkdir()
    store = ArtifactStore.for_model(model)
    assert store.find(KEY) is None
    assert store.get_json(RECORD) is None
    assert [path.name for path in tmp_path.rglob("*")] == ["net"]


def make_read_only(folder: Path, monkeypatch) -> None:
    """Nothing can be created below `folder`, also not by root: both ways at once."""
    folder.chmod(0o555)
    real = Path.mkdir

    def mkdir(self, *args, **kwargs):
        if self.is_relative_to(folder) and not self.exists():
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(self))
        return real(self, *args, **kwargs)

    monkeypatch.setattr(Path, "mkdir", mkdir)


def test_a_file_where_the_folder_should_be_leads_to_the_users_cache(tmp_path, user_cache):
    model = tmp_path / "net"
    model.mkdir()
    (model / ".cache").write_text("in the way")
    made = ArtifactStore.for_model(model).get_or_build(KEY, build)
    assert made.path.is_relative_to(user_cache / "artifacts")
    assert not made.temporary
    assert not ArtifactStore.for_model(model).get_or_build(KEY, not_wanted).built


def test_a_read_only_model_folder_is_read_and_the_users_cache_is_written(
    tmp_path, user_cache, monkeypatch
):
    model = tmp_path / "net"
    model.mkdir()
    prepared = ArtifactStore.for_model(model).get_or_build(KEY, build)
    ArtifactStore.for_model(model).put_json(RECORD, "old")
    make_read_only(model, monkeypatch)
    store = ArtifactStore.for_model(model)
    assert store.get_or_build(KEY, not_wanted).path == prepared.path
    made = store.get_or_build(OTHER, build)
    assert made.path.is_relative_to(user_cache / "artifacts")
    store.put_json(RECORD, "new")
    assert store.get_json(RECORD) == "new"
    with store.directory_for(BLOB) as folder:
        assert folder is not None
        assert folder.is_relative_to(user_cache / "artifacts")


def test_nowhere_to_write_works_and_is_said_once(tmp_path, user_cache, caplog):
    user_cache.write_text("a file")
    model = tmp_path / "net"
    model.mkdir()
    (model / ".cache").write_text("a file")
    store = ArtifactStore.for_model(model)
    with caplog.at_level(logging.WARNING, "hpinfer.cache"):
        made = store.get_or_build(KEY, build)
        again = ArtifactStore.for_model(model).get_or_build(KEY, not_wanted)
        store.put_json(RECORD, [1])
        with store.directory_for(BLOB) as folder:
            assert folder is None
    assert made.temporary
    assert again.temporary
    assert not again.built
    assert store.get_json(RECORD) == [1]
    assert len(caplog.records) == 1
    assert "cannot be written" in caplog.text
    shutil.rmtree(made.path.parents[1])


TEMPORARY = """
import sys
from pathlib import Path
from hpinfer.hpi.artifacts import ArtifactKey, ArtifactStore
store = ArtifactStore([Path("/dev/null/x")])
made = store.get_or_build(
    ArtifactKey("onnx", {}), lambda folder: (folder / "f").write_text("x") and None
)
print(made.path.parents[1], made.path.is_dir())
"""


def test_the_temporary_folder_ends_with_the_process():
    done = subprocess.run(
        [sys.executable, "-c", TEMPORARY], capture_output=True, text=True, check=True
    )
    place, existed = done.stdout.split()
    assert existed == "True"
    assert not Path(place).exists()


def test_no_place_at_all_is_an_error(tmp_path, monkeypatch):
    def refuse(**_kwargs):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    (tmp_path / "file").write_text("x")
    monkeypatch.setattr(artifact_places.tempfile, "mkdtemp", refuse)
    with pytest.raises(CacheError, match="nor in a temporary folder"):
        ArtifactStore([tmp_path / "file" / "root"]).get_or_build(KEY, build)

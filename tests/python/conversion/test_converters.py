"""Where the converter comes from. No network: wheels and installed packages are made here."""

from __future__ import annotations

import hashlib
import importlib.machinery
import subprocess
import zipfile
from pathlib import Path

import pytest

from hpinfer.errors import ConversionError
from hpinfer.hpi.conversion import converters
from hpinfer.hpi.conversion.converters import Converter, find_converter, obtain
from hpinfer.hpi.conversion.faults import Refusal

SUFFIX = importlib.machinery.EXTENSION_SUFFIXES[0]
CONTENT = b"extension of release 1.3.1"
MEMBER = f"paddle2onnx/paddle2onnx_cpp2py_export{SUFFIX}"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, nothing installed, a registry of our own, and releases made of `CONTENT`."""
    monkeypatch.setenv("HPINFER_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("HPINFER_PIP_ARGS", f"--no-index --find-links '{tmp_path / 'links'}'")
    monkeypatch.delenv("HPINFER_OFFLINE", raising=False)
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    hide_installed(monkeypatch)
    pin = (hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))
    releases = {
        "pdmodel": converters._Release(((1, 2), (2,)), "1.3.1", {SUFFIX: pin}),
        "pir": converters._Release(((2, 0), (3,)), "2.1.0", {SUFFIX: pin}),
    }
    monkeypatch.setattr(converters, "_RELEASES", releases)
    build_wheel(tmp_path / "links", CONTENT)
    return tmp_path / "cache"


def hide_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only pip and packages that a test puts into its own folder count as installed."""
    found = converters.importlib.metadata.distribution

    def distribution(name: str) -> object:
        result = found(name)
        if name != "pip" and Path(str(result.locate_file(""))).name != "site":
            raise converters.importlib.metadata.PackageNotFoundError(name)
        return result

    monkeypatch.setattr(converters.importlib.metadata, "distribution", distribution)
    monkeypatch.setattr(
        converters.importlib.metadata, "version", lambda name: distribution(name).version
    )


def build_wheel(links: Path, content: bytes, version: str = "1.3.1") -> None:
    links.mkdir(exist_ok=True)
    info = f"paddle2onnx-{version}.dist-info"
    with zipfile.ZipFile(links / f"paddle2onnx-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(MEMBER, content)
        wheel.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: paddle2onnx\nVersion: {version}\n"
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")


def install(tmp_path: Path, name: str, version: str, *files: str) -> None:
    site = tmp_path / "site"
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    for file in files:
        (site / file).parent.mkdir(exist_ok=True)
        (site / file).write_bytes(b"installed")


def test_fetched_once_and_verified(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = find_converter("pdmodel")
    assert found == Converter("1.3.1", "download", None)
    assert not cache.exists()  # asking fetches nothing
    library = obtain(found, "pdmodel")
    assert library.read_bytes() == CONTENT
    assert cache in library.parents
    assert [path.name for path in library.parent.iterdir()] == [library.name]
    monkeypatch.setattr(subprocess, "Popen", None)  # nothing is fetched any more
    assert find_converter("pdmodel") == Converter("1.3.1", "cache", library)
    assert obtain(Converter("1.3.1", "cache", library), "pdmodel") == library


def test_a_damaged_one_is_fetched_again(cache: Path) -> None:
    found = find_converter("pdmodel")
    assert isinstance(found, Converter)
    library = obtain(found, "pdmodel")
    library.write_bytes(CONTENT[:-1] + b"?")
    again = find_converter("pdmodel")
    assert again == found
    assert obtain(again, "pdmodel").read_bytes() == CONTENT


def test_another_content_than_pinned_is_refused(cache: Path, tmp_path: Path) -> None:
    build_wheel(tmp_path / "links", b"x" * len(CONTENT))
    found = find_converter("pdmodel")
    assert isinstance(found, Converter)
    with pytest.raises(ConversionError, match=r"has SHA-256 .*, expected"):
        obtain(found, "pdmodel")
    assert list((cache / "converters").iterdir()) == []


def test_no_wheel_to_be_had(cache: Path, tmp_path: Path) -> None:
    for wheel in (tmp_path / "links").iterdir():
        wheel.unlink()
    found = find_converter("pdmodel")
    assert isinstance(found, Converter)
    with pytest.raises(ConversionError, match=r"could not be fetched.*pip install paddle2onnx"):
        obtain(found, "pdmodel")


def test_a_cache_that_cannot_be_written(cache: Path) -> None:
    cache.write_text("a file, not a folder")
    found = find_converter("pdmodel")
    assert isinstance(found, Converter)
    with pytest.raises(ConversionError, match="HPINFER_CACHE_DIR"):
        obtain(found, "pdmodel")


def test_offline(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = obtain(Converter("1.3.1", "download", None), "pdmodel")
    monkeypatch.setenv("HPINFER_OFFLINE", "1")
    assert find_converter("pdmodel") == Converter("1.3.1", "cache", library)
    library.unlink()
    refusal = find_converter("pdmodel")
    assert isinstance(refusal, Refusal)
    assert "HPINFER_OFFLINE" in refusal.reason
    assert "pip install paddle2onnx==1.3.1" in refusal.remedy


def test_an_installed_one_is_used_in_place(cache: Path, tmp_path: Path) -> None:
    install(tmp_path, "paddle2onnx", "1.2.11", MEMBER)
    found = find_converter("pdmodel")
    assert found == Converter("1.2.11", "installed", tmp_path / "site" / MEMBER)


@pytest.mark.parametrize("version", ["2.1.0", "1.0.8", "0.9.2"])
def test_an_installed_one_that_does_not_fit_is_passed_over(
    cache: Path, tmp_path: Path, version: str
) -> None:
    install(tmp_path, "paddle2onnx", version, MEMBER)
    assert find_converter("pdmodel") == Converter("1.3.1", "download", None)


def test_an_installed_one_of_another_python_is_passed_over(cache: Path, tmp_path: Path) -> None:
    install(tmp_path, "paddle2onnx", "1.3.1", "paddle2onnx/paddle2onnx_cpp2py_export.pyd")
    assert find_converter("pdmodel") == Converter("1.3.1", "download", None)


def test_a_python_without_a_wheel(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    suffixes = [".cpython-399-x86_64-linux-gnu.so", ".so"]
    monkeypatch.setattr(importlib.machinery, "EXTENSION_SUFFIXES", suffixes)
    refusal = find_converter("pdmodel")
    assert isinstance(refusal, Refusal)
    assert "was not published for this platform" in refusal.reason
    assert "3.12" in refusal.remedy
    member = f"paddle2onnx/paddle2onnx_cpp2py_export{suffixes[0]}"
    install(tmp_path, "paddle2onnx", "1.3.1", member)  # built by the user
    assert isinstance(find_converter("pdmodel"), Converter)


def test_a_python_without_pip(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(converters, "pip_is_installed", lambda: False)
    refusal = find_converter("pdmodel")
    assert isinstance(refusal, Refusal)
    assert "no pip" in refusal.reason


def test_pir_needs_paddle_3(cache: Path, tmp_path: Path) -> None:
    refusal = find_converter("pir")
    assert isinstance(refusal, Refusal)
    assert "none is installed" in refusal.reason
    assert "paddlepaddle==3.2.2" in refusal.remedy
    install(tmp_path, "paddlepaddle", "2.6.2", "paddle/__init__.py")
    refusal = find_converter("pir")
    assert isinstance(refusal, Refusal)
    assert "2.6.2 is installed" in refusal.reason


@pytest.mark.parametrize("distribution", ["paddlepaddle", "paddlepaddle-gpu"])
def test_pir_with_paddle_3(cache: Path, tmp_path: Path, distribution: str) -> None:
    install(tmp_path, distribution, "3.2.2", "paddle/__init__.py")
    found = find_converter("pir")
    assert found == Converter("2.1.0", "download", None, "3.2.2")
    assert found.name == "paddle2onnx 2.1.0 with paddlepaddle 3.2.2"
    install(tmp_path, "paddle2onnx", "2.1.0", MEMBER)
    assert find_converter("pir") == Converter(
        "2.1.0", "installed", tmp_path / "site" / MEMBER, "3.2.2"
    )
    assert isinstance(find_converter("pdmodel"), Converter)


def test_every_pinned_wheel_has_a_digest_and_a_length() -> None:
    for release in converters._RELEASES.values():
        assert len(release.extensions) == 6
        for suffix, (sha256, size) in release.extensions.items():
            assert suffix.startswith(".cpython-3")
            assert len(bytes.fromhex(sha256)) == 32
            assert 8_000_000 < size < 12_000_000

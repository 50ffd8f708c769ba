"""The wheel: built from this tree, then looked at."""

from __future__ import annotations

import importlib.util
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import check_wheel

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel, built without network; an earlier build of this tree is reused."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--quiet"]
    done = subprocess.run(
        [*command, "--wheel-dir", folder, ROOT],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = folder.glob("hpinfer-*.whl")
    return path


@pytest.mark.slow
def test_wheel_holds_what_it_must_and_nothing_else(wheel: Path) -> None:
    assert list(check_wheel.faults(wheel)) == []


@pytest.mark.slow
def test_wheel_imports_with_nothing_else_installed(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "import hpinfer\nfrom hpinfer import _native\n"
        f"assert _native.__file__.startswith({str(tmp_path)!r}), _native.__file__\n"
        "print(_native.__version__, hpinfer.__version__, _native.thread_info()['threads'] >= 1)"
    )
    # -I -S: no installed package, so that neither an installation nor a dependency can help.
    command = [sys.executable, "-I", "-S", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    native, package, has_threads = done.stdout.split()
    assert (native, has_threads) == (package, "True")


def test_needed_libraries_of_the_installed_module_are_those_of_the_system() -> None:
    spec = importlib.util.find_spec("hpinfer._native")
    assert spec is not None
    assert spec.origin is not None
    needed = check_wheel.needed_libraries(Path(spec.origin).read_bytes())
    assert "libc.so.6" in needed
    assert set(needed) <= check_wheel.SYSTEM_LIBRARIES


def test_the_installed_module_shows_its_entry_and_nothing_of_its_own() -> None:
    spec = importlib.util.find_spec("hpinfer._native")
    assert spec is not None
    assert spec.origin is not None
    shown = check_wheel.exported_functions(Path(spec.origin).read_bytes())
    assert "PyInit__native" in shown
    assert [name for name in shown if not check_wheel.EXPORTS.fullmatch(name)] == []


def test_exported_functions_are_named(tmp_path: Path) -> None:
    source, library = tmp_path / "a.c", tmp_path / "hpinfer" / "_native.cpython-311.so"
    library.parent.mkdir()
    source.write_text("int helper(void) { return 1; }\nstatic int own(void) { return 2; }\n")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    assert check_wheel.exported_functions(library.read_bytes()) == ["helper"]
    wheel = write_wheel(tmp_path / "a.whl", {"hpinfer/_native.so": library.read_bytes()})
    assert "hpinfer/_native.so exports helper" in list(check_wheel.faults(wheel))


def write_wheel(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_faults_of_a_bad_wheel_are_named(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(check_wheel, "MAX_BYTES", 100)
    files = {
        "hpinfer/__init__.py": b"",
        "hpinfer/libonnxruntime.so.1": b"",
        "hpinfer/model.onnx": b"",
        "hpinfer/__pycache__/a.pyc": b"",
        "hpinfer/_native.cpython-311-x86_64-linux-gnu.so": tiny_elf("libgomp.so.1", "libc.so.6"),
    }
    found = "\n".join(check_wheel.faults(write_wheel(tmp_path / "a.whl", files)))
    assert "bytes; at most 100" in found
    assert r"no file matches hpinfer/py\.typed" in found
    assert "LICENSE" in found
    assert "model.onnx does not belong" in found
    assert "libonnxruntime.so.1 does not belong" in found
    assert "a.pyc does not belong" in found
    assert "links libgomp.so.1" in found
    assert "links libc.so.6" not in found
    assert r"no file matches hpinfer/_native\.[" not in found


def test_main_reports_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_wheel(tmp_path / "empty.whl", {})
    assert check_wheel.main([str(path)]) == 1
    assert all(line.startswith("empty.whl: ") for line in capsys.readouterr().out.splitlines())


def test_a_file_that_is_no_elf_is_refused() -> None:
    with pytest.raises(ValueError, match="ELF"):
        check_wheel.needed_libraries(b"PK\x03\x04")


def tiny_elf(*libraries: str) -> bytes:
    """The least that has NEEDED entries: a header, a load and a dynamic segment, strings."""
    strings = b"\0" + b"".join(name.encode() + b"\0" for name in libraries)
    starts = [strings.index(name.encode() + b"\0") for name in libraries]
    base, headers, dynamic_at = 0x1000, 64, 64 + 2 * 56
    entries = [(1, start) for start in starts]
    strings_at = dynamic_at + 16 * (len(entries) + 2)
    entries += [(5, base + strings_at), (0, 0)]
    dynamic = b"".join(struct.pack("<qQ", *entry) for entry in entries)
    size = strings_at + len(strings)
    load = struct.pack("<IIQQQQQQ", 1, 4, 0, base, base, size, size, 4096)
    place = (dynamic_at, base + dynamic_at, base + dynamic_at, len(dynamic), len(dynamic), 8)
    segment = struct.pack("<IIQQQQQQ", 2, 4, *place)
    identity = b"\x7fELF\x02\x01\x01" + bytes(9)
    counts = (0, headers, 56, 2, 64, 0, 0)
    header = identity + struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, headers, 0, *counts)
    return header + load + segment + dynamic + strings

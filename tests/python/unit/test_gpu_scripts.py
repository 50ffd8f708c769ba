"""The parts of scripts/pack_gpu and scripts/test_gpu that need no GPU."""

import lzma
import struct
import tarfile
import zipfile
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from io import BytesIO
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"


def script(name):
    loader = SourceFileLoader(name, str(SCRIPTS / name))
    module = module_from_spec(spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


@pytest.fixture
def pack_gpu(monkeypatch):
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    return script("pack_gpu")


def fat_binary(*codes):
    """A fat binary of entries (architecture, code), as nvcc writes them."""
    entries = b""
    for architecture, code in codes:
        header = struct.pack("<HHIQ", 2, 1, 64, len(code)) + bytes(12)
        entries += header + struct.pack("<I", architecture) + bytes(32) + code
    return struct.pack("<IHHQ", 0xBA55ED50, 1, 16, len(entries)) + entries


def test_code_of_other_architectures_becomes_zeros(pack_gpu):
    magic_by_chance = struct.pack("<I", 0xBA55ED50) + b"no header"
    library = bytearray(
        b"elf"
        + fat_binary((80, b"eighty"), (90, b"ninety!!"))
        + magic_by_chance
        + fat_binary((90, b"more"), (120, b"new"))
        + b"end"
    )
    size = len(library)
    assert pack_gpu.keep_architecture(library, 90) == (12, 9)
    assert len(library) == size
    assert b"ninety!!" in library
    assert b"more" in library
    assert b"eighty" not in library
    assert b"new" not in library
    assert library.endswith(b"end")
    with pytest.raises(SystemExit, match="no code for architecture 75"):
        pack_gpu.keep_architecture(library, 75)


def test_everything_is_packed_in_parts(pack_gpu, tmp_path, monkeypatch):
    wheel = tmp_path / "onnxruntime_gpu.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name in ("libonnxruntime.so.1.31.1", "libonnxruntime_providers_shared.so", "other.so"):
            archive.writestr(f"onnxruntime/capi/{name}", name)
        cuda = "onnxruntime/capi/libonnxruntime_providers_cuda.so"
        archive.writestr(cuda, fat_binary((90, b"code"), (80, b"old")))
    for name in pack_gpu.MODELS:
        folder = tmp_path / "models" / name
        folder.mkdir(parents=True)
        (folder / "inference.onnx").write_bytes(name.encode() * 99)
        (folder / "inference.yml").write_text("Global: {}")
    images = tmp_path / "images"
    images.mkdir()
    (images / "page.png").write_bytes(b"picture")
    (images / "MANIFEST.csv").write_text("no picture")
    packages = tmp_path / "packages"
    packages.mkdir()
    (packages / "some-1.whl").write_bytes(b"wheel")
    out = tmp_path / "out"
    options = {"--wheel": wheel, "--models": tmp_path / "models", "--images": images}
    options |= {"--packages": packages, "--out": out}
    words = [str(word) for pair in options.items() for word in pair]
    monkeypatch.setattr("sys.argv", ["pack_gpu", *words])
    assert pack_gpu.main() == 0
    parts = sorted(out.glob("part*/payload.*"))
    content = lzma.decompress(b"".join(part.read_bytes() for part in parts))
    with tarfile.open(fileobj=BytesIO(content)) as archive:
        names = set(archive.getnames())
    assert {
        "onnxruntime/libonnxruntime.so.1.31.1",
        "onnxruntime/libonnxruntime_providers_cuda.so",
        "models/PP-OCRv6_small_rec/inference.yml",
        "images/page.png",
        "packages/some-1.whl",
    } <= names
    assert not {"onnxruntime/other.so", "images/MANIFEST.csv"} & names


def test_a_large_archive_is_cut(pack_gpu, tmp_path):
    out = tmp_path / "out"
    pack_gpu.write_parts(b"0123456789", out, 4)
    pieces = [path.read_bytes() for path in sorted(out.glob("part*/payload.*"))]
    assert pieces == [b"0123", b"4567", b"89"]


def test_the_report_names_what_was_not_run(monkeypatch):
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    text = script("test_gpu").markdown(
        {
            "machine": {"gpu": "none"},
            "steps": {
                "cuda_test": {"status": 77, "seconds": 0.1},
                "measure": {"status": 1, "seconds": 2.0},
            },
            "bandwidth": {"copy": {"gb_per_s": 4000.4, "of_copy": 1.0}},
            "measured": {"memory": {"flat": True}},
        }
    )
    assert "| cuda_test | not run | 0.1 |" in text
    assert "| measure | failed (1) | 2.0 |" in text
    assert "| copy | 4000 | 1.00 |" in text
    assert 'memory: `{"flat": true}`' in text

"""Damaged and missing inputs on the command line, read by the real readers."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import hpinfer
from hpinfer.cli.root import root
from hpinfer.io import InputFailure, iter_images
from hpinfer.results import OCRResult


class SizePipeline:
    """Reads the size of each picture."""

    def predict(self, input, *, on_error):
        for item in iter_images(input, on_error=on_error):
            if isinstance(item, InputFailure):
                yield item
                continue
            polygon = np.zeros((4, 2), np.int16)
            yield OCRResult(
                image=item.bgr,
                input_path=item.input_path,
                page_index=item.page_index,
                name=item.name,
                dt_polys=[polygon],
                rec_texts=[f"{item.bgr.shape[1]}x{item.bgr.shape[0]}"],
                rec_scores=[1.0],
                rec_polys=[polygon],
                rec_boxes=np.zeros((1, 4), np.int16),
            )


def encoded(kind, size=(30, 20), **options):
    stream = io.BytesIO()
    Image.effect_noise(size, 80).convert("RGB").save(stream, kind, **options)
    return stream.getvalue()


def huge_png():
    header = b"IHDR" + struct.pack(">IIBBBBB", 30000, 30000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + chunk


BAD_FILES = {
    "truncated.jpg": encoded("JPEG", (200, 200))[:2000],
    "empty.png": b"",
    "text.png": b"hello, I am text\n",
    "huge.png": huge_png(),
    "broken.pdf": b"%PDF-1.4\nnothing more",
}


@pytest.fixture
def run(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name, content in BAD_FILES.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "good.png").write_bytes(encoded("PNG"))
    (tmp_path / "nothing").mkdir()
    monkeypatch.setattr(hpinfer, "create_pipeline", lambda *_, **__: SizePipeline(), raising=False)
    return lambda *args, **kwargs: CliRunner().invoke(root, ["ocr", *args], **kwargs)


@pytest.mark.parametrize("name", [*BAD_FILES, "missing.png", "nothing", "no*.png"])
def test_a_bad_input_is_one_line_with_its_name_and_leaves_nothing(run, tmp_path, name):
    got = run(name, "-o", "out")
    assert (got.exit_code, got.stdout) == (3, "")
    assert got.stderr.startswith("hpinfer: error: ")
    assert got.stderr.count("\n") == 1
    assert name in got.stderr
    assert not (tmp_path / "out").exists()


def test_the_good_file_among_bad_ones_is_read(run, tmp_path):
    got = run(*BAD_FILES, "good.png", "-o", "out", "--format", "jsonl")
    assert got.exit_code == 3
    assert got.stdout.count("\n") == 1
    assert '"rec_texts": ["30x20"]' in got.stdout
    assert len(got.stderr.splitlines()) == len(BAD_FILES) + 1
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["good_ocr_res_img.png", "good_res.json"]


def test_a_directory_is_read_whole(run):
    got = run(".", "--format", "csv")
    assert got.exit_code == 3
    assert [line.split(",")[3] for line in got.stdout.splitlines()] == ["text", "30x20"]


def test_standard_input(run):
    assert run("-", input=encoded("JPEG")).stdout == "30x20\n"
    pages = encoded("TIFF", save_all=True, append_images=[Image.new("RGB", (5, 6))])
    titled = run("-", input=pages)
    assert titled.stdout == (
        "==> standard input (page 1) <==\n30x20\n\n==> standard input (page 2) <==\n5x6\n"
    )


@pytest.mark.parametrize("content", [b"", b"just text"])
def test_bad_standard_input(run, content):
    got = run("-", input=content)
    assert got.exit_code == 3
    assert got.stderr.startswith("hpinfer: error: standard input")
    assert "input_0" not in got.stderr

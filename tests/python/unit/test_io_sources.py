"""Every accepted input becomes a lazy stream of images, and failures can be part of it."""

from __future__ import annotations

import http.server
import io
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pypdfium2  # type: ignore[import-untyped]
import pytest
from PIL import Image

from hpinfer.errors import (
    ConfigError,
    HpinferError,
    InputNotFoundError,
    InvalidImageError,
    InvalidInputError,
    InvalidTypeError,
)
from hpinfer.io import InputFailure, InputImage, iter_images

if TYPE_CHECKING:
    from collections.abc import Iterator


def solid(value: int, height: int = 4, width: int = 6) -> np.ndarray[Any, Any]:
    return np.full((height, width, 3), value, np.uint8)


def encoded(value: int = 9, image_format: str = "PNG", **options: Any) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(solid(value)).save(stream, image_format, **options)
    return stream.getvalue()


def pdf_bytes(*sizes: tuple[float, float]) -> bytes:
    document = pypdfium2.PdfDocument.new()
    for width, height in sizes:
        document.new_page(width, height).close()
    stream = io.BytesIO()
    document.save(stream)
    document.close()
    return stream.getvalue()


def drawn_pdf() -> bytes:
    """A page of 20x10 points whose left half is pure red, written by hand."""
    content = b"1 0 0 rg 0 0 10 10 re f"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 20 10] /Contents 4 0 R >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
    ]
    data, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    xref = len(data)
    data += b"xref\n0 5\n0000000000 65535 f \n"
    data += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return data + b"trailer << /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % xref


def only(source: object) -> InputImage:
    images = list(iter_images(source))
    assert len(images) == 1
    return images[0]


def errors(source: object) -> list[HpinferError]:
    return [
        item.error
        for item in iter_images(source, on_error="yield")
        if isinstance(item, InputFailure)
    ]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for index, name in enumerate(["b.png", "a.PNG", "sub/c.jpg", "sub/deep/d.bmp"]):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(encoded(index, {"jpg": "JPEG", "bmp": "BMP"}.get(name[-3:], "PNG")))
    (tmp_path / "notes.txt").write_text("not an image")
    return tmp_path


def test_path_as_text_and_as_path(tree: Path) -> None:
    for source in (tree / "b.png", str(tree / "b.png")):
        image = only(source)
        assert image.input_path == str(tree / "b.png")
        assert (image.name, image.page_index, image.page_count) == ("b", None, None)
        np.testing.assert_array_equal(image.bgr, solid(0))


def test_the_content_decides_not_the_suffix(tmp_path: Path) -> None:
    (tmp_path / "picture.dat").write_bytes(encoded(3, "JPEG", quality=100))
    assert only(tmp_path / "picture.dat").bgr.shape == (4, 6, 3)
    (tmp_path / "text.png").write_text("hello")
    with pytest.raises(InvalidImageError, match=r"text\.png is not a readable image: found text"):
        only(tmp_path / "text.png")


def test_directory_is_recursive_and_sorted(tree: Path) -> None:
    assert [image.name for image in iter_images(tree)] == ["a", "b", "c", "d"]
    assert [image.name for image in iter_images(str(tree / "sub"))] == ["c", "d"]


def test_empty_directory_and_missing_path(tmp_path: Path) -> None:
    with pytest.raises(InputNotFoundError, match="holds no image or PDF"):
        only(tmp_path)
    with pytest.raises(InputNotFoundError, match=r"input .*nope\.png does not exist"):
        only(tmp_path / "nope.png")
    with pytest.raises(InputNotFoundError):
        only("")
    with pytest.raises(InputNotFoundError):
        only("a" * 5000)
    with pytest.raises(InputNotFoundError):
        only("zero\0byte.png")


def test_glob_patterns(tree: Path) -> None:
    assert [image.name for image in iter_images(f"{tree}/*")] == ["a", "b", "c", "d"]
    assert [image.name for image in iter_images(f"{tree}/**/*.[jb]*")] == ["c", "d"]
    with pytest.raises(InputNotFoundError, match="matches 1 names, none of them image"):
        only(f"{tree}/*.txt")
    with pytest.raises(InputNotFoundError, match="matches no image"):
        only(f"{tree}/x*.png")


def test_an_existing_name_with_magic_characters_is_a_path(tmp_path: Path) -> None:
    (tmp_path / "scan[1].png").write_bytes(encoded())
    assert only(str(tmp_path / "scan[1].png")).name == "scan[1]"


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, io.BytesIO])
def test_bytes_like_and_file_objects(kind: type[Any]) -> None:
    for data, pages in ((encoded(), None), (pdf_bytes((10, 10)), 1)):
        image = only(kind(data))
        assert image.input_path is None
        assert image.page_count == pages
        assert image.name.startswith("input_0")


def test_open_file_has_its_path_and_text_mode_is_refused(tree: Path) -> None:
    with (tree / "b.png").open("rb") as stream:
        image = only(stream)
    assert (image.input_path, image.name) == (str(tree / "b.png"), "b")
    with (tree / "notes.txt").open() as text, pytest.raises(InvalidTypeError, match="binary mode"):
        only(text)
    closed = io.BytesIO(b"")
    closed.close()
    with pytest.raises(InputNotFoundError, match="cannot be read"):
        only(closed)


def test_three_channel_array_is_never_copied() -> None:
    array = solid(5, 8, 8)
    assert only(array).bgr is array
    view = array[::2, 1:7]
    assert only(view).bgr is view


def test_grey_and_alpha_arrays() -> None:
    grey = np.arange(12, dtype=np.uint8).reshape(3, 4)
    expected = np.dstack([grey] * 3)
    np.testing.assert_array_equal(only(grey).bgr, expected)
    np.testing.assert_array_equal(only(grey[:, :, None]).bgr, expected)
    bgra = np.dstack([grey, grey + 1, grey + 2, grey * 0])
    np.testing.assert_array_equal(only(bgra).bgr, bgra[:, :, :3])


@pytest.mark.parametrize(
    ("array", "error", "words"),
    [
        (np.zeros((4, 4, 3), np.float32), InvalidTypeError, "float32, expected uint8"),
        (np.zeros((2, 4, 4, 3), np.uint8), InvalidInputError, r"pass list\(array\)"),
        (np.zeros((3, 4, 5), np.uint8), InvalidInputError, r"\(3, 4, 5\)"),
        (np.zeros(7, np.uint8), InvalidInputError, r"\(7,\)"),
        (np.zeros((0, 4, 3), np.uint8), InvalidInputError, "no pixels"),
    ],
)
def test_arrays_that_are_no_image(
    array: np.ndarray[Any, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        only(array)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "HSV"])
def test_pillow_images(mode: str) -> None:
    rng = np.random.default_rng(1)
    image = Image.fromarray(rng.integers(0, 256, (5, 7, 3), dtype=np.uint8)).convert(mode)
    expected = np.asarray(image.convert("RGB"))[:, :, ::-1]
    np.testing.assert_array_equal(only(image).bgr, expected)


def test_pillow_exif_is_left_alone_and_float_is_refused() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.open(io.BytesIO(encoded(1, "JPEG", exif=exif)))
    assert only(image).bgr.shape == (4, 6, 3)
    with pytest.raises(InvalidTypeError, match="mode F"):
        only(Image.new("F", (2, 2)))
    with pytest.raises(InvalidInputError, match="no pixels"):
        only(Image.new("RGB", (0, 2)))
    cut = Image.open(io.BytesIO(encoded(1, "BMP")[:-20]))
    with pytest.raises((InvalidTypeError, InvalidInputError)):
        only(cut)


def test_lists_and_generators_are_lazy(tree: Path) -> None:
    taken: list[int] = []

    def produce() -> Iterator[Any]:
        for index in range(3):
            taken.append(index)
            yield solid(index)

    stream = iter_images([str(tree / "b.png"), (produce(), encoded()), tree / "sub"])
    assert taken == []
    assert next(stream).name == "b"
    assert taken == []
    assert next(stream).name == "input_0"
    assert taken == [0]
    assert [image.name for image in stream] == ["input_1", "input_2", "input_3", "c", "d"]


def test_exceptions_of_the_callers_generator_pass_through() -> None:
    def produce() -> Iterator[Any]:
        yield solid(1)
        raise KeyError("theirs")

    stream = iter_images(produce(), on_error="yield")
    assert isinstance(next(stream), InputImage)
    with pytest.raises(KeyError, match="theirs"):
        next(stream)


def test_a_failing_item_does_not_stop_the_rest(tree: Path) -> None:
    (tree / "c_empty.png").write_bytes(b"")
    results = list(iter_images([tree, "missing.png", 3, solid(1)], on_error="yield"))
    failures = [item for item in results if isinstance(item, InputFailure)]
    assert [failure.name for failure in failures] == ["c_empty", "missing", "input_0"]
    assert failures[0].input_path == str(tree / "c_empty.png")
    assert [type(failure.error) for failure in failures] == [
        InvalidImageError,
        InputNotFoundError,
        InvalidTypeError,
    ]
    assert len(results) == 8
    assert isinstance(results[-1], InputImage)
    with pytest.raises(InvalidImageError, match=r"c_empty\.png .*empty \(0 bytes\)"):
        list(iter_images(tree))


def test_bad_on_error_is_refused_at_once() -> None:
    with pytest.raises(ConfigError, match="on_error='ignore'"):
        iter_images([], on_error="ignore")  # type: ignore[call-overload]


@pytest.mark.parametrize("value", [None, 3, {"a": 1}, object()])
def test_other_types(value: object) -> None:
    with pytest.raises(InvalidTypeError, match=type(value).__name__):
        only(value)


def test_tiff_pages(tmp_path: Path) -> None:
    pages = [Image.fromarray(solid(value)) for value in (10, 20, 30)]
    pages[0].save(tmp_path / "fax.tif", save_all=True, append_images=pages[1:])
    images = list(iter_images(tmp_path / "fax.tif"))
    assert [image.bgr[0, 0, 0] for image in images] == [10, 20, 30]
    assert [image.page_index for image in images] == [0, 1, 2]
    assert {image.page_count for image in images} == {3}
    assert [image.name for image in images] == ["fax_0", "fax_1", "fax_2"]


def test_one_oversized_tiff_page_does_not_hide_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = [Image.fromarray(solid(1, h, 5)) for h in (5, 50, 5)]
    pages[0].save(tmp_path / "fax.tif", save_all=True, append_images=pages[1:])
    monkeypatch.setenv("HPINFER_MAX_PIXELS", "100")
    results = list(iter_images(tmp_path / "fax.tif", on_error="yield"))
    assert [isinstance(item, InputFailure) for item in results] == [False, True, False]
    assert results[1].page_index == 1
    with pytest.raises(InvalidImageError, match=r"page 1 of .*5x50"):
        list(iter_images(tmp_path / "fax.tif"))


def test_pdf_pages_are_rendered_at_twice_72_dpi(tmp_path: Path) -> None:
    (tmp_path / "doc.pdf").write_bytes(pdf_bytes((30, 20), (10, 40)))
    for source in (tmp_path / "doc.pdf", (tmp_path / "doc.pdf").read_bytes()):
        images = list(iter_images(source))
        assert [image.bgr.shape for image in images] == [(40, 60, 3), (80, 20, 3)]
        assert [(image.page_index, image.page_count) for image in images] == [(0, 2), (1, 2)]
        assert all((image.bgr == 255).all() for image in images)
        assert all(image.bgr.flags.owndata for image in images)
    assert [image.name for image in iter_images(tmp_path / "doc.pdf")] == ["doc_0", "doc_1"]


def test_pdf_colours_are_blue_first() -> None:
    bgr = only(drawn_pdf()).bgr
    assert bgr.shape == (20, 40, 3)
    np.testing.assert_array_equal(bgr[:, :18], np.broadcast_to([0, 0, 255], (20, 18, 3)))
    np.testing.assert_array_equal(bgr[:, 22:], np.full((20, 18, 3), 255))


def test_pdf_scale_and_pixel_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    data = pdf_bytes((100, 50))
    monkeypatch.setenv("HPINFER_PDF_SCALE", "1")
    assert only(data).bgr.shape == (50, 100, 3)
    monkeypatch.setenv("HPINFER_MAX_PIXELS", "1000")
    height, width, _ = only(data).bgr.shape
    assert 500 < height * width <= 1000
    monkeypatch.setenv("HPINFER_MAX_PIXELS", "20")
    with pytest.raises(InvalidImageError, match=r"page 0 .*100x50 points"):
        only(data)


def test_broken_and_empty_pdf(tmp_path: Path) -> None:
    (tmp_path / "bad.pdf").write_bytes(b"%PDF-1.7\nnothing here")
    with pytest.raises(InvalidImageError, match=r"bad\.pdf is not a readable PDF") as caught:
        only(tmp_path / "bad.pdf")
    assert "\n" not in str(caught.value)
    with pytest.raises(InvalidImageError, match=r"not a readable PDF|without pages"):
        only(pdf_bytes())


def test_pdfs_from_many_threads() -> None:
    data = drawn_pdf()
    expected = only(data).bgr
    wrong: list[Any] = []

    def work() -> None:
        for _ in range(10):
            if not np.array_equal(only(data).bgr, expected):
                wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


class Server(http.server.BaseHTTPRequestHandler):
    """Serves an image, an endless stream, a short body, redirects and errors."""

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        if path in ("/red", "/file"):
            self.send_response(302)
            self.send_header("Location", "/img.png" if path == "/red" else "file:///etc/hostname")
            self.end_headers()
        elif path == "/gone":
            self.send_error(404)
        else:
            body = {"/doc": drawn_pdf(), "/long": bytes(5000)}.get(path, encoded(7))
            self.send_response(200)
            if path != "/long":
                declared = len(body) + (50 if path == "/short.png" else 0)
                self.send_header("Content-Length", str(declared))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Keep the test output clean."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("HPINFER_OFFLINE", raising=False)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()
        thread.join()


def test_urls(server: str) -> None:
    image = only(f"{server}/dir/my%20img.png?key=1")
    assert image.input_path == f"{server}/dir/my%20img.png?key=1"
    assert image.name == "my img"
    np.testing.assert_array_equal(image.bgr, solid(7))
    assert only(f"{server}/red").bgr.shape == (4, 6, 3)
    assert only(f"{server}/doc").page_count == 1


def test_url_failures(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputNotFoundError, match="HTTP 404"):
        only(f"{server}/gone")
    with pytest.raises(InputNotFoundError, match="ended after"):
        only(f"{server}/short.png")
    with pytest.raises(InputNotFoundError, match="cannot be fetched"):
        only(f"{server}/file")
    with pytest.raises(InvalidInputError, match="not a valid address"):
        only("http://127.0.0.1:port/a.png")
    monkeypatch.setenv("HPINFER_URL_MAX_BYTES", "60")
    with pytest.raises(InvalidInputError, match="larger than 60 bytes"):
        only(f"{server}/img.png")
    with pytest.raises(InvalidInputError, match="larger than 60 bytes"):
        only(f"{server}/long")
    monkeypatch.setenv("HPINFER_OFFLINE", "1")
    assert "HPINFER_OFFLINE" in str(errors(f"{server}/img.png")[0])


def test_importing_the_package_loads_no_decoder() -> None:
    import subprocess

    code = (
        "import sys, hpinfer.io, hpinfer.hub\n"
        "heavy = {'numpy', 'cv2', 'PIL', 'pypdfium2', 'yaml', 'urllib.request', 'filelock'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(Path(sys.modules["hpinfer.io"].__path__[0]).parents[1])},
    )
    assert done.stdout.strip() == "[]"

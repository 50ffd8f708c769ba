"""Both decoders give what cv2.imdecode gives, and refuse what is broken, before allocating."""

from __future__ import annotations

import io
import os
import struct
import tracemalloc
import warnings
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from PIL import Image

from hpinfer.errors import InvalidImageError
from hpinfer.io import decode_image

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hpinfer.io.decode import Decoder

DECODERS = ("opencv", "pillow")


def picture(height: int = 37, width: int = 53, channels: int = 3) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(height * 1000 + width)
    ramp = np.linspace(0, 170, width)[None, :, None] + np.linspace(0, 60, height)[:, None, None]
    noise = rng.integers(0, 25, (height, width, channels))
    return (ramp + noise).astype(np.uint8)


def saved(image: Image.Image, image_format: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, image_format, **options)
    return stream.getvalue()


def cv_encoded(suffix: str, array: np.ndarray[Any, Any]) -> bytes:
    ok, data = cv2.imencode(suffix, array)
    assert ok
    return bytes(data)


def corpus() -> Iterator[tuple[str, bytes]]:
    colour = Image.fromarray(picture())
    for subsampling in (0, 1, 2):
        for progressive in (False, True):
            options = {"subsampling": subsampling, "progressive": progressive, "quality": 83}
            yield f"jpeg-{subsampling}-{progressive}", saved(colour, "JPEG", **options)
    yield "jpeg-grey", saved(colour.convert("L"), "JPEG")
    yield "jpeg-cmyk", saved(colour.convert("CMYK"), "JPEG", quality=90)
    yield "jpeg-restart", saved(colour, "JPEG", restart_marker_blocks=3)
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA"):
        yield f"png-{mode}", saved(colour.convert(mode), "PNG")
    for bits in (1, 2, 4):
        yield f"png-P{bits}", saved(colour.quantize(2**bits), "PNG", bits=bits)
    palette = colour.quantize(16)
    yield "png-P-transparent", saved(palette, "PNG", transparency=bytes(range(16)))
    yield "png-L-transparent", saved(colour.convert("L"), "PNG", transparency=7)
    for channels in (1, 3, 4):
        wide = picture(channels=channels).astype(np.uint16) * 257 + 91
        yield f"png-16x{channels}", cv_encoded(".png", wide)
    for mode in ("1", "L", "P", "RGB", "RGBA"):
        yield f"bmp-{mode}", saved(colour.convert(mode), "BMP")
    for mode in ("RGB", "RGBA"):
        yield f"webp-{mode}", saved(colour.convert(mode), "WEBP", quality=80)
        yield f"webp-lossless-{mode}", saved(colour.convert(mode), "WEBP", lossless=True)
    for suffix, channels in ((".ppm", 3), (".pgm", 1), (".pbm", 1), (".ras", 3)):
        yield f"cv{suffix}", cv_encoded(suffix, picture(channels=channels))
    yield "cv-16.pgm", cv_encoded(".pgm", picture(channels=1).astype(np.uint16) * 257)
    yield "png-1x1", saved(Image.fromarray(picture(1, 1)), "PNG")


CORPUS = dict(corpus())


def reference(data: bytes) -> np.ndarray[Any, Any]:
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    return decoded


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("kind", CORPUS)
def test_equal_to_imdecode(kind: str, decoder: Decoder) -> None:
    pixels = decode_image(CORPUS[kind], decoder=decoder)
    assert pixels.dtype == np.uint8
    assert pixels.flags.c_contiguous
    assert pixels.flags.writeable
    np.testing.assert_array_equal(pixels, reference(CORPUS[kind]))


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(9))
def test_exif_orientation(orientation: int, image_format: str, decoder: Decoder) -> None:
    exif = Image.Exif()
    exif[0x010E] = "a description before it"
    exif[0x0112] = orientation
    data = saved(Image.fromarray(picture()), image_format, exif=exif)
    pixels = decode_image(data, decoder=decoder)
    assert pixels.shape == ((53, 37, 3) if orientation >= 5 else (37, 53, 3))
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    stored = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    assert stored is not None
    upright = {
        2: stored[:, ::-1],
        3: stored[::-1, ::-1],
        4: stored[::-1],
        5: stored.transpose(1, 0, 2),
        6: np.rot90(stored, -1),
        7: stored[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(stored),
    }
    np.testing.assert_array_equal(pixels, upright.get(orientation, stored))
    if image_format == "JPEG":  # what other formats do differs between OpenCV releases
        np.testing.assert_array_equal(pixels, reference(data))


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_deflate"])
def test_tiff_equals_imdecode(mode: str, compression: str | None) -> None:
    data = saved(Image.fromarray(picture()).convert(mode), "TIFF", compression=compression)
    np.testing.assert_array_equal(decode_image(data), reference(data))


def test_tiff_16_bit_grey_equals_imdecode() -> None:
    data = cv_encoded(".tiff", picture(channels=1).astype(np.uint16) * 257 + 91)
    np.testing.assert_array_equal(decode_image(data), reference(data))


def test_alpha_is_dropped_not_blended() -> None:
    rgba = picture(channels=4)
    rgba[:, :, 3] = 0
    for image_format in ("PNG", "TIFF"):
        pixels = decode_image(saved(Image.fromarray(rgba), image_format))
        np.testing.assert_array_equal(pixels, rgba[:, :, 2::-1])


def test_tiff_orientation_tag() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = saved(Image.fromarray(picture()), "TIFF", exif=exif)
    np.testing.assert_array_equal(decode_image(data), reference(data))


@pytest.mark.parametrize("decoder", DECODERS)
def test_real_images(decoder: Decoder) -> None:
    folder = os.environ.get("HPINFER_TEST_IMAGES")
    if not folder:
        pytest.skip("HPINFER_TEST_IMAGES names no directory")
    files = [f for f in Path(folder).iterdir() if f.suffix in (".jpg", ".png")]
    assert files
    for file in files:
        data = file.read_bytes()
        pixels = decode_image(data, decoder=decoder)
        np.testing.assert_array_equal(pixels, reference(data), err_msg=file.name)


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9, 0.99])
@pytest.mark.parametrize(
    "kind", ["jpeg-2-False", "jpeg-2-True", "jpeg-grey", "png-RGB", "webp-RGB", "bmp-RGB", "cv.ppm"]
)
def test_truncated_files_are_errors(kind: str, share: float, decoder: Decoder) -> None:
    data = CORPUS[kind][: int(len(CORPUS[kind]) * share)]
    with pytest.raises(InvalidImageError, match=r"scan\.x") as caught:
        decode_image(data, name="scan.x", decoder=decoder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("decoder", DECODERS)
def test_jpeg_without_only_its_end_marker(decoder: Decoder) -> None:
    data = CORPUS["jpeg-2-False"]
    assert data.endswith(b"\xff\xd9")
    with pytest.raises(InvalidImageError, match="truncated: the end of the JPEG data is missing"):
        decode_image(data[:-2], decoder=decoder)


def test_end_marker_of_a_thumbnail_does_not_hide_truncation() -> None:
    thumbnail = CORPUS["jpeg-grey"]
    assert b"\xff\xd9" in thumbnail
    segment = b"\xff\xe2" + struct.pack(">H", len(thumbnail) + 2) + thumbnail
    whole = CORPUS["jpeg-2-False"]
    data = whole[:2] + segment + whole[2:]
    np.testing.assert_array_equal(decode_image(data), reference(whole))
    with pytest.raises(InvalidImageError, match="truncated"):
        decode_image(data[:-40])


def test_bytes_after_the_end_are_ignored() -> None:
    for kind in ("jpeg-2-False", "png-RGB"):
        pixels = decode_image(CORPUS[kind] + b"\0garbage\xff")
        np.testing.assert_array_equal(pixels, reference(CORPUS[kind]))


def png_header(width: int, height: int, *, whole: bool) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    rest = chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + head + (rest if whole else b"")


@pytest.mark.parametrize("whole", [True, False])
def test_huge_png_header_is_refused_without_allocation(whole: bool) -> None:
    data = png_header(30_000, 30_000, whole=whole)
    tracemalloc.start()
    try:
        with pytest.raises(InvalidImageError, match=r"big\.png is 30000x30000 pixels.*178956970"):
            decode_image(data, name="big.png")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000


def huge_headers() -> dict[str, bytes]:
    size = 30_000
    sof = b"\xff\xc0" + struct.pack(">HBHHB", 17, 8, size, size, 3) + b"\x01\x11\0" * 3
    vp8x = b"VP8X" + struct.pack("<I", 10) + b"\0" * 4 + (size - 1).to_bytes(3, "little") * 2
    return {
        "jpeg": b"\xff\xd8" + sof + b"\xff\xd9",
        "bmp": b"BM" + b"\0" * 12 + struct.pack("<IiiHH", 40, size, -size, 1, 24) + b"\0" * 30,
        "ppm": f"P6\n# {'c' * 40}\n{size} {size}\n255\n".encode(),
        "ras": b"\x59\xa6\x6a\x95" + struct.pack(">7I", size, size, 24, 0, 1, 0, 0),
        "webp": b"RIFF" + struct.pack("<I", 4 + len(vp8x)) + b"WEBP" + vp8x,
        "webp lossless": b"RIFF\x18\0\0\0WEBPVP8L"
        + struct.pack("<IBI", 12, 0x2F, 16_383 | 16_383 << 14)
        + b"\0" * 7,
    }


@pytest.mark.parametrize("kind", huge_headers())
def test_every_format_is_limited_by_its_header(kind: str) -> None:
    with pytest.raises(InvalidImageError, match=r"more than the limit of"):
        decode_image(huge_headers()[kind])


def test_huge_tiff_is_refused() -> None:
    small = saved(Image.fromarray(picture(10, 10)), "TIFF")
    data = small
    for tag in (256, 257):  # width and height, as one LONG each
        old = struct.pack("<HHII", tag, 4, 1, 10)
        assert data.count(old) == 1
        data = data.replace(old, struct.pack("<HHII", tag, 4, 1, 30_000))
    with pytest.raises(InvalidImageError, match="page 0 of t is 30000x30000"):
        decode_image(data, name="t")


def test_limit_is_inclusive_and_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    data = CORPUS["png-RGB"]
    monkeypatch.setenv("HPINFER_MAX_PIXELS", str(37 * 53))
    assert decode_image(data).shape == (37, 53, 3)
    monkeypatch.setenv("HPINFER_MAX_PIXELS", str(37 * 53 - 1))
    with pytest.raises(InvalidImageError, match="HPINFER_MAX_PIXELS"):
        decode_image(data)
    assert decode_image(data, max_pixels=37 * 53).shape == (37, 53, 3)


@pytest.mark.parametrize("image_format", ["PNG", "TIFF", "WEBP"])
def test_size_warnings_of_pillow_stay_inside(
    image_format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = saved(Image.fromarray(picture()), image_format)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 37 * 53 - 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert decode_image(data, decoder="pillow").shape == (37, 53, 3)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", "empty"),
        ("just some wörds\n".encode() * 50, "found text"),
        (b"<!DOCTYPE html><html></html>", "found markup text"),
        (b"<svg xmlns='x'/>", "found markup text"),
        (b"GIF89a" + b"\0" * 20, "found a GIF image"),
        (b"PK\x03\x04" + b"\0" * 20, "found a zip archive"),
        (b"\0\0\0\x20ftypheic" + b"\0" * 20, "HEIC"),
        (b"%PDF-1.7\n", "found a PDF document"),
        (b"BM is how this text starts, and it goes on for quite a while yet", "found text"),
        (b"P5 is how this text starts", "found text"),
        (bytes(range(7, 60)), "unknown data starting with 07 08 09"),
        (b"\x89PNG\r\n\x1a\n", "PNG header is truncated"),
        (b"\xff\xd8\xff", "JPEG header is truncated"),
        (b"\xff\xd8\xff\xd9", "0x0"),
        (b"BM" + b"\0" * 12 + struct.pack("<Iii", 40, -5, 5) + b"\0" * 30, "-5x5"),
        (b"II*\0", "not a readable TIFF"),
    ],
)
def test_other_content_is_named(data: bytes, found: str) -> None:
    with pytest.raises(InvalidImageError, match=found) as caught:
        decode_image(data, name="a.png")
    assert str(caught.value).startswith("a.png ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("decoder", DECODERS)
def test_corrupted_content_is_an_error(decoder: Decoder) -> None:
    data = bytearray(CORPUS["png-RGB"])
    start = data.index(b"IDAT") + 4
    data[start : start + 60] = bytes(60)
    with pytest.raises(InvalidImageError, match=r"a\.png cannot be decoded \(PNG, 53x37\)"):
        decode_image(bytes(data), name="a.png", decoder=decoder)


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's own about the damage
@pytest.mark.parametrize("kind", ["jpeg-2-False", "png-P", "webp-RGB", "bmp-P", "cv.ppm", "tiff"])
def test_damaged_bytes_give_pixels_or_a_typed_error(kind: str) -> None:
    whole = CORPUS.get(kind) or saved(Image.fromarray(picture()), "TIFF", compression="tiff_lzw")
    rng = np.random.default_rng(7)
    for _ in range(150):
        data = bytearray(whole)
        for position in rng.integers(0, len(data), 4):
            data[position] = rng.integers(0, 256)
        try:
            pixels = decode_image(bytes(data), decoder="pillow", max_pixels=1_000_000)
        except InvalidImageError:
            continue
        assert pixels.ndim == 3


def test_without_opencv_pillow_decodes(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from hpinfer.io import decode

    monkeypatch.setitem(sys.modules, "cv2", None)
    decode._opencv.cache_clear()
    try:
        pixels = decode_image(CORPUS["jpeg-2-False"])
        with pytest.raises(InvalidImageError, match="cv2 cannot be imported"):
            decode_image(CORPUS["jpeg-2-False"], decoder="opencv")
    finally:
        decode._opencv.cache_clear()
    np.testing.assert_array_equal(pixels, reference(CORPUS["jpeg-2-False"]))

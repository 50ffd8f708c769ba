"""Damaged and made-up pictures: pixels or a typed error, in bounded time and memory."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import damaged
from outcomes import outcome
from picture_files import document, pictures

from hpinfer.errors import HpinferError, InvalidImageError
from hpinfer.io import InputFailure, InputImage, decode_image, iter_images

hostile = settings(settings.get_profile("hostile"))
PAGES = [document()]


@pytest.mark.parametrize("decoder", ["auto", "pillow"])
@pytest.mark.parametrize("kind", sorted(pictures()))
def test_damaged_pictures(kind, decoder):
    @hostile
    @given(data=damaged([pictures()[kind]]))
    def each(data):
        pixels = outcome(
            "decode_image",
            lambda: decode_image(data, max_pixels=4_000_000, decoder=decoder),
        )
        if not isinstance(pixels, HpinferError):
            assert pixels.dtype == np.uint8
            assert pixels.ndim == 3
            assert pixels.shape[2] == 3
            assert pixels.shape[0] * pixels.shape[1] <= 4_000_000

    each()


@hostile
@given(data=damaged([document()]))
def test_damaged_documents(data):
    for page in iter_images(
        b"%PDF-" + data if b"%PDF-" not in data[:1024] else data, on_error="yield"
    ):
        assert isinstance(page, (InputImage, InputFailure))


@hostile
@given(
    data=st.binary(max_size=300),
    head=st.sampled_from(
        [
            b"",
            b"\xff\xd8\xff",
            b"II*\0",
            b"BM",
            b"RIFF\0\0\0\0WEBP",
            b"P5 3 3 255 ",
            b"\x89PNG\r\n\x1a\n",
            b"\x59\xa6\x6a\x95",
            b"%PDF-1.7",
        ]
    ),
)
def test_made_up_bytes(data, head):
    outcome("iter_images of bytes", lambda: list(iter_images(head + data)))


def test_a_jpeg_with_two_sizes_is_judged_by_the_larger():
    """The one before the scan is what decoders allocate for, the one after it is for show."""
    plain = pictures()["jpeg"]
    start = plain.index(b"\xff\xc0")
    huge = bytearray(plain)
    huge[start + 5 : start + 9] = struct.pack(">HH", 60000, 60000)
    small = plain[start : start + 2 + struct.unpack(">H", plain[start + 2 : start + 4])[0]]
    with pytest.raises(InvalidImageError, match="60000x60000"):
        decode_image(bytes(huge[:-2]) + small + b"\xff\xd9")


def test_a_webp_whose_canvas_is_smaller_than_its_frame_is_judged_by_the_frame():
    plain = pictures()["webp"]
    frame = bytearray(plain[12:])
    frame[14:18] = struct.pack("<HH", 16000, 16000)
    canvas = b"VP8X" + struct.pack("<I", 10) + bytes(4) + b"\0\0\0" + b"\0\0\0"
    body = b"WEBP" + bytes(frame) + canvas
    with pytest.raises(InvalidImageError, match="16000x16000"):
        decode_image(b"RIFF" + struct.pack("<I", len(body)) + body)


def test_a_jpeg_of_thousands_of_scans_is_refused():
    """Each scan of a progressive picture is a pass over all of it, even if it holds nothing."""
    plain = pictures()["progressive jpeg"]
    scan = plain[plain.rindex(b"\xff\xda") : -2]
    with pytest.raises(InvalidImageError, match="200 scans"):
        decode_image(plain[:-2] + scan * 3000 + b"\xff\xd9")


def _tiff(entries: bytes, count: int, tail: bytes = b"") -> bytes:
    return b"II*\0" + struct.pack("<IH", 8, count) + entries + struct.pack("<I", 0) + tail


def test_a_tiff_that_names_its_bytes_again_and_again_is_refused():
    """One directory of 65 535 values, all of them the same megabyte: 64 GB for a decoder."""
    size = 1 << 20
    end = 8 + 2 + 65535 * 12 + 4
    entries = b"".join(struct.pack("<HHII", tag, 1, size, end) for tag in range(65535))
    with pytest.raises(InvalidImageError, match="more values than the file can hold"):
        decode_image(_tiff(entries, 65535, bytes(size)))


def test_tiff_directories_that_overlap_are_refused():
    """A directory at every fourth offset, each of thousands of entries: hours for a decoder."""
    length = 200_000
    data = bytearray(struct.pack("<H", 5000) * (length // 2))
    data[:8] = b"II*\0" + struct.pack("<I", 8)
    for index in range(1000):  # each directory ends in the offset of the next
        at = 8 + 4 * index
        struct.pack_into("<I", data, at + 2 + 5000 * 12, at + 4)
    with pytest.raises(InvalidImageError, match="overlap"):
        list(iter_images(bytes(data)))


def test_a_tile_larger_than_the_limit_is_refused():
    entries = [(256, 64), (257, 64), (258, 8), (259, 1), (262, 1), (277, 1)]
    entries += [(322, 65536), (323, 32768), (324, 8), (325, 4)]
    packed = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(entries))
    with pytest.raises(InvalidImageError, match=r"tile of page 0 .* 65536x32768"):
        decode_image(_tiff(packed, len(entries), bytes(64)))


def test_a_png_that_grows_a_thousandfold_is_judged_by_its_header():
    side = 20000
    rows = zlib.compress(bytes(1000 * 1000), 9)
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + check

    data = (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )
    with pytest.raises(InvalidImageError, match="limit of 178956970"):
        decode_image(data)

"""What bytes are: image format, size and orientation from the header, without decoding.

JPEG, PNG and WebP are also walked to their end marker, because decoders differ on truncated files:
some return the part they have, filled up with grey. The walk touches markers only (about 1 ms for
each MB of JPEG). Formats: ITU T.81, PNG (W3C), the WebP container specification, BMP, netpbm,
Sun raster, TIFF 6.0 for the Exif block.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import Literal, TypeAlias

ImageFormat: TypeAlias = Literal["JPEG", "PNG", "WebP", "BMP", "PNM", "Sun raster", "TIFF"]

_PNG = b"\x89PNG\r\n\x1a\n"
_RAS = b"\x59\xa6\x6a\x95"
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_PDF_SEARCH = 1024
_EXIF = b"Exif\0\0"

#: Progressive JPEGs have some ten. Each costs a pass over the whole picture, even an empty one.
_MAX_SCANS = 200

# Ends a JPEG scan: a marker that is neither a stuffed zero nor a restart marker.
_SCAN_END = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")
_PNM_HEADER = re.compile(rb"P([1-6])(?:\s|#[^\n]*\n)+(\d{1,9})(?:\s|#[^\n]*\n)+(\d{1,9})\s")
_OTHER_KINDS = (
    (b"GIF8", "a GIF image"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x1f\x8b", "gzip data"),
    (b"\x00\x00\x00\x0cjP", "a JPEG 2000 image"),
    (b"\xff\x0a", "a JPEG XL image"),
    (b"8BPS", "a Photoshop document"),
    (b"\x7fELF", "an ELF binary"),
)


class BadImage(Exception):
    """The bytes are not a usable image; the text says what was found."""


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """What the header of an image says.

    Attributes:
        format: The file format.
        width: Stored width in pixels, before orientation; 0 for TIFF, whose pages differ.
        height: Stored height in pixels, before orientation; 0 for TIFF.
        orientation: Exif orientation 1 to 8; 1 when absent or invalid.
        truncated: True when the end of a JPEG, PNG or WebP is missing.
    """

    format: ImageFormat
    width: int
    height: int
    orientation: int = 1
    truncated: bool = False


def is_pdf(data: bytes) -> bool:
    """Tell whether bytes are a PDF: readers accept its mark anywhere in the first kilobyte."""
    return b"%PDF-" in data[:_PDF_SEARCH]


def is_tiff(data: bytes) -> bool:
    """Tell whether bytes start as a TIFF does."""
    return data.startswith(_TIFF)


def probe(data: bytes) -> ImageHeader:
    """Read the header of an image and look whether the file is complete.

    Args:
        data: The whole file.

    Returns:
        Format, size and orientation.

    Raises:
        BadImage: Empty, cut within the header, of another kind, or without a size.
    """
    if not data:
        raise BadImage("it is empty (0 bytes)")
    try:
        header = _probe(data)
    except (struct.error, IndexError):
        raise BadImage(f"its {_format_name(data)} header is truncated") from None
    if header.format == "TIFF":
        return header
    if header.truncated and not (header.width and header.height):
        raise BadImage(f"its {header.format} header is truncated")
    if header.width <= 0 or header.height <= 0:
        raise BadImage(f"its {header.format} header says {header.width}x{header.height} pixels")
    return header


def describe(data: bytes) -> str:
    """Say in words what bytes look like, for errors."""
    for magic, words in _OTHER_KINDS:
        if data.startswith(magic):
            return words
    if data[4:8] == b"ftyp":
        return f"an ISO media file ({data[8:12].decode('latin-1')!r}: HEIC, AVIF or video)"
    head = data[:512]
    if is_pdf(data):
        return "a PDF document"
    if head.lstrip()[:5].lower() in (b"<html", b"<!doc", b"<?xml", b"<svg "):
        return "markup text"
    if _is_text(head):
        return "text"
    return f"unknown data starting with {data[:8].hex(' ')}"


def _probe(data: bytes) -> ImageHeader:
    name = _format_name(data)
    if name == "JPEG":
        return _jpeg(data)
    if name == "PNG":
        return _png(data)
    if name == "WebP":
        return _webp(data)
    if name == "BMP":
        return _bmp(data)
    if name == "PNM":
        return _pnm(data)
    if name == "Sun raster":
        width, height = struct.unpack_from(">II", data, 4)
        return ImageHeader("Sun raster", width, height)
    if name == "TIFF":
        return ImageHeader("TIFF", 0, 0)
    raise BadImage(f"found {describe(data)}")


def _format_name(data: bytes) -> ImageFormat | None:
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(_PNG):
        return "PNG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    if data.startswith(_TIFF):
        return "TIFF"
    if data.startswith(_RAS):
        return "Sun raster"
    if len(data) > 2 and data[:1] == b"P" and data[1:2] in b"123456" and data[2:3] in b" \t\r\n#":
        return "PNM"
    if data.startswith(b"BM") and not _is_text(data[:64]):
        return "BMP"
    return None


def _jpeg(data: bytes) -> ImageHeader:
    width = height = scans = 0
    orientation = 1
    position = 2
    while True:
        position = data.find(b"\xff", position)
        while 0 <= position < len(data) - 1 and data[position + 1] == 0xFF:
            position += 1
        if position < 0 or position >= len(data) - 1:
            return ImageHeader("JPEG", width, height, orientation, truncated=True)
        marker = data[position + 1]
        position += 2
        if marker == 0xD9:
            return ImageHeader("JPEG", width, height, orientation)
        if marker in (0x00, 0x01) or 0xD0 <= marker <= 0xD8:
            continue
        if position + 2 > len(data):
            return ImageHeader("JPEG", width, height, orientation, truncated=True)
        length = struct.unpack_from(">H", data, position)[0]
        body, position = position + 2, position + length
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            # The largest of several: decoders differ in which one they believe.
            rows, columns = struct.unpack_from(">HH", data, body + 1)
            if rows * columns >= width * height:
                width, height = columns, rows
        elif marker == 0xE1 and orientation == 1 and data.startswith(_EXIF, body):
            orientation = _exif_orientation(data[body + len(_EXIF) : position])
        elif marker == 0xDA:
            scans += 1
            if scans > _MAX_SCANS:
                raise BadImage(f"it is a JPEG of more than {_MAX_SCANS} scans, made to take long")
            end = _SCAN_END.search(data, position)
            position = end.end() - 2 if end else len(data)


def _png(data: bytes) -> ImageHeader:
    width, height = struct.unpack_from(">II", data, 16)
    orientation = 1
    position = len(_PNG)
    while position + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        if kind == b"IEND":
            return ImageHeader("PNG", width, height, orientation)
        if kind == b"eXIf":
            orientation = _exif_orientation(data[position + 8 : position + 8 + length])
        position += 12 + length
    return ImageHeader("PNG", width, height, orientation, truncated=True)


def _webp(data: bytes) -> ImageHeader:
    end = 8 + struct.unpack_from("<I", data, 4)[0]
    width = height = 0
    orientation = 1
    position = 12
    while position + 8 <= min(end, len(data)):
        kind, length = struct.unpack_from("<4sI", data, position)
        body = position + 8
        if kind in (b"VP8X", b"VP8 ", b"VP8L"):
            # The largest of canvas and frames: decoders differ in which one they believe.
            columns, rows = _webp_size(data, kind, body)
            if rows * columns > width * height:
                width, height = columns, rows
        elif kind == b"EXIF":
            blob = data[body : body + length]
            orientation = _exif_orientation(blob.removeprefix(_EXIF))
        position = body + length + (length & 1)
    return ImageHeader("WebP", width, height, orientation, truncated=end > len(data))


def _webp_size(data: bytes, kind: bytes, body: int) -> tuple[int, int]:
    if kind == b"VP8X":
        width, height = (int.from_bytes(data[body + at : body + at + 3], "little") for at in (4, 7))
        return 1 + width, 1 + height
    if kind == b"VP8 ":
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, body + 6))
        return width, height
    bits = struct.unpack_from("<I", data, body + 1)[0]
    return 1 + (bits & 0x3FFF), 1 + ((bits >> 14) & 0x3FFF)


def _bmp(data: bytes) -> ImageHeader:
    if struct.unpack_from("<I", data, 14)[0] == 12:
        width, height = struct.unpack_from("<HH", data, 18)
    else:
        width, height = struct.unpack_from("<ii", data, 18)
    return ImageHeader("BMP", width, abs(height))


def _pnm(data: bytes) -> ImageHeader:
    match = _PNM_HEADER.match(data)
    if match is None:
        raise BadImage(f"found {describe(data)}")
    return ImageHeader("PNM", int(match[2]), int(match[3]))


def _exif_orientation(blob: bytes) -> int:
    """Return tag 0x0112 of the first directory of an Exif block; 1 when absent or malformed."""
    order = {b"II": "<", b"MM": ">"}.get(blob[:2])
    if order is None:
        return 1
    try:
        offset = struct.unpack_from(order + "I", blob, 4)[0]
        count = struct.unpack_from(order + "H", blob, offset)[0]
        for index in range(count):
            entry = offset + 2 + 12 * index
            tag, kind = struct.unpack_from(order + "HH", blob, entry)
            if tag == 0x0112 and kind == 3:
                value = int(struct.unpack_from(order + "H", blob, entry + 8)[0])
                return value if 1 <= value <= 8 else 1
    except struct.error:
        return 1
    return 1


def _is_text(head: bytes) -> bool:
    """Tell whether the first bytes of a file read as text in UTF-8 or ASCII."""
    if not head or b"\0" in head:
        return False
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:
            return False
        text = head[: error.start].decode("utf-8")
    return all(char.isprintable() or char in "\t\r\n\f" for char in text)

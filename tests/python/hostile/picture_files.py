"""Small valid pictures and documents of every kind that is read."""

from __future__ import annotations

import functools
import io

import numpy as np
from PIL import Image


@functools.cache
def pictures() -> dict[str, bytes]:
    """Files by kind."""
    rows, columns = np.mgrid[0:33, 0:47]
    pixels = np.stack([rows * 7, columns * 5, rows * columns], axis=2).astype(np.uint8)
    colour = Image.fromarray(pixels)
    return {
        "jpeg": _saved(colour, "JPEG", quality=80),
        "progressive jpeg": _saved(colour, "JPEG", progressive=True),
        "cmyk jpeg": _saved(colour.convert("CMYK"), "JPEG"),
        "exif jpeg": _saved(colour, "JPEG", exif=_turned()),
        "png": _saved(colour, "PNG"),
        "palette png": _saved(colour.quantize(16), "PNG"),
        "grey png": _saved(colour.convert("L"), "PNG"),
        "alpha png": _saved(colour.convert("RGBA"), "PNG"),
        "webp": _saved(colour, "WEBP"),
        "lossless webp": _saved(colour, "WEBP", lossless=True),
        "bmp": _saved(colour, "BMP"),
        "ppm": _saved(colour, "PPM"),
        "pgm": _saved(colour.convert("L"), "PPM"),
        "sun": _sun(pixels),
        "tiff": _saved(colour, "TIFF"),
        "packed tiff": _saved(colour, "TIFF", compression="tiff_lzw"),
        "pages": _saved(
            colour, "TIFF", save_all=True, append_images=[colour.convert("L"), colour.convert("1")]
        ),
    }


@functools.cache
def document() -> bytes:
    """A PDF of two pages with a picture on each."""
    pixels = np.full((20, 30, 3), 200, np.uint8)
    page = Image.fromarray(pixels)
    return _saved(page, "PDF", save_all=True, append_images=[page])


def _turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif.tobytes()


def _saved(image: Image.Image, file_format: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, file_format, **options)
    return stream.getvalue()


def _sun(pixels: np.ndarray) -> bytes:
    height, width, _ = pixels.shape
    rows = np.pad(pixels[:, :, ::-1].reshape(height, -1), ((0, 0), (0, width % 2)))
    header = np.array([0x59A66A95, width, height, 24, rows.size, 1, 0, 0], ">u4").tobytes()
    return header + rows.tobytes()

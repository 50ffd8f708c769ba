"""Decoding with Pillow alone, to the pixels that OpenCV gives.

Equal to ``cv2.imdecode(…, IMREAD_COLOR)`` bit for bit: JPEG (grey, colour, CMYK, progressive), PNG
of every depth, BMP, WebP, Sun raster, 1- and 8-bit netpbm and 16-bit PGM with a maximum of 65535.
Not equal: netpbm with another maximum than 1, 255 or (grey) 65535, which Pillow scales and OpenCV
shifts. TIFF is always read here, as PaddleX does: 16-bit samples are cut to the high byte and alpha
is dropped, where OpenCV rounds 16-bit colour and premultiplies 8-bit alpha.

Plugins are called directly because ``Image.open`` has a pixel limit of its own, a process-wide
setting that is not ours to change; `decode.py` has applied the limit by then.
"""

from __future__ import annotations

import contextlib
import threading
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import numpy.typing as npt

    from hpinfer.io.sniff import ImageFormat


_WARNING_FILTERS = threading.Lock()


class DecodeError(Exception):
    """Pillow cannot decode the data; the text is its reason."""


def decode(data: bytes, image_format: ImageFormat) -> npt.NDArray[np.uint8]:
    """Decode an image file other than TIFF, ignoring its orientation.

    Args:
        data: The whole file.
        image_format: What `sniff.probe` found.

    Returns:
        uint8 [height, width, 3], blue first.

    Raises:
        DecodeError: The data is corrupted or of a kind that Pillow does not know.
    """
    from io import BytesIO

    with pillow_errors(), _plugin(image_format)(BytesIO(data)) as image:
        return to_bgr(image)


def open_tiff(data: bytes) -> Any:  # noqa: ANN401 - Pillow's image
    """Open a TIFF without decoding a page.

    Raises:
        DecodeError: It has no readable directory.
    """
    from io import BytesIO

    with pillow_errors():
        return _plugin("TIFF")(BytesIO(data))


@contextlib.contextmanager
def pillow_errors() -> Iterator[None]:
    """Turn whatever Pillow raises on bad data into `DecodeError`.

    Its plugins raise a dozen unrelated types on damaged files, so the net is wide on purpose.
    """
    try:
        yield
    except (DecodeError, MemoryError):
        raise
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DecodeError(reason) from None


def to_bgr(image: Any) -> npt.NDArray[np.uint8]:  # noqa: ANN401
    """Convert a Pillow image to 8-bit BGR: alpha dropped, 16-bit samples cut to the high byte.

    Args:
        image: Any Pillow image whose mode is not floating-point.

    Returns:
        uint8 [height, width, 3], contiguous and writable.

    Raises:
        DecodeError: The mode has no 8-bit meaning.
    """
    import numpy as np

    _load(image)
    mode = image.mode
    if mode in ("RGB", "RGBA", "RGBX"):
        # Pillow turns the channels round while it copies; NumPy would take seven times as long.
        blue_first = np.frombuffer(image.tobytes("raw", "BGR"), np.uint8)
        return blue_first.reshape(image.height, image.width, 3).copy()
    if mode == "RGBa":
        return np.ascontiguousarray(np.asarray(image)[:, :, 2::-1])
    if mode in ("L", "LA", "La"):
        pixels = np.asarray(image)
        return _grey(pixels if pixels.ndim == 2 else pixels[:, :, 0])
    if mode == "1":
        return _grey(np.asarray(image).astype(np.uint8) * np.uint8(255))
    if mode in ("P", "PA"):
        return _palette(image)
    if mode.startswith("I"):
        return _grey((np.clip(np.asarray(image), 0, 65535) >> 8).astype(np.uint8))
    if mode == "CMYK" and image.format == "JPEG":
        return _jpeg_cmyk(np.asarray(image))
    if mode in ("CMYK", "YCbCr", "LAB", "HSV"):
        return to_bgr(image.convert("RGB"))
    raise DecodeError(f"pixels of Pillow mode {mode} have no 8-bit meaning")


def _load(image: Any) -> None:  # noqa: ANN401
    """Decode, without the size warning of Pillow: the limit that counts was applied before."""
    from PIL import Image

    if Image.MAX_IMAGE_PIXELS is None or image.width * image.height <= Image.MAX_IMAGE_PIXELS:
        image.load()
        return
    # Warning filters belong to the process: two threads restoring them at once could mix them up.
    with _WARNING_FILTERS, warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        image.load()


def _plugin(image_format: ImageFormat) -> Any:  # noqa: ANN401 - classes without a common interface
    import importlib

    module, name = {
        "JPEG": ("JpegImagePlugin", "JpegImageFile"),
        "PNG": ("PngImagePlugin", "PngImageFile"),
        "WebP": ("WebPImagePlugin", "WebPImageFile"),
        "BMP": ("BmpImagePlugin", "BmpImageFile"),
        "PNM": ("PpmImagePlugin", "PpmImageFile"),
        "Sun raster": ("SunImagePlugin", "SunImageFile"),
        "TIFF": ("TiffImagePlugin", "TiffImageFile"),
    }[image_format]
    return getattr(importlib.import_module(f"PIL.{module}"), name)


def _grey(plane: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    import numpy as np

    return np.repeat(plane[:, :, np.newaxis], 3, axis=2)


def _palette(image: Any) -> npt.NDArray[np.uint8]:  # noqa: ANN401
    import numpy as np

    table = np.zeros((256, 3), np.uint8)
    colours = np.asarray(image.getpalette("RGB"), np.uint8).reshape(-1, 3)[:256]
    table[: len(colours)] = colours[:, ::-1]
    indices = np.asarray(image)
    bgr: npt.NDArray[np.uint8] = table[indices if indices.ndim == 2 else indices[:, :, 0]]
    return bgr


def _jpeg_cmyk(inverted: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Mix ink as OpenCV does. Pillow has inverted the stored samples, which this undoes."""
    import numpy as np

    stored = 255 - inverted.astype(np.int32)
    black = stored[:, :, 3:4]
    colour = black - (((255 - stored[:, :, :3]) * black) >> 8)
    return np.ascontiguousarray(colour[:, :, ::-1].astype(np.uint8))

"""Image bytes to 8-bit BGR pixels, with the same result from OpenCV and from Pillow."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from hpinfer._settings import Settings
from hpinfer.errors import InvalidImageError
from hpinfer.io import pillow_decoder
from hpinfer.io.limits import check_pixels
from hpinfer.io.sniff import BadImage, ImageHeader, probe
from hpinfer.io.tiff import TiffReader

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Decoder: TypeAlias = Literal["auto", "opencv", "pillow"]


def decode_image(
    data: bytes,
    *,
    name: str = "image data",
    max_pixels: int | None = None,
    decoder: Decoder = "auto",
) -> npt.NDArray[np.uint8]:
    """Decode an image file held in memory; of a TIFF, the first page.

    The result equals ``cv2.imdecode(data, cv2.IMREAD_COLOR)``: Exif orientation applied, alpha
    dropped without blending, grey and palette expanded, 16-bit samples cut to the high byte.
    OpenCV is used when it can be imported, because it is faster, otherwise Pillow; where the two
    differ is listed in `hpinfer.io.pillow_decoder`.

    Args:
        data: The whole file: JPEG, PNG, WebP, BMP, netpbm, Sun raster or TIFF.
        name: What to call it in errors.
        max_pixels: Largest accepted width times height; None takes ``HPINFER_MAX_PIXELS``. It is
            checked against the header before anything is decoded or allocated.
        decoder: Force one of the decoders.

    Returns:
        uint8 [height, width, 3], blue first, contiguous and writable.

    Raises:
        InvalidImageError: Not an image, truncated, corrupted, or larger than the limit.
    """
    limit = Settings.from_env().max_pixels if max_pixels is None else max_pixels
    try:
        header = probe(data)
    except BadImage as error:
        raise InvalidImageError(f"{name} is not a readable image: {error}") from None
    if header.format == "TIFF":
        with TiffReader(data, name=name, max_pixels=limit) as reader:
            return reader.read(0)
    check_pixels(header.width, header.height, name=name, max_pixels=limit)
    if header.truncated:
        raise InvalidImageError(
            f"{name} is truncated: the end of the {header.format} data is missing, get it again"
        )
    return _orient(_decode(data, header, name, decoder), header.orientation)


def _decode(data: bytes, header: ImageHeader, name: str, decoder: Decoder) -> npt.NDArray[np.uint8]:
    cv2 = None if decoder == "pillow" else _opencv()
    if cv2 is None and decoder == "opencv":
        raise InvalidImageError("decoder='opencv' was asked for but cv2 cannot be imported")
    if cv2 is None:
        try:
            return pillow_decoder.decode(data, header.format)
        except pillow_decoder.DecodeError as error:
            raise _corrupted(name, header, f": {error}") from None
    return _decode_opencv(cv2, data, header, name)


def _decode_opencv(
    cv2: Any,  # noqa: ANN401
    data: bytes,
    header: ImageHeader,
    name: str,
) -> npt.NDArray[np.uint8]:
    import numpy as np

    # Orientation is ours: which formats OpenCV turns by itself depends on its version.
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        pixels: npt.NDArray[np.uint8] | None = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        raise _corrupted(name, header, f": {' '.join(str(error).split())[:200]}") from None
    if pixels is None:
        raise _corrupted(name, header, "")
    return pixels


def _corrupted(name: str, header: ImageHeader, reason: str) -> InvalidImageError:
    return InvalidImageError(
        f"{name} cannot be decoded ({header.format}, {header.width}x{header.height}): "
        f"its data is corrupted or of an unsupported kind{reason}"
    )


@functools.cache
def _opencv() -> Any | None:  # noqa: ANN401
    """Return cv2 or None; a GUI build without its system libraries counts as absent."""
    import importlib

    try:
        return importlib.import_module("cv2")
    except Exception:  # the loader of cv2 raises more than ImportError
        return None


def _orient(pixels: npt.NDArray[np.uint8], orientation: int) -> npt.NDArray[np.uint8]:
    """Turn pixels upright by the Exif orientation (CIPA DC-008, tag 0x0112)."""
    import numpy as np

    if orientation == 1:
        return pixels
    if orientation >= 5:
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)

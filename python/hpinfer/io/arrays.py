"""Pixels that are already in memory: NumPy arrays and Pillow images."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from hpinfer.errors import InvalidInputError, InvalidTypeError
from hpinfer.io import pillow_decoder

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def is_pillow(value: object) -> bool:
    """Tell whether a value is a Pillow image, without importing Pillow for those that are not."""
    module = sys.modules.get("PIL.Image")
    return module is not None and isinstance(value, module.Image)


def is_array(value: object) -> bool:
    """Tell whether a value is a NumPy array or gives its memory as one does."""
    # Asked of the class: an array would build the whole description of its memory for the answer.
    return hasattr(value, "dtype") and hasattr(type(value), "__array_interface__")


def array_to_bgr(array: npt.NDArray[Any], *, name: str) -> npt.NDArray[np.uint8]:
    """Accept an array as an image.

    Args:
        array: uint8; [H, W, 3] blue first, [H, W] or [H, W, 1] grey, or [H, W, 4] blue first with
            alpha, which is dropped.
        name: What to call it in errors.

    Returns:
        uint8 [H, W, 3]: the given array itself when it has three channels, strided or not.

    Raises:
        InvalidTypeError: The element type is not uint8.
        InvalidInputError: The shape is not that of one image, or it has no pixels.
    """
    import numpy as np

    if array.dtype != np.uint8:
        raise InvalidTypeError(
            f"{name} is an array of {array.dtype}, expected uint8 with values 0 to 255: convert it"
        )
    shape = array.shape
    if len(shape) == 4:
        raise InvalidInputError(
            f"{name} has shape {shape}, expected one image [H, W, 3]: "
            "pass list(array) for several images"
        )
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] not in (1, 3, 4)):
        raise InvalidInputError(
            f"{name} has shape {shape}, expected [H, W, 3] (blue first), [H, W] or [H, W, 4]"
        )
    if 0 in shape:
        raise InvalidInputError(f"{name} has shape {shape}: it has no pixels")
    if len(shape) == 3 and shape[2] == 3:
        return array
    if len(shape) == 3 and shape[2] == 4:
        return np.ascontiguousarray(array[:, :, :3])
    return np.repeat(array.reshape(shape[0], shape[1], 1), 3, axis=2)


def pillow_to_bgr(image: Any, *, name: str) -> npt.NDArray[np.uint8]:  # noqa: ANN401
    """Accept a Pillow image as it stands.

    Exif orientation is not applied: whoever opened the image decides that, with
    ``PIL.ImageOps.exif_transpose``. Alpha is dropped without blending.

    Args:
        image: The image.
        name: What to call it in errors.

    Returns:
        uint8 [H, W, 3], blue first.

    Raises:
        InvalidTypeError: Its mode has no 8-bit meaning, such as ``F``.
        InvalidInputError: It has no pixels or cannot be loaded.
    """
    if 0 in image.size:
        raise InvalidInputError(f"{name} is {image.width}x{image.height}: it has no pixels")
    try:
        return pillow_decoder.to_bgr(image)
    except pillow_decoder.DecodeError as error:
        raise InvalidTypeError(f"{name}: {error}; convert it to RGB first") from None
    except (OSError, SyntaxError, ValueError) as error:
        raise InvalidInputError(f"{name} cannot be loaded: {error}") from None

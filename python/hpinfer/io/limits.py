"""The size limit that every image and page must respect before it is decoded."""

from __future__ import annotations

from hpinfer.errors import InvalidImageError


def check_pixels(width: int, height: int, *, name: str, max_pixels: int) -> None:
    """Refuse an image that is larger than the limit.

    Raises:
        InvalidImageError: Width times height exceeds `max_pixels`.
    """
    if width * height > max_pixels:
        raise InvalidImageError(
            f"{name} is {width}x{height} pixels, more than the limit of {max_pixels}: "
            "make it smaller, or raise HPINFER_MAX_PIXELS if it can be trusted"
        )

"""TIFF pages to BGR pixels, one page at a time, through Pillow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpinfer.errors import InvalidImageError
from hpinfer.io import pillow_decoder
from hpinfer.io.limits import check_pixels

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class TiffReader:
    """An open TIFF, used by one thread at a time as a context manager."""

    def __init__(self, data: bytes, *, name: str, max_pixels: int) -> None:
        """Open a TIFF and count its pages by walking their directories.

        Args:
            data: The whole file.
            name: What to call it in errors.
            max_pixels: Largest accepted width times height of a page.

        Raises:
            InvalidImageError: Its directories are unreadable.
        """
        self._name = name
        self._max_pixels = max_pixels
        try:
            self._image: Any = pillow_decoder.open_tiff(data)
            with pillow_decoder.pillow_errors():
                self.page_count = int(self._image.n_frames)
        except pillow_decoder.DecodeError as error:
            raise InvalidImageError(f"{name} is not a readable TIFF: {error}") from None

    def __enter__(self) -> TiffReader:
        """Return the reader itself."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Close the file."""
        self._image.close()

    def read(self, index: int) -> npt.NDArray[np.uint8]:
        """Decode a page; its orientation tag is applied.

        Args:
            index: 0-based page number.

        Returns:
            uint8 [height, width, 3], blue first.

        Raises:
            InvalidImageError: The page is damaged or larger than the limit.
        """
        where = f"page {index} of {self._name}"
        try:
            with pillow_decoder.pillow_errors():
                self._image.seek(index)
                size = self._image.size
            check_pixels(*size, name=where, max_pixels=self._max_pixels)
            with pillow_decoder.pillow_errors():
                return pillow_decoder.to_bgr(self._image)
        except pillow_decoder.DecodeError as error:
            raise InvalidImageError(f"{where} cannot be decoded: {error}") from None

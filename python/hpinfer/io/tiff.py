"""TIFF pages to BGR pixels, one page at a time, through Pillow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpinfer.errors import InvalidImageError
from hpinfer.io import pillow_decoder
from hpinfer.io.limits import check_pages, check_pixels
from hpinfer.io.sniff import BadImage
from hpinfer.io.tiff_directories import check_directories

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


#: Tags of the size of a tile, which is decoded whole, whatever of it is part of the picture.
_TILE_SIDES = (322, 323)


class TiffReader:
    """An open TIFF, used by one thread at a time as a context manager."""

    def __init__(
        self, data: bytes, *, name: str, max_pixels: int, max_pages: int | None = None
    ) -> None:
        """Open a TIFF and count its pages by walking their directories.

        Args:
            data: The whole file.
            name: What to call it in errors.
            max_pixels: Largest accepted width times height of a page.
            max_pages: Most pages; None for a caller that reads the first one only.

        Raises:
            InvalidImageError: Its directories are unreadable, or it has too many pages.
        """
        self._name = name
        self._max_pixels = max_pixels
        try:
            check_directories(data, name=name, max_pages=max_pages)
            self._image: Any = pillow_decoder.open_tiff(data)
            with pillow_decoder.pillow_errors():
                self.page_count = 1 if max_pages is None else int(self._image.n_frames)
        except (pillow_decoder.DecodeError, BadImage) as error:
            raise InvalidImageError(f"{name} is not a readable TIFF: {error}") from None
        if max_pages is not None:
            try:
                check_pages(self.page_count, name=name, max_pages=max_pages)
            except InvalidImageError:
                self._image.close()
                raise

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
                tile = [int(self._image.tag_v2.get(tag, 0)) for tag in _TILE_SIDES]
            check_pixels(*size, name=where, max_pixels=self._max_pixels)
            check_pixels(*tile, name=f"a tile of {where}", max_pixels=self._max_pixels)
            with pillow_decoder.pillow_errors():
                return pillow_decoder.to_bgr(self._image)
        except pillow_decoder.DecodeError as error:
            raise InvalidImageError(f"{where} cannot be decoded: {error}") from None

"""PDF pages to BGR pixels, one page at a time, through pypdfium2.

PDFium must never be entered by two threads at once, even for different documents, so every call
into it, closing included, is made under one lock of the process. The lock is free while the caller
works on a page.
"""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING, Any

from hpinfer.errors import InvalidImageError, UnsupportedError
from hpinfer.io.limits import check_pages

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from hpinfer._settings import Settings

_PDFIUM = threading.RLock()
_MIN_SCALE = 0.1


class PdfReader:
    """An open PDF. Use it as a context manager; any thread may call, one page at a time runs."""

    def __init__(self, source: Path | bytes, *, name: str, settings: Settings) -> None:
        """Open a document.

        Args:
            source: Its path or its bytes.
            name: What to call it in errors.
            settings: Rendering scale, pixel limit and page limit.

        Raises:
            InvalidImageError: Corrupted, encrypted, without pages, or with too many.
            UnsupportedError: pypdfium2 cannot be imported.
        """
        self._name = name
        self._scale = settings.pdf_scale
        self._max_pixels = settings.max_pixels
        pdfium = _pdfium()
        with _PDFIUM:
            try:
                self._document: Any = pdfium.PdfDocument(source)
                self.page_count = len(self._document)
            except pdfium.PdfiumError as error:
                raise InvalidImageError(_open_reason(name, str(error))) from None
        if self.page_count == 0:
            self.close()
            raise InvalidImageError(f"{name} is a PDF without pages")
        try:
            check_pages(self.page_count, name=name, max_pages=settings.max_pages)
        except InvalidImageError:
            self.close()
            raise

    def __enter__(self) -> PdfReader:
        """Return the reader itself."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Close the document."""
        self.close()

    def close(self) -> None:
        """Close the document; may be called again."""
        with _PDFIUM:
            self._document.close()

    def read(self, index: int) -> npt.NDArray[np.uint8]:
        """Render a page at the configured scale, less if it would exceed the pixel limit.

        Args:
            index: 0-based page number.

        Returns:
            uint8 [height, width, 3], blue first, on white.

        Raises:
            InvalidImageError: The page is damaged or too large at the smallest scale.
        """
        pdfium = _pdfium()
        where = f"page {index} of {self._name}"
        with _PDFIUM:
            try:
                page = self._document[index]
            except pdfium.PdfiumError as error:
                raise InvalidImageError(f"{where} cannot be opened: {error}") from None
            try:
                return self._render(page, where)
            except pdfium.PdfiumError as error:
                raise InvalidImageError(f"{where} cannot be rendered: {error}") from None
            finally:
                page.close()

    def _render(self, page: Any, where: str) -> npt.NDArray[np.uint8]:  # noqa: ANN401
        import numpy as np

        width, height = page.get_size()
        scale = self._fitting_scale(width, height, where)
        bitmap = page.render(scale=scale)
        try:
            pixels: npt.NDArray[np.uint8] = np.array(bitmap.to_numpy()[:, :, :3], order="C")
        finally:
            bitmap.close()
        return pixels

    def _fitting_scale(self, width: float, height: float, where: str) -> float:
        area = width * height
        if not (area > 0 and math.isfinite(area)):
            raise InvalidImageError(f"{where} has the size {width:g}x{height:g} points")
        scale = self._scale
        # Both sides are rounded up, so each may be one pixel longer than the scale says: this is
        # the largest s with (width*s + 1) * (height*s + 1) <= limit.
        side = width + height
        largest = (math.sqrt(side**2 + 4 * area * (self._max_pixels - 1)) - side) / (2 * area)
        scale = min(scale, largest)
        if scale < min(_MIN_SCALE, self._scale):
            raise InvalidImageError(
                f"{where} is {width:g}x{height:g} points, which exceeds the limit of "
                f"{self._max_pixels} pixels even at scale {_MIN_SCALE}: raise HPINFER_MAX_PIXELS"
            )
        return scale


def _pdfium() -> Any:  # noqa: ANN401
    import importlib

    try:
        with _PDFIUM:  # its import initialises the library
            return importlib.import_module("pypdfium2")
    except ImportError as error:
        raise UnsupportedError(f"reading PDF needs the package pypdfium2: {error}") from None


def _open_reason(name: str, reason: str) -> str:
    if "password" in reason.lower():
        return f"{name} is an encrypted PDF: remove its password first"
    return f"{name} is not a readable PDF: {reason}"

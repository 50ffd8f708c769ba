"""What reading an input yields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from hpinfer.errors import HpinferError


@dataclass(frozen=True, slots=True, eq=False)
class InputImage:
    """One decoded image or page.

    Attributes:
        bgr: Pixels, uint8 [height, width, 3], blue first. An ndarray given as input is this very
            object when it already has that form, otherwise the array is fresh and contiguous.
        input_path: The path or URL as text, None for objects in memory.
        page_index: 0-based page of a PDF or TIFF, None for other inputs.
        page_count: Number of pages of a PDF or TIFF, None for other inputs.
        name: Stem for saved files: the file's stem, with ``_<page>`` for PDF and TIFF, or
            ``input_<n>`` for the n-th (0-based) input without a path.
    """

    bgr: npt.NDArray[np.uint8]
    input_path: str | None
    page_index: int | None
    page_count: int | None
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class InputFailure:
    """An input, or one page of it, that could not be read (``on_error="yield"``).

    Attributes:
        input_path: The path or URL as text, None for objects in memory.
        page_index: 0-based page that failed, None when the whole input did.
        name: As for `InputImage`.
        error: What was wrong.
    """

    input_path: str | None
    page_index: int | None
    name: str
    error: HpinferError

"""Lines of real pages, with what they say where a file beside the picture tells.

``gt/NAME.txt`` holds a page's lines, ``gt/NAME.json`` words with boxes:
``[{"box": [x0, y0, …], "text": "…"}, …]``, spaces unknown.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein
from rendering import Line

from hpinfer import _native

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

    from hpinfer.pipelines.base import Pipeline
    from hpinfer.results import OCRResult

_SUFFIXES = (".jpg", ".jpeg", ".png")
#: A line of a text file belongs to a region when at most this share of it is read differently.
_FARTHEST = 0.5


@dataclass(frozen=True, slots=True)
class PageLines:
    """The regions of a page in reading order.

    Attributes:
        name: File name of the page.
        images: uint8 [height, width, 3] each, BGR.
        references: What each says, where it is known.
    """

    name: str
    images: list[npt.NDArray[np.uint8]]
    references: list[Line | None]


def page_files(folder: Path) -> list[Path]:
    """The pictures of a folder."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES)


def is_known(page: Path) -> bool:
    """Whether a file beside the picture tells its text."""
    return any((page.parent / "gt" / f"{page.name}{end}").exists() for end in (".txt", ".json"))


def page_lines(folder: Path, pipeline: Pipeline[Any]) -> list[PageLines]:
    """The regions that an OCR pipeline finds on the pictures of a folder."""
    pages = []
    for path in page_files(folder):
        (result,) = pipeline.predict(path, on_error="yield")
        if hasattr(result, "dt_polys"):
            pages.append(page_lines_of(path, result))
    return pages


def page_lines_of(path: Path, result: OCRResult) -> PageLines:
    """The regions of a picture, as an OCR pipeline has found them."""
    images = [_crop(result.image, polygon) for polygon in result.rec_polys]
    return PageLines(path.name, images, _references(path.parent, path.name, result))


def _crop(page: npt.NDArray[np.uint8], polygon: npt.NDArray[np.int32]) -> npt.NDArray[np.uint8]:
    corners, _ = _native.crop_corners(np.asarray(polygon, np.int32))
    crop: npt.NDArray[np.uint8] = _native.crop_quad(page, corners)
    upright = crop.shape[0] < 1.5 * crop.shape[1]
    return crop if upright else np.ascontiguousarray(np.rot90(crop))


def _references(folder: Path, name: str, result: OCRResult) -> list[Line | None]:
    text_file, box_file = folder / "gt" / f"{name}.txt", folder / "gt" / f"{name}.json"
    if text_file.exists():
        lines = [line.strip() for line in text_file.read_text(encoding="utf-8").splitlines()]
        texts = _by_likeness([line for line in lines if line], result.rec_texts)
    elif box_file.exists():
        texts = _by_place(json.loads(box_file.read_text(encoding="utf-8")), result.rec_polys)
    else:
        texts = [None] * len(result.rec_texts)
    return [
        None
        if text is None
        else Line(
            _crop(result.image, polygon),
            text,
            {"page": name},
            spaces=text_file.exists(),
            name=f"{name} {index}",
        )
        for index, (text, polygon) in enumerate(zip(texts, result.rec_polys, strict=True))
    ]


def _by_likeness(known: Sequence[str], read: Sequence[str]) -> list[str | None]:
    """For each text the known line that it is most like; none twice, none that is too far."""
    found: list[str | None] = [None] * len(read)
    distances = process.cdist(read, known, scorer=Levenshtein.normalized_distance)
    while distances.size and distances.min() <= _FARTHEST:
        row, column = np.unravel_index(distances.argmin(), distances.shape)
        found[row] = known[column]
        distances[row, :] = distances[:, column] = 2.0
    return found


def _by_place(
    words: Sequence[dict[str, Any]], polygons: Sequence[npt.NDArray[np.int32]]
) -> list[str | None]:
    """For each region the words whose middle it holds, from left to right."""
    found: list[str | None] = []
    for polygon in polygons:
        (left, top), (right, bottom) = polygon.min(axis=0), polygon.max(axis=0)
        inside = []
        for word in words:
            x, y = float(np.mean(word["box"][0::2])), float(np.mean(word["box"][1::2]))
            if left <= x <= right and top <= y <= bottom:
                inside.append((x, str(word["text"])))
        found.append("".join(text for _, text in sorted(inside)) or None)
    return found

"""The blocks of a page: what layout detection found, filled with what was read there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hpinfer.io import InputImage
from hpinfer.pipelines.reading_order import overlaps, reading_order
from hpinfer.results import LayoutBlock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy as np
    import numpy.typing as npt

    from hpinfer.results import (
        DetResult,
        FormulaResult,
        OCRResult,
        SealResult,
        SingleTableResult,
    )

#: Classes of regions whose content is not what the lines of the page say.
_READ_AS_A_WHOLE = ("formula", "table", "seal")
_OTHER_TEXT = "other_text"


@dataclass(slots=True)
class PageContents:
    """What was found on a page.

    Attributes:
        layout: What is where.
        ocr: The text of the page, None if it is not to be part of the blocks.
        tables: The tables, those of layout detection in its order.
        seals: The seals, likewise.
        formulas: The formulas, likewise.
    """

    layout: DetResult
    ocr: OCRResult | None
    tables: Sequence[SingleTableResult] = field(default_factory=list)
    seals: Sequence[SealResult] = field(default_factory=list)
    formulas: Sequence[FormulaResult] = field(default_factory=list)


def page_blocks(
    page: InputImage, contents: PageContents, read_again: Callable[[InputImage], OCRResult]
) -> list[LayoutBlock]:
    """The blocks in reading order.

    A line of text that lies in several blocks is not split: each of those blocks is read again on
    a sheet that is white outside it. Lines outside all blocks become blocks of their own.

    Args:
        page: The pre-processed page.
        contents: What was found on it.
        read_again: Reads a picture with the settings of the call.
    """
    import numpy as np

    boxes = contents.layout.coordinates.astype(np.float64)
    labels = [label.lower() for label in contents.layout.labels]
    texts = _regions(contents, labels)
    others: list[LayoutBlock] = []
    if contents.ocr is not None:
        ocr = contents.ocr
        lines = np.asarray(ocr.rec_boxes, np.float64)
        inside = overlaps(boxes, lines)
        is_text = np.array([label not in _READ_AS_A_WHOLE for label in labels], bool)
        lies_in_several = inside[is_text].sum(axis=0) > 1
        again = (inside & lies_in_several).any(axis=1) & is_text
        for number in np.flatnonzero(is_text).tolist():
            found = inside[number].nonzero()[0].tolist()
            texts[number] = _joined(ocr.rec_texts[line] for line in found)
        for number in np.flatnonzero(again).tolist():
            texts[number] = read_again(_alone(page, boxes[number])).text
        others = [
            LayoutBlock(
                block_bbox=ocr.rec_boxes[line],
                block_label=_OTHER_TEXT,
                block_content=ocr.rec_texts[line],
            )
            for line in np.flatnonzero(~inside.any(axis=0)).tolist()
        ]
    blocks = [
        LayoutBlock(block_bbox=box, block_label=label, block_content=text)
        for box, label, text in zip(
            contents.layout.coordinates.tolist(), labels, texts, strict=True
        )
    ]
    return _sorted([*blocks, *others], page.bgr.shape[1])


def _regions(contents: PageContents, labels: Sequence[str]) -> list[str]:
    """The content of tables, seals and formulas; empty for all other blocks."""
    tables = {table.table_region_id: table.pred_html for table in contents.tables}
    seals = {seal.seal_region_id: ", ".join(seal.rec_texts) for seal in contents.seals}
    formulas = {item.formula_region_id: item.rec_formula for item in contents.formulas}
    by_label = {"table": tables, "seal": seals, "formula": formulas}
    counts = dict.fromkeys(by_label, 0)
    texts = []
    for label in labels:
        if label in counts:
            counts[label] += 1
        texts.append(by_label.get(label, {}).get(counts.get(label, 0), ""))
    return texts


def _alone(page: InputImage, box: npt.NDArray[np.float64]) -> InputImage:
    """The page with everything white that is outside `box`."""
    import numpy as np

    left, top, right, bottom = (max(int(side), 0) for side in box)
    sheet = np.full_like(page.bgr, 255)
    sheet[top:bottom, left:right] = page.bgr[top:bottom, left:right]
    return InputImage(sheet, None, None, None, page.name)


def _joined(lines: Iterable[str]) -> str:
    return "\n".join(lines)


def _sorted(blocks: Sequence[LayoutBlock], width: int) -> list[LayoutBlock]:
    import numpy as np

    boxes = np.array([block.block_bbox for block in blocks], np.float64).reshape(-1, 4)
    return [blocks[number] for number in reading_order(boxes, width)]

"""Results of table recognition: structure, and tables with their text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from hpinfer.results.base import Result
from hpinfer.results.data_frame import import_pandas
from hpinfer.results.files import target_file, write_bytes, write_text
from hpinfer.results.keyed import KeyedFields
from hpinfer.results.table_grid import TableGrid, parse_table

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy.typing as npt
    import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]
    from PIL import Image

    from hpinfer.results.ocr import Polygons


@dataclass(frozen=True, slots=True, eq=False, kw_only=True, repr=False)
class TableRecResult(Result):
    """The structure of a picture of one table.

    Attributes:
        bbox: Box of each cell in pixels: four corners (x1, y1 … x4, y4) or, from the models of
            PaddleOCR 2, two (x1, y1, x2, y2). Empty for models without boxes.
        structure: HTML tokens from ``<html>`` to ``</html>``.
        structure_score: Mean probability of the tokens, 0 to 1.
    """

    bbox: Sequence[Sequence[int]]
    structure: Sequence[str]
    structure_score: float

    def __len__(self) -> int:
        return len(self.bbox)

    def __bool__(self) -> bool:
        return True  # a picture without cells is still a result

    def __repr__(self) -> str:
        return f"TableRecResult({self.name!r}, {len(self)} cells)"

    @property
    def html(self) -> str:
        """The table without its text."""
        return "".join(self.structure)

    def grid(self) -> TableGrid:
        """The cells by row and column, without text."""
        return parse_table(self.html)

    def _entries(self) -> dict[str, Any]:
        return {
            "input_path": self.input_path,
            "page_index": self.page_index,
            "input_img": self.image,
            "bbox": self.bbox,
            "structure": self.structure,
            "structure_score": self.structure_score,
        }

    def _draw(self) -> dict[str, Image.Image]:
        from hpinfer.results.drawing import draw_overlay, line_color

        assert self.image is not None  # `img` has checked
        colors = [line_color(index) for index in range(len(self.bbox))]
        return {"res": draw_overlay(self.image, [_corners(box) for box in self.bbox], colors)}


def _corners(box: Sequence[int]) -> Any:  # noqa: ANN401 - a polygon, drawn by Pillow
    if len(box) == 4:
        x1, y1, x2, y2 = box
        return [(x1, y1), (x2, y1), (x2, y2), (x1, y2)]
    return list(zip(box[::2], box[1::2], strict=True))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SingleTableResult(KeyedFields):
    """One table of a page: its cells, its text and its HTML.

    Attributes:
        cell_box_list: Upright box of each cell, [n, 4] x1, y1, x2, y2 in page pixels.
        pred_html: The table as HTML. Text stands in it as it was read, not escaped.
        table_ocr_pred: ``rec_polys``, ``rec_texts``, ``rec_scores`` and ``rec_boxes`` of the
            lines of the page that lie in the table.
        neighbor_texts: Text just above and below the table, each piece followed by ``"; "``.
        table_region_id: Number of the table on its page, from 1.
    """

    KEYS: ClassVar[tuple[str, ...]] = (
        "cell_box_list",
        "pred_html",
        "table_ocr_pred",
        "neighbor_texts",
        "table_region_id",
    )

    cell_box_list: Polygons | Sequence[Sequence[float]] | npt.NDArray[Any]
    pred_html: str
    table_ocr_pred: Mapping[str, Any] = field(default_factory=dict)
    neighbor_texts: str = ""
    table_region_id: int = 1

    def __repr__(self) -> str:
        return f"SingleTableResult({self.table_region_id}, {len(self.cell_box_list)} cells)"

    @property
    def key(self) -> str:
        """What PaddleX calls this table among those of its page: ``table_<number>``."""
        return f"table_{self.table_region_id}"

    @property
    def html(self) -> str:
        """`pred_html` with lines around the cells, as PaddleX saves it."""
        return self.pred_html.replace("<table>", '<table border="1">')

    @property
    def element(self) -> str:
        """`html` without what is around its ``<table>``, to be part of a larger document."""
        from hpinfer.results.markdown import table_element

        return table_element(self.pred_html)

    def grid(self) -> TableGrid:
        """The cells by row and column, spans kept."""
        return parse_table(self.pred_html)

    def to_pandas(self) -> pd.DataFrame:
        """The texts; header rows become column names (several joined by line breaks).

        Raises:
            UnsupportedError: pandas is not installed.
        """
        pd = import_pandas()
        grid = self.grid()
        texts, heads = grid.texts(), grid.header_rows
        if not heads:
            return pd.DataFrame(texts)
        names = ["\n".join(dict.fromkeys(column)) for column in zip(*texts[:heads], strict=True)]
        return pd.DataFrame(texts[heads:], columns=names)

    def save_to_html(self, save_path: str | os.PathLike[str], *, name: str = "") -> list[Path]:
        """Writes `html`.

        Args:
            save_path: A directory, which gets ``<name>_table_<number>.html``, or a file ending in
                ``.html``.
            name: Stem of the page, e.g. a result's ``name``.

        Returns:
            The file written.
        """
        path = target_file(save_path, (".html", ".htm"), self._file_name(name, ".html"))
        write_text(path, self.html)
        return [path]

    def save_to_xlsx(self, save_path: str | os.PathLike[str], *, name: str = "") -> list[Path]:
        """Writes the table as a workbook of one sheet, cells merged as in the table.

        Args:
            save_path: A directory, which gets ``<name>_table_<number>.xlsx``, or a file ending in
                ``.xlsx``.
            name: Stem of the page, e.g. a result's ``name``.

        Returns:
            The file written.

        Raises:
            UnsupportedError: openpyxl is not installed.
        """
        from hpinfer.results.workbook import workbook_bytes

        path = target_file(save_path, (".xlsx",), self._file_name(name, ".xlsx"))
        write_bytes(path, workbook_bytes({self.key: self.grid()}))
        return [path]

    def _file_name(self, name: str, suffix: str) -> str:
        return f"{name}_{self.key}{suffix}" if name else f"{self.key}{suffix}"

"""Results that hold the tables of a page: saved as HTML and workbooks."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from hpinfer.errors import UnsupportedError
from hpinfer.results.base import Result
from hpinfer.results.files import target_file, write_bytes, write_text

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt
    import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]
    from PIL import Image

    from hpinfer.results.detection import DetResult
    from hpinfer.results.modules import DocPreprocessorResult
    from hpinfer.results.ocr import OCRResult
    from hpinfer.results.table import SingleTableResult


@dataclass(frozen=True, slots=True, eq=False, kw_only=True, repr=False)
class TablesResult(Result):
    """What the results of pages with tables share.

    Attributes:
        table_res_list: The tables, in the order of layout detection.
        overall_ocr_res: The text of the whole page, None if it was not read.
        layout_det_res: What is where on the page, None if layout detection was off.
        doc_preprocessor_res: Result of document pre-processing, None if it was off. All
            coordinates are those of its ``output_img``.
        model_settings: Which steps were carried out.
    """

    table_res_list: Sequence[SingleTableResult]
    overall_ocr_res: OCRResult | None = None
    layout_det_res: DetResult | None = None
    doc_preprocessor_res: DocPreprocessorResult | None = None
    model_settings: Mapping[str, bool] = field(default_factory=dict)

    @property
    def tables(self) -> Sequence[SingleTableResult]:
        """The same as `table_res_list`."""
        return self.table_res_list

    @property
    def page(self) -> npt.NDArray[np.uint8] | None:
        """The picture that coordinates refer to (BGR): pre-processed if that was on."""
        res = self.doc_preprocessor_res
        return self.image if res is None or res.output_img is None else res.output_img

    @property
    def html(self) -> dict[str, str]:
        """The tables as HTML by name: ``table_1`` …."""
        return {table.key: table.html for table in self.table_res_list}

    @property
    def xlsx(self) -> dict[str, bytes]:
        """The tables as workbooks of one sheet by name: ``table_1`` ….

        Raises:
            UnsupportedError: openpyxl is not installed.
        """
        from hpinfer.results.workbook import workbook_bytes

        return {
            table.key: workbook_bytes({table.key: table.grid()}) for table in self.table_res_list
        }

    def to_html(self) -> str:
        """All tables as one HTML document, one below the other."""
        tables = "\n".join(table.element for table in self.table_res_list)
        return f"<html><body>\n{tables}\n</body></html>\n"

    def to_frames(self) -> list[pd.DataFrame]:
        """A data frame for each table; header rows become column names.

        Raises:
            UnsupportedError: pandas is not installed.
        """
        return [table.to_pandas() for table in self.table_res_list]

    def save_to_html(self, save_path: str | os.PathLike[str]) -> list[Path]:
        """Writes each table to ``<name>_table_<number>.html``.

        Args:
            save_path: A directory, or a file ending in ``.html``, which gets all tables.

        Returns:
            The files written.
        """
        path = target_file(save_path, (".html", ".htm"), "")
        if path.suffix:
            write_text(path, self.to_html())
            return [path]
        return [
            written
            for table in self.table_res_list
            for written in table.save_to_html(save_path, name=self.name)
        ]

    def save_to_xlsx(self, save_path: str | os.PathLike[str]) -> list[Path]:
        """Writes each table to ``<name>_table_<number>.xlsx``.

        Args:
            save_path: A directory, or a file ending in ``.xlsx``, which gets one sheet a table.

        Returns:
            The files written.

        Raises:
            UnsupportedError: openpyxl is not installed.
        """
        from hpinfer.results.workbook import workbook_bytes

        path = target_file(save_path, (".xlsx",), "")
        if path.suffix == ".xlsx":
            sheets = {table.key: table.grid() for table in self.table_res_list}
            write_bytes(path, workbook_bytes(sheets))
            return [path]
        return [
            written
            for table in self.table_res_list
            for written in table.save_to_xlsx(save_path, name=self.name)
        ]

    def save_all(self, save_path: str | os.PathLike[str]) -> list[Path]:
        """Writes JSON, pictures and each table as HTML and workbook into a directory.

        Without openpyxl there are no workbooks, which the log says.

        Returns:
            The files written.

        Raises:
            InvalidInputError: `save_path` is a file.
        """
        written = [*Result.save_all(self, save_path), *self.save_to_html(save_path)]
        try:
            written.extend(self.save_to_xlsx(save_path))
        except UnsupportedError as error:
            logging.getLogger("hpinfer.results").warning("%s", error)
        return written

    def _source_entries(self) -> dict[str, Any]:
        entries: dict[str, Any] = {
            "input_path": self.input_path,
            "page_index": self.page_index,
            # With pre-processing off PaddleX still has this key, holding the untouched page.
            "doc_preprocessor_res": self.doc_preprocessor_res or {"output_img": self.image},
            "layout_det_res": {} if self.layout_det_res is None else self.layout_det_res,
            "overall_ocr_res": {} if self.overall_ocr_res is None else self.overall_ocr_res,
        }
        return entries

    def _written(self) -> dict[str, Any]:
        written = Result._written(self)
        for key in ("doc_preprocessor_res", "layout_det_res", "overall_ocr_res"):
            if getattr(self, key) is None:
                del written[key]
        return written

    def _draw_page(self, ocr_key: str) -> dict[str, Image.Image]:
        """The pictures of the steps, and the cells of all tables."""
        pictures: dict[str, Image.Image] = {}
        if self.doc_preprocessor_res is not None:
            pictures.update(self.doc_preprocessor_res.img)
        if self.layout_det_res is not None:
            pictures["layout_det_res"] = self.layout_det_res.img["res"]
        if self.overall_ocr_res is not None:
            pictures[ocr_key] = self.overall_ocr_res.img["ocr_res_img"]
        if self.table_res_list:
            from hpinfer.results.drawing_table import draw_cells

            page = self.page
            assert page is not None  # `img` has checked
            pictures["table_cell_img"] = draw_cells(page, self.table_res_list)
        return pictures


@dataclass(frozen=True, slots=True, eq=False, kw_only=True, repr=False)
class TableRecognitionResult(TablesResult):
    """The tables of a page. Its length is their number; iterating gives them."""

    _KEYS_OF_TEXT: ClassVar[str] = "ocr_res_img"

    def __len__(self) -> int:
        return len(self.table_res_list)

    def __bool__(self) -> bool:
        return True  # a page without tables is still a result

    def __iter__(self) -> Any:  # noqa: ANN401 - an iterator of tables
        return iter(self.table_res_list)

    def __repr__(self) -> str:
        return f"TableRecognitionResult({self.name!r}, {len(self)} tables)"

    def to_text(self) -> str:
        """Each table as lines with a tabulator between cells; a blank line between tables."""
        return "\n\n".join(table_text(table) for table in self.table_res_list)

    def to_markdown(self) -> str:
        """Each table as HTML, which Markdown takes as it is."""
        return "\n\n".join(table.element for table in self.table_res_list)

    def save_to_markdown(self, save_path: str | os.PathLike[str]) -> list[Path]:
        """Writes `to_markdown` to ``<name>.md`` in a directory, or to a file ending in ``.md``."""
        return self._save_text(save_path, ".md", f"{self.to_markdown()}\n")

    def _entries(self) -> dict[str, Any]:
        return {
            **self._source_entries(),
            "table_res_list": self.table_res_list,
            "model_settings": self.model_settings,
        }

    def _draw(self) -> dict[str, Image.Image]:
        return self._draw_page(self._KEYS_OF_TEXT)


def table_text(table: SingleTableResult) -> str:
    """The texts of a table, a line a row, tabulators between cells; spans are not repeated."""
    grid = table.grid()
    rows = [[""] * grid.columns for _ in range(grid.rows)]
    for cell in grid.cells:
        rows[cell.row][cell.column] = " ".join(cell.text.split())
    return "\n".join("\t".join(row) for row in rows)

"""The result of layout parsing: the parts of a page in reading order, each with its content."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from hpinfer.results.data_frame import import_pandas
from hpinfer.results.files import target_file, write_picture, write_text
from hpinfer.results.keyed import KeyedFields
from hpinfer.results.markdown import block_markdown, is_picture
from hpinfer.results.table_page import TablesResult, table_text
from hpinfer.results.values import to_plain

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy.typing as npt
    import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]
    from PIL import Image

    from hpinfer.results.regions import FormulaResult, SealResult

_COLUMNS = ("input_path", "page_index", "block", "label", "x1", "y1", "x2", "y2", "content")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LayoutBlock(KeyedFields):
    """One part of a page.

    Attributes:
        block_bbox: x1, y1, x2, y2 in pixels of the pre-processed page.
        block_label: What it is: a class of the layout model in lower case, or ``"other_text"`` for
            a line of text outside all of them.
        block_content: Text with line feeds, the HTML of a table, the LaTeX of a formula, or the
            texts of a seal joined by ``", "``. Empty if nothing was read.
    """

    KEYS: ClassVar[tuple[str, ...]] = ("block_bbox", "block_label", "block_content")

    block_bbox: Sequence[float] | npt.NDArray[Any]
    block_label: str
    block_content: str = ""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True, repr=False)
class LayoutParsingResult(TablesResult):
    """The parts of a page. Its length is their number; iterating gives them in reading order.

    Attributes:
        parsing_res_list: The parts in reading order.
        seal_res_list: The seals, in the order of layout detection.
        formula_res_list: The formulas, in the order of layout detection.
    """

    parsing_res_list: Sequence[LayoutBlock]
    seal_res_list: Sequence[SealResult] = field(default_factory=tuple)
    formula_res_list: Sequence[FormulaResult] = field(default_factory=tuple)

    @property
    def blocks(self) -> Sequence[LayoutBlock]:
        """The same as `parsing_res_list`."""
        return self.parsing_res_list

    def __len__(self) -> int:
        return len(self.parsing_res_list)

    def __bool__(self) -> bool:
        return True  # an empty page is still a result

    def __iter__(self) -> Iterator[LayoutBlock]:
        return iter(self.parsing_res_list)

    def __repr__(self) -> str:
        return f"LayoutParsingResult({self.name!r}, {len(self)} blocks)"

    def to_text(self) -> str:
        """The content in reading order, a blank line between blocks; tables with tabulators."""
        tables = {table.pred_html: table for table in self.table_res_list}
        pieces = [
            table_text(tables[block.block_content])
            if block.block_label == "table" and block.block_content in tables
            else block.block_content
            for block in self
        ]
        return "\n\n".join(piece for piece in pieces if piece)

    def to_markdown(self) -> str:
        """The page as Markdown in reading order.

        Titles become headings, tables HTML, formulas display mathematics. Of a figure there is the
        text in it; `save_to_markdown` has the picture. Headers, footers and page numbers are left
        out.
        """
        return self._markdown({})

    def save_to_markdown(self, save_path: str | os.PathLike[str]) -> list[Path]:
        """Writes the page as Markdown, and its figures as pictures beside it.

        Args:
            save_path: A directory, which gets ``<name>.md``, or a file ending in ``.md``. Figures
                get the same name with ``_block<number>.png``.

        Returns:
            The files written.
        """
        path = target_file(save_path, (".md",), f"{self.name}.md")
        figures: dict[int, str] = {}
        written = [path]
        for number, picture in self._figures():
            target = path.with_name(f"{path.stem}_block{number}.png")
            write_picture(target, picture)
            figures[number] = target.name
            written.append(target)
        write_text(path, self._markdown(figures))
        return written

    def to_pandas(self) -> pd.DataFrame:
        """One row a block: input, number from 0, label, bounds in pixels, content.

        Raises:
            UnsupportedError: pandas is not installed.
        """
        pd = import_pandas()
        rows = [
            (
                *(self.input_path, self.page_index, number, block.block_label),
                *to_plain(block.block_bbox),
                block.block_content,
            )
            for number, block in enumerate(self)
        ]
        return pd.DataFrame(rows, columns=list(_COLUMNS))

    def save_all(self, save_path: str | os.PathLike[str]) -> list[Path]:
        """Writes JSON, pictures, Markdown and each table as HTML and workbook into a directory.

        Without openpyxl there are no workbooks, which the log says.

        Returns:
            The files written.

        Raises:
            InvalidInputError: `save_path` is a file.
        """
        return [*TablesResult.save_all(self, save_path), *self.save_to_markdown(save_path)]

    def _markdown(self, figures: Mapping[int, str]) -> str:
        pieces = [
            block_markdown(block.block_label, block.block_content, figures.get(number))
            for number, block in enumerate(self)
        ]
        text = "\n\n".join(piece for piece in pieces if piece)
        return f"{text}\n" if text else ""

    def _figures(self) -> Iterator[tuple[int, Image.Image]]:
        from hpinfer.results.drawing import to_pil

        page = self.page
        for number, block in enumerate(self):
            if page is None or not is_picture(block.block_label):
                continue
            left, top, right, bottom = (max(int(side), 0) for side in block.block_bbox)
            part = page[top:bottom, left:right]
            if part.size:
                yield number, to_pil(part)

    def _entries(self) -> dict[str, Any]:
        return {
            **self._source_entries(),
            "table_res_list": self.table_res_list,
            "seal_res_list": self.seal_res_list,
            "formula_res_list": self.formula_res_list,
            "parsing_res_list": self.parsing_res_list,
            "model_settings": self.model_settings,
        }

    def _written(self) -> dict[str, Any]:
        written = TablesResult._written(self)
        for key in ("table_res_list", "seal_res_list", "formula_res_list"):
            if not written[key]:
                del written[key]
        return written

    def _draw(self) -> dict[str, Image.Image]:
        pictures = self._draw_page("overall_ocr_res")
        for seal in self.seal_res_list:
            pictures[f"seal_res_region{seal.seal_region_id}"] = seal.img["ocr_res_img"]
        for formula in self.formula_res_list:
            pictures[f"formula_res_region{formula.formula_region_id}"] = formula.img["res"]
        return pictures

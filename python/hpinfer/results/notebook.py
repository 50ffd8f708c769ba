"""How a result shows itself in a notebook: its picture, and lines and tables as tables."""

from __future__ import annotations

import base64
import html
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

    from hpinfer.results.base import Result
    from hpinfer.results.ocr import OCRResult
    from hpinfer.results.table_grid import TableGrid

_LONGEST_SIDE = 900


def result_html(result: Result) -> str:
    """HTML with the picture embedded; text is escaped."""
    from hpinfer.results.ocr import OCRResult
    from hpinfer.results.table_page import TablesResult

    title = f"<p><code>{html.escape(repr(result))}</code></p>"
    if isinstance(result, OCRResult):
        return f"<div>{title}{_page(result)}{_line_table(result)}</div>"
    pictures = {} if result.image is None else result.img
    shown = "".join(_picture(picture) for picture in pictures.values())
    tables = result.table_res_list if isinstance(result, TablesResult) else ()
    return f"<div>{title}{shown}{''.join(_table(table.grid()) for table in tables)}</div>"


def _table(grid: TableGrid) -> str:
    """A table of a page; unlike its HTML, with its text escaped."""
    rows: list[str] = [""] * grid.rows
    for cell in grid.cells:
        kind = "th" if cell.header else "td"
        rows[cell.row] += (
            f'<{kind} rowspan="{cell.row_span}" colspan="{cell.column_span}">'
            f"{html.escape(cell.text)}</{kind}>"
        )
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


def _page(result: OCRResult) -> str:
    from hpinfer.results.drawing import draw_overlay, line_color

    page = result.page
    if page is None:
        return ""
    colors = [line_color(index) for index in range(len(result))]
    return _picture(draw_overlay(page, result.rec_polys, colors))


def _line_table(result: OCRResult) -> str:
    from hpinfer.results.drawing import line_color

    rows = "".join(
        f'<tr><td style="color:rgb{line_color(index)}">{index}</td>'
        f'<td style="text-align:left">{html.escape(line.text)}</td>'
        f"<td>{line.score:.3f}</td></tr>"
        for index, line in enumerate(result)
    )
    return f"<table><tr><th>line</th><th>text</th><th>score</th></tr>{rows}</table>"


def _picture(picture: Image.Image) -> str:
    small = picture.copy()
    small.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    stream = io.BytesIO()
    small.save(stream, format="PNG")
    data = base64.b64encode(stream.getvalue()).decode("ascii")
    return f'<img alt="" src="data:image/png;base64,{data}">'

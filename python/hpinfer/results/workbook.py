"""Tables as Excel workbooks, through openpyxl."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

from hpinfer.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpinfer.results.table_grid import TableGrid

#: Characters that XML, and so a workbook, cannot hold.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NARROWEST, _WIDEST = 8, 60  # columns, in characters


def workbook_bytes(sheets: Mapping[str, TableGrid]) -> bytes:
    """A workbook, ready to be written to a file.

    Args:
        sheets: Name of each sheet to its table. Texts stay text: a number or formula is never made
            of them.

    Raises:
        UnsupportedError: openpyxl is not installed.
    """
    try:
        from openpyxl import Workbook  # type: ignore[import-untyped,unused-ignore]
    except ImportError:
        raise UnsupportedError(
            "saving as .xlsx needs openpyxl: pip install 'hpinfer[xlsx]'"
        ) from None
    workbook = Workbook()
    if sheets:
        workbook.remove(workbook.active)
    for title, grid in sheets.items():
        _fill(workbook.create_sheet(title), grid)
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def _fill(sheet: Any, grid: TableGrid) -> None:  # noqa: ANN401 - openpyxl has no types
    from openpyxl.styles import Alignment, Border, Font, Side  # type: ignore[import-untyped,unused-ignore]
    from openpyxl.utils import get_column_letter  # type: ignore[import-untyped,unused-ignore]

    thin = Side(style="thin")
    widths = [_NARROWEST] * grid.columns
    for cell in grid.cells:
        target = sheet.cell(cell.row + 1, cell.column + 1)
        target.value = _UNPRINTABLE.sub("", cell.text)
        target.data_type = "s"  # or "=…" would become a formula
        target.alignment = Alignment(wrap_text=True, vertical="center")
        target.font = Font(bold=cell.header)
        if cell.column_span == 1:
            widths[cell.column] = min(max(widths[cell.column], len(cell.text) + 2), _WIDEST)
        last_row, last_column = cell.row + cell.row_span, cell.column + cell.column_span
        for row in range(cell.row + 1, last_row + 1):
            for column in range(cell.column + 1, last_column + 1):
                sheet.cell(row, column).border = Border(thin, thin, thin, thin)
        if cell.row_span > 1 or cell.column_span > 1:
            sheet.merge_cells(
                start_row=cell.row + 1,
                start_column=cell.column + 1,
                end_row=last_row,
                end_column=last_column,
            )
    for column, width in enumerate(widths):
        sheet.column_dimensions[get_column_letter(column + 1)].width = width

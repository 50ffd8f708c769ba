"""The cells of an HTML table on their grid: rows, columns, spans."""

from __future__ import annotations

from dataclasses import dataclass
from html.parser import HTMLParser

#: The HTML standard's greatest colspan; more can only come from a network's garbage.
_MOST_COLUMNS = 1000


@dataclass(frozen=True, slots=True)
class TableCell:
    """One cell.

    Attributes:
        row: Its first row, from 0.
        column: Its first column, from 0.
        row_span: Rows that it covers, never more than the table has.
        column_span: Columns that it covers.
        text: Its text, tags taken out.
        header: Whether it is in the head of the table.
    """

    row: int
    column: int
    row_span: int
    column_span: int
    text: str
    header: bool = False


@dataclass(frozen=True, slots=True)
class TableGrid:
    """The first table of a piece of HTML.

    Attributes:
        cells: Its cells, row by row.
        rows: Number of rows.
        columns: Number of columns.
    """

    cells: tuple[TableCell, ...]
    rows: int
    columns: int

    def texts(self) -> list[list[str]]:
        """Text by row and column; a cell that covers several repeats its text in each."""
        grid = [[""] * self.columns for _ in range(self.rows)]
        for cell in self.cells:
            for row in range(cell.row, cell.row + cell.row_span):
                end = cell.column + cell.column_span
                grid[row][cell.column : end] = [cell.text] * cell.column_span
        return grid

    @property
    def header_rows(self) -> int:
        """Rows from the top that hold only header cells."""
        body = [cell.row for cell in self.cells if not cell.header]
        heads = [cell.row + 1 for cell in self.cells if cell.header]
        return min([*body, max(heads, default=0)])


def parse_table(html: str) -> TableGrid:
    """Reads the first table of `html`, as a browser would.

    Args:
        html: HTML with a ``<table>``; unclosed cells and rows are closed, unknown tags ignored.

    Returns:
        Its grid, without cells if there is none.
    """
    reader = _TableReader()
    reader.feed(html)
    reader.close()
    return _place(reader.rows)


@dataclass(slots=True)
class _RawCell:
    row_span: int
    column_span: int
    header: bool
    text: str = ""


class _TableReader(HTMLParser):
    """Collects the rows of the first table; tables inside it give only their text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[list[_RawCell]] = []
        self._depth = 0
        self._done = False
        self._in_head = False
        self._cell: _RawCell | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._depth += 1
        elif tag in ("thead", "tbody") and self._depth == 1:
            self._in_head = tag == "thead"
        elif tag == "br" and self._cell is not None:
            self._cell.text += "\n"
        elif self._depth != 1 or self._done:
            return
        elif tag == "tr":
            self._cell = None
            self.rows.append([])
        elif tag in ("td", "th"):
            self._begin_cell(dict(attrs), header=self._in_head or tag == "th")

    def handle_endtag(self, tag: str) -> None:
        if tag == "table" and self._depth > 0:
            self._depth -= 1
            self._done = self._done or self._depth == 0
        elif tag in ("td", "th", "tr") and self._depth == 1:
            self._cell = None
        elif tag == "thead":
            self._in_head = False

    def handle_data(self, data: str) -> None:
        if self._cell is not None and self._depth > 0:
            self._cell.text += data

    def _begin_cell(self, attributes: dict[str, str | None], *, header: bool) -> None:
        if not self.rows:
            self.rows.append([])
        self._cell = _RawCell(
            _span(attributes.get("rowspan")), _span(attributes.get("colspan")), header
        )
        self.rows[-1].append(self._cell)


def _span(value: str | None) -> int:
    digits = (value or "1").strip()
    if not (digits.isascii() and digits.isdigit()):
        return 1
    return min(max(int(digits[:6]), 1), _MOST_COLUMNS)


def _place(rows: list[list[_RawCell]]) -> TableGrid:
    cells: list[TableCell] = []
    taken: list[set[int]] = [set() for _ in rows]
    columns = 0
    for row, raw_cells in enumerate(rows):
        column = 0
        for raw in raw_cells:
            while column in taken[row]:
                column += 1
            height = min(raw.row_span, len(rows) - row)
            width = _free_width(taken[row : row + height], column, raw.column_span)
            cells.append(TableCell(row, column, height, width, raw.text.strip(), raw.header))
            for below in taken[row : row + height]:
                below.update(range(column, column + width))
            column += width
            columns = max(columns, column)
    return TableGrid(tuple(cells), len(rows), columns)


def _free_width(taken: list[set[int]], column: int, wanted: int) -> int:
    """Columns from `column` on, at most `wanted`, that no cell from above covers."""
    for width in range(1, wanted):
        if any(column + width in row for row in taken):
            return width
    return wanted

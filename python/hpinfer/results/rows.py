"""Results that are a list of things: as CSV."""

from __future__ import annotations

import csv
import io
from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from hpinfer.results.base import Result

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable
    from pathlib import Path


@dataclass(frozen=True, slots=True, eq=False, kw_only=True, repr=False)
class RowsResult(Result):
    """A result with one row for each line of text, object or class."""

    #: Columns of CSV.
    _COLUMNS: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def _rows(self) -> Iterable[tuple[object, ...]]:
        """The rows, in the order of `_COLUMNS`."""

    def to_csv(self, *, header: bool = True) -> str:
        """CSV with a row for each line of text, object or class."""
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        if header:
            writer.writerow(self._COLUMNS)
        writer.writerows(self._rows())
        return stream.getvalue()

    def save_to_csv(self, save_path: str | os.PathLike[str]) -> list[Path]:
        """Writes `to_csv` to ``<name>.csv`` in a directory, or to a file ending in ``.csv``."""
        return self._save_text(save_path, ".csv", self.to_csv())

"""Results that are a list of things: as CSV and data frame."""

from __future__ import annotations

import csv
import io
from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from hpinfer.results.base import Result
from hpinfer.results.data_frame import import_pandas

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable
    from pathlib import Path

    import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]


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

    def to_pandas(self) -> pd.DataFrame:
        """The same rows as a data frame, with the columns of CSV.

        Raises:
            UnsupportedError: pandas is not installed.
        """
        return import_pandas().DataFrame(list(self._rows()), columns=list(self._COLUMNS))

    def save_to_csv(self, save_path: str | os.PathLike[str]) -> list[Path]:
        """Writes `to_csv` to ``<name>.csv`` in a directory, or to a file ending in ``.csv``."""
        return self._save_text(save_path, ".csv", self.to_csv())

"""What a promise's test hands in: rows of figures, and what it was given to work with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

HERE = Path(__file__).resolve().parent
ENGINES = ("onnxruntime", "openvino")


@dataclass(frozen=True, slots=True)
class Row:
    """One measured fact.

    Attributes:
        what: What was looked at.
        how: What was done to it.
        figures: Name to number or words, in the order in which they are shown.
        curve: Points (calls, resident MB), for the plot.
    """

    what: str
    how: str
    figures: dict[str, float | str]
    curve: list[tuple[int, float]] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Everything in plain JSON types; a row without a curve has none."""
        row = asdict(self)
        return row if self.curve else {key: row[key] for key in ("what", "how", "figures")}


@dataclass(frozen=True, slots=True)
class Setting:
    """What a run was started with.

    Attributes:
        images: Pictures to read.
        work: Folder of `benchmarks/peers/prepare.py`: networks and the peers' environments.
        kept: Folder for everything about a result that differs.
        quick: Whether a few calls of everything are enough.
        seconds: Most seconds for one row; what was reached by then is reported.
    """

    images: tuple[Path, ...]
    work: Path
    kept: Path
    quick: bool
    seconds: float

    def count(self, full: int) -> int:
        """How many calls: `full`, or a two-hundredth of it in a quick run."""
        return max(8, full // 200) if self.quick else full


def network(name: str) -> Path:
    """The ONNX file of a model, fetched if it is nowhere here."""
    from hpinfer import hub

    file = hub.resolve(name, formats=("onnx",)).onnx
    if file is None:
        raise SystemExit(f"{name} cannot be had as ONNX")
    return file


class Budget:
    """Counts calls until enough were made or the time is over."""

    def __init__(self, calls: int, seconds: float) -> None:
        self.done = 0
        self._calls = calls
        self._end = time.monotonic() + seconds

    def __iter__(self) -> Iterator[int]:
        while self.done < self._calls and time.monotonic() < self._end:
            yield self.done
            self.done += 1


def child(script: str, *arguments: object, python: Path | None = None, **variables: str) -> Any:  # noqa: ANN401 - whatever it says
    """The last line that a script of this folder prints, read as JSON.

    Args:
        script: Its file name.
        *arguments: Its arguments.
        python: The interpreter; None is this one.
        **variables: Added to its environment.

    Raises:
        SystemExit: It failed; with its own last words.
    """
    interpreter = str(python or sys.executable)
    done = subprocess.run(
        [interpreter, str(HERE / script), *map(str, arguments)],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.strip().splitlines()
    if done.returncode != 0 or not lines:
        words = " | ".join(done.stderr.strip().splitlines()[-5:])
        raise SystemExit(f"{script} {' '.join(map(str, arguments))} failed: {words}")
    return json.loads(lines[-1])


def write_text(path: Path, text: str) -> None:
    """Writes `text` beside `path` and renames it into place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as out:
        out.write(text)
    Path(out.name).chmod(0o644)
    Path(out.name).replace(path)


def document(promise: str, rows: Sequence[Row]) -> Mapping[str, Any]:
    """The JSON of one promise."""
    return {"promise": promise, "rows": [row.to_dict() for row in rows]}

"""Time of our decoding beside the reference in Python, interleaved, as a table and as JSON.

Needs opencv-python-headless and pyclipper. ``python benchmarks/_native.py [--rounds N] [--json
FILE]``. Figures are medians of one process, milliseconds; the ratio is the median of the ratios of
neighbouring runs, so that a busy machine disturbs both alike.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from hpinfer import _native

if TYPE_CHECKING:
    from collections.abc import Callable

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "python" / "parity"))
import reference_db


class Case(NamedTuple):
    """Two ways to do the same work."""

    name: str
    ours: Callable[[], object]
    reference: Callable[[], object]


def page_of_lines(side: int = 960, rows: int = 40, columns: int = 5) -> np.ndarray:
    """A map with about 200 text lines, none touching another."""
    rng = np.random.default_rng(1)
    drawn = np.zeros((side, side), np.float32)
    for row in range(rows):
        for column in range(columns):
            centre = ((column + 0.5) * side / columns, (row + 0.5) * side / rows)
            size = (float(rng.uniform(0.4, 0.85)) * side / columns, 11.0)
            corners = cv2.boxPoints((centre, size, float(rng.normal(0, 0.7))))
            cv2.fillPoly(drawn, [corners.astype(np.int32)], float(rng.uniform(0.8, 1)))
    noise = rng.normal(0, 0.01, drawn.shape)
    return np.clip(cv2.GaussianBlur(drawn, (0, 0), 1) + noise, 0, 1).astype(np.float32)


def softmax(batch: int, steps: int, classes: int) -> np.ndarray:
    """Recognition output with characters in about half of the steps."""
    rng = np.random.default_rng(2)
    values = rng.random((batch, steps, classes), np.float32) * 1e-3
    best = np.where(rng.random((batch, steps)) < 0.5, 0, rng.integers(0, classes, (batch, steps)))
    np.put_along_axis(values, best[..., None], 0.95, axis=-1)
    return values


def reference_ctc(batch: np.ndarray) -> list[tuple[list[int], float]]:
    """Greedy decoding in NumPy."""
    best, greatest = batch.argmax(axis=-1), batch.max(axis=-1)
    lines = []
    for row, confidences in zip(best, greatest, strict=True):
        kept = np.ones(len(row), bool)
        kept[1:] = row[1:] != row[:-1]
        kept &= row != 0
        lines.append((row[kept].tolist(), float(np.mean(confidences[kept]))))
    return lines


def db_case(box_type: str) -> Case:
    """Decoding of a dense page."""
    values = page_of_lines()
    options = _native.DbOptions()
    options.box_type = getattr(_native.DbBoxType, box_type)
    return Case(
        f"DB 960x960 {box_type}, {len(_native.decode_db(values, 960, 960, options)[0])} boxes",
        lambda: _native.decode_db(values, 960, 960, options),
        lambda: reference_db.decode(values, 960, 960, box_type=box_type),
    )


def ctc_case(batch: int, steps: int, classes: int) -> Case:
    """Decoding of a recognition batch."""
    values = softmax(batch, steps, classes)
    return Case(
        f"CTC [{batch}, {steps}, {classes}]",
        lambda: [_native.decode_ctc(line) for line in values],
        lambda: reference_ctc(values),
    )


def milliseconds(work: Callable[[], object]) -> float:
    """Duration of one call."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1e3


def measure(case: Case, rounds: int) -> dict[str, float | str]:
    """One row of the table."""
    case.ours()
    case.reference()
    pairs = [(milliseconds(case.ours), milliseconds(case.reference)) for _ in range(rounds)]
    return {
        "case": case.name,
        "ours_ms": statistics.median(ours for ours, _ in pairs),
        "reference_ms": statistics.median(reference for _, reference in pairs),
        "ratio": statistics.median(reference / ours for ours, reference in pairs),
    }


def write_json(path: Path, rows: list[dict[str, float | str]]) -> None:
    """Writes the rows beside what they were measured on."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps({"cpu": _native.cpu_info(), "rows": rows}, indent=2) + "\n")
    os.replace(partial, path)  # noqa: PTH105


def main() -> None:
    """Runs all cases and prints one row each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    cases = [
        db_case("quad"),
        db_case("poly"),
        ctc_case(6, 40, 6625),
        ctc_case(6, 160, 6625),
        ctc_case(6, 160, 18710),
    ]
    print("| case | ours, ms | reference, ms | ratio |\n|---|---|---|---|")
    rows = []
    for case in cases:
        row = measure(case, arguments.rounds)
        rows.append(row)
        print("| {case} | {ours_ms:.3f} | {reference_ms:.3f} | {ratio:.1f} |".format(**row))
    if arguments.json is not None:
        write_json(arguments.json, rows)


if __name__ == "__main__":
    main()

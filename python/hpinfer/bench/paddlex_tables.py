"""The tables of PaddleX's benchmark tool, from the same run: its columns, its names."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from hpinfer.results.files import write_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_COUNTS = ("Iters", "Batch Size", "Instances")
_TIMES = ("Avg Time Per Iter (ms)", "Avg Time Per Instance (ms)")
DETAIL_COLUMNS = (*_COUNTS, "Operation", *_TIMES)
SUMMARY_COLUMNS = (*_COUNTS, "Type", *_TIMES)
PIPELINE_COLUMNS = ("Step", "Operation", "Time (ms)")
LEVEL_COLUMNS = ("Level", "Operation", "Time (ms)")

#: Our stage to PaddleX's operation. Its other pre-processing operations are one fused pass here.
_OPERATIONS = {
    "decode": "ReadImage",
    "preprocess": "Preprocess",
    "network": "RunnerInfer",
    "postprocess": "Postprocess",
}
_TYPES = {
    "Preprocessing": ("decode", "preprocess"),
    "Inference": ("network",),
    "Postprocessing": ("postprocess",),
}


def detail_rows(case: Mapping[str, Any]) -> list[list[str]]:
    """Rows of PaddleX's ``detail.csv``: a model's operations."""
    stages = case["summary"]["stages_ms"]
    return [_row(case, _OPERATIONS[name], stages[name]) for name in _OPERATIONS if name in stages]


def summary_rows(case: Mapping[str, Any]) -> list[list[str]]:
    """Rows of PaddleX's ``summary.csv``: Core is the sum of the first three, Other the rest."""
    stages = case["summary"]["stages_ms"]
    types = {name: sum(stages.get(stage, 0.0) for stage in parts) for name, parts in _TYPES.items()}
    core = sum(types.values())
    total = case["summary"]["latency_ms"]["mean"] / case["case"]["batch"]
    types |= {"Core": core, "Other": max(total - core, 0.0), "End-to-End": total}
    return [_row(case, name, value) for name, value in types.items()]


def pipeline_rows(case: Mapping[str, Any]) -> list[list[str]]:
    """Rows of PaddleX's table of a pipeline: its steps, one after the other."""
    stages = case["summary"]["stages_ms"]
    top = [name for name in stages if "." not in name and name not in ("network", "total")]
    return [
        [str(step), name, f"{stages[name]:.8f}"] for step, name in enumerate([*top, "total"], 1)
    ]


def level_rows(case: Mapping[str, Any]) -> list[list[str]]:
    """Rows of PaddleX's table of operations: level 1 is the whole, what follows its parts."""
    stages = case["summary"]["stages_ms"]
    parts = [name for name in stages if name not in ("network", "total")]
    rows = [["1", case["case"]["target"], f"{stages['total']:.8f}"]]
    return rows + [[str(name.count(".") + 2), name, f"{stages[name]:.8f}"] for name in parts]


def write_tables(cases: Sequence[Mapping[str, Any]], folder: Path) -> list[Path]:
    """Writes the CSV files, one set for all models and one for all pipelines.

    Returns:
        The files written.
    """
    measured = [case for case in cases if "stages_ms" in case["summary"]]
    models = [case for case in measured if not case["case"]["is_pipeline"]]
    pipelines = [case for case in measured if case["case"]["is_pipeline"]]
    tables = (
        ("detail.csv", DETAIL_COLUMNS, models, detail_rows),
        ("summary.csv", SUMMARY_COLUMNS, models, summary_rows),
        ("pipeline.csv", PIPELINE_COLUMNS, pipelines, pipeline_rows),
        ("operations.csv", LEVEL_COLUMNS, pipelines, level_rows),
    )
    written = []
    for name, columns, chosen, rows in tables:
        if not chosen:
            continue
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(row for case in chosen for row in rows(case))
        folder.mkdir(parents=True, exist_ok=True)
        write_text(folder / name, text.getvalue())
        written.append(folder / name)
    return written


def _row(case: Mapping[str, Any], name: str, milliseconds: float) -> list[str]:
    """One operation; `milliseconds` is for an image."""
    batch, calls = case["case"]["batch"], case["summary"]["calls"]
    counts = [str(calls), str(batch), str(calls * batch)]
    return [*counts, name, f"{milliseconds * batch:.8f}", f"{milliseconds:.8f}"]

"""Compares ways of running text detection: boxes, what is read in them, and time.

    python benchmarks/accuracy/detection.py --images IMAGES openvino:fp32 openvino:fp32:INT8 …

A variant is ENGINE:PRECISION or ENGINE:PRECISION:DIRECTORY (a copy of the model made by
quantize.py). Recognition is the same for all: OpenVINO in fp32. Boxes are compared with the first
variant's; texts with ``gt/`` beside the pictures, as in run.py, on the pages that have it. The
variants read each page in turn; times are those of the detection stage with its processing.
"""

from __future__ import annotations

import argparse
import statistics
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pages import is_known, page_files, page_lines_of
from scoring import errors_of

import hpinfer

if TYPE_CHECKING:
    import numpy.typing as npt

    from hpinfer.pipelines.base import Pipeline
    from hpinfer.results import OCRResult

_LEAST_OVERLAP = 0.5  # of two boxes that mean the same line


@dataclass
class Variant:
    """One way of running detection, and what it found.

    Attributes:
        label: As given.
        pipeline: OCR with it.
        boxes: Found on all pages.
        matched: Of those, boxes that the first variant has as well.
        overlaps: Intersection over union of the matched ones.
        characters: Of the known lines that were found.
        errors: Edits in them.
        known: Known lines that were found.
        times: Seconds of the detection stage, by page.
    """

    label: str
    pipeline: Pipeline[Any]
    boxes: int = 0
    matched: int = 0
    overlaps: list[float] = field(default_factory=list)
    characters: int = 0
    errors: int = 0
    known: int = 0
    times: dict[str, float] = field(default_factory=dict)


def main() -> None:
    """Reads every page with every variant and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("variants", nargs="+", metavar="ENGINE:PRECISION[:DIRECTORY]")
    parser.add_argument("--images", type=Path, required=True, help="folder of pages, with gt/")
    parser.add_argument("--model", default="PP-OCRv4_mobile_det")
    parser.add_argument("--rounds", type=int, default=3, help="the fastest time of a page counts")
    arguments = parser.parse_args()
    variants = [load(label, arguments.model) for label in arguments.variants]
    for path in page_files(arguments.images):
        read_page(variants, path, arguments.rounds)
    print(f"{arguments.model}, {len(variants[0].times)} pages")
    print(
        "| variant | time | boxes | also in the first | mean overlap | known lines found | errors |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|")
    for variant in variants:
        print(row(variant, variants[0]))


def load(label: str, model: str) -> Variant:
    """The OCR pipeline whose detection is the variant's."""
    engine, precision, directory = (*label.split(":"), None)[:3]
    detection = {
        "model_name": model,
        "model_dir": directory,
        "hpi_config": {
            "auto_config": False,
            "backend": engine,
            "backend_config": {"precision": precision},
        },
    }
    config = {"pipeline_name": "OCR", "SubModules": {"TextDetection": detection}}
    return Variant(label, hpinfer.create_pipeline(config, engine="openvino"))


def read_page(variants: list[Variant], path: Path, rounds: int) -> None:
    """Reads one page in turn; what could not be read is left out."""
    results: dict[str, OCRResult] = {}
    times: dict[str, list[float]] = {variant.label: [] for variant in variants}
    for _ in range(rounds):
        for variant in variants:
            (result,) = variant.pipeline.predict(path, on_error="yield")
            if not hasattr(result, "dt_polys"):
                return
            results[variant.label] = result
            times[variant.label].append(result.timing["detection"])
    first = _bounds(results[variants[0].label])
    for variant in variants:
        variant.times[path.name] = min(times[variant.label])
        _add_boxes(variant, _bounds(results[variant.label]), first)
        if is_known(path):
            _add_texts(variant, path, results[variant.label])


def _bounds(result: OCRResult) -> npt.NDArray[np.float64]:
    """[boxes, 4]: left, top, right, bottom."""
    return np.array(
        [[*polygon.min(axis=0), *polygon.max(axis=0)] for polygon in result.dt_polys], np.float64
    ).reshape(-1, 4)


def _add_boxes(
    variant: Variant, boxes: npt.NDArray[np.float64], first: npt.NDArray[np.float64]
) -> None:
    variant.boxes += len(boxes)
    if not len(boxes) or not len(first):
        return
    overlap = _overlaps(boxes, first)
    while overlap.size and overlap.max() >= _LEAST_OVERLAP:
        row, column = np.unravel_index(overlap.argmax(), overlap.shape)
        variant.matched += 1
        variant.overlaps.append(float(overlap[row, column]))
        overlap[row, :] = overlap[:, column] = 0.0


def _overlaps(
    boxes: npt.NDArray[np.float64], others: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Intersection over union of each box with each of the others."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0.0, None), axis=2)
    areas = [np.prod(side[:, 2:] - side[:, :2], axis=1) for side in (boxes, others)]
    union = areas[0][:, None] + areas[1][None, :] - shared
    return np.asarray(shared / np.maximum(union, 1e-9))


def _add_texts(variant: Variant, path: Path, result: OCRResult) -> None:
    references = page_lines_of(path, result).references
    for text, line in zip(result.rec_texts, references, strict=True):
        if line is not None:
            variant.known += 1
            variant.characters += len(line.text)
            variant.errors += errors_of(text, line)


def row(variant: Variant, first: Variant) -> str:
    """A line of the table; time is relative to the first variant's, over all pages."""
    time = sum(variant.times.values()) / sum(first.times.values())
    overlap = statistics.mean(variant.overlaps) if variant.overlaps else 0.0
    rate = 100 * variant.errors / max(variant.characters, 1)
    return (
        f"| {variant.label} | {time:.2f} | {variant.boxes} | {variant.matched} of {first.boxes} | "
        f"{overlap:.3f} | {variant.known} ({variant.characters} characters) | {rate:.2f} % |"
    )


if __name__ == "__main__":
    main()

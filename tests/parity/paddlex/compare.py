"""Compare OCR results with a reference, box by box and line by line.

Both files hold a list of pages, or an object with that list under `images`. A page is
`{image, dt_polys, rec_texts, rec_scores}`, the three lists of equal length, or `{image, error}`.
Exit status: 0 when every criterion is met, 1 when one is missed, 2 when a file is unusable.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from polygons import match_boxes

LEAST_EQUAL_TEXT = 0.995
MOST_PIXELS = 1.0


class PageError(ValueError):
    """A result file that is not what this comparison reads."""


@dataclass(frozen=True, slots=True)
class Page:
    """One image's result; `error` is set when there is none."""

    image: str
    polygons: list[np.ndarray]
    texts: list[str]
    scores: list[float]
    error: str | None = None


@dataclass(frozen=True, slots=True)
class LineDifference:
    """A pair of lines whose texts differ."""

    image: str
    index: int
    reference: tuple[str, float]
    candidate: tuple[str, float]
    overlap: float


@dataclass(slots=True)
class PageReport:
    """What the comparison of one image found."""

    image: str
    counts: tuple[int, int]
    pixels: float = 0.0
    score_gap: float = 0.0
    lines: int = 0
    reordered: bool = False
    unmatched_reference: list[int] = field(default_factory=list)
    unmatched_candidate: list[int] = field(default_factory=list)
    differences: list[LineDifference] = field(default_factory=list)

    @property
    def boxes_agree(self) -> bool:
        """Same number of boxes, each near its twin."""
        return self.counts[0] == self.counts[1] == self.lines and self.pixels <= MOST_PIXELS


def parse_page(record: dict[str, Any]) -> Page:
    """Check one record.

    Raises:
        PageError: a key is missing or the lists have different lengths.
    """
    if "image" not in record:
        message = f"expected the key 'image' in every page, got keys {sorted(record)}"
        raise PageError(message)
    name = str(record["image"])
    if record.get("error"):
        return Page(name, [], [], [], str(record["error"]))
    missing = {"dt_polys", "rec_texts", "rec_scores"} - set(record)
    if missing:
        message = f"{name}: expected the keys dt_polys, rec_texts, rec_scores; {missing} missing"
        raise PageError(message)
    polygons = [np.asarray(polygon, float).reshape(-1, 2) for polygon in record["dt_polys"]]
    texts, scores = list(record["rec_texts"]), [float(value) for value in record["rec_scores"]]
    if not len(polygons) == len(texts) == len(scores):
        message = (
            f"{name}: expected one text and one score a box (no score threshold), got "
            f"{len(polygons)} boxes, {len(texts)} texts, {len(scores)} scores"
        )
        raise PageError(message)
    return Page(name, polygons, texts, scores)


def read_pages(path: Path) -> dict[str, Page]:
    """Read a result file; pages by image name.

    Raises:
        PageError: the file is missing, is not JSON, or does not hold pages.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        message = f"{path}: expected a JSON file of pages: {error}"
        raise PageError(message) from error
    records = value.get("images") if isinstance(value, dict) else value
    if not isinstance(records, list):
        message = f"{path}: expected a list of pages or an object with 'images'"
        raise PageError(message)
    pages = [parse_page(record) for record in records]
    return {page.image: page for page in pages}


def distance(first: np.ndarray, second: np.ndarray) -> float:
    """Largest coordinate difference in pixels; infinite for different numbers of points."""
    if first.shape != second.shape:
        return float("inf")
    return float(np.abs(first - second).max(initial=0.0))


def pair_boxes(reference: Page, candidate: Page) -> list[tuple[int, int, float]]:
    """Pair by position in the list where all boxes agree there, else by overlap."""
    near = len(reference.polygons) == len(candidate.polygons) and all(
        distance(a, b) <= MOST_PIXELS
        for a, b in zip(reference.polygons, candidate.polygons, strict=True)
    )
    if near:
        return [(index, index, 1.0) for index in range(len(reference.polygons))]
    return match_boxes(reference.polygons, candidate.polygons)


def compare_pages(reference: Page, candidate: Page) -> PageReport:
    """Compare one image's two results."""
    pairs = pair_boxes(reference, candidate)
    report = PageReport(
        reference.image, (len(reference.polygons), len(candidate.polygons)), lines=len(pairs)
    )
    order = [j for _, j, _ in pairs]
    report.reordered = order != sorted(order)
    report.unmatched_reference = sorted(set(range(report.counts[0])) - {i for i, _, _ in pairs})
    report.unmatched_candidate = sorted(set(range(report.counts[1])) - set(order))
    for i, j, shared in pairs:
        report.pixels = max(report.pixels, distance(reference.polygons[i], candidate.polygons[j]))
        expected = (reference.texts[i], reference.scores[i])
        found = (candidate.texts[j], candidate.scores[j])
        if expected[0] == found[0]:
            report.score_gap = max(report.score_gap, abs(expected[1] - found[1]))
        else:
            report.differences.append(LineDifference(reference.image, i, expected, found, shared))
    return report


def print_page(report: PageReport, reference: Page, candidate: Page) -> None:
    """One row, then the boxes without a twin and the lines that differ."""
    equal = report.lines - len(report.differences)
    notes = "" if report.boxes_agree else "  BOXES"
    notes += "  order differs" if report.reordered else ""
    print(
        f"{report.image:24} boxes {report.counts[0]:4} {report.counts[1]:4}  "
        f"max {report.pixels:6.1f} px  text {equal:4}/{report.lines:<4} "
        f"score gap {report.score_gap:.2e}{notes}"
    )
    sides = (
        ("reference", report.unmatched_reference, reference),
        ("candidate", report.unmatched_candidate, candidate),
    )
    for side, indices, page in sides:
        for index in indices:
            box = page.polygons[index].astype(int).tolist()
            print(f"    only in {side} #{index}: {page.texts[index]!r} {box}")
    for line in report.differences:
        print(
            f"    #{line.index} {line.reference[0]!r} ({line.reference[1]:.4f}) -> "
            f"{line.candidate[0]!r} ({line.candidate[1]:.4f}) overlap {line.overlap:.3f}"
        )


def verdicts(reports: list[PageReport], absent: list[str]) -> list[tuple[str, bool]]:
    """Every criterion with whether it is met."""
    lines = sum(report.lines for report in reports)
    unequal = sum(len(report.differences) for report in reports)
    share = 1 - unequal / lines if lines else 1.0
    pixels = max((report.pixels for report in reports), default=0.0)
    counts = [report.image for report in reports if report.counts[0] != report.counts[1]]
    pairs = sum(report.counts[0] - report.lines for report in reports)
    return [
        (f"images of the reference without a result: {len(absent)} {absent}", not absent),
        (f"images compared: {len(reports)}", bool(reports)),
        (f"images with another number of boxes: {len(counts)} {counts}", not counts),
        (f"boxes of the reference without a twin: {pairs}", pairs == 0),
        (f"largest difference {pixels:.1f} px, at most {MOST_PIXELS}", pixels <= MOST_PIXELS),
        (
            f"equal text {lines - unequal}/{lines} = {share:.4%}, at least {LEAST_EQUAL_TEXT:.1%}",
            share >= LEAST_EQUAL_TEXT,
        ),
    ]


def compare_files(reference_path: Path, candidate_path: Path) -> bool:
    """Compare and print; True when every criterion is met.

    Raises:
        PageError: one of the files cannot be used.
    """
    reference, candidate = read_pages(reference_path), read_pages(candidate_path)
    reports, absent = [], []
    for name, page in sorted(reference.items()):
        found = candidate.get(name)
        if page.error:
            state = "absent" if found is None else found.error or f"{len(found.texts)} lines"
            print(f"{name:24} not compared: the reference failed ({page.error}); here: {state}")
        elif found is None or found.error:
            absent.append(name)
            print(f"{name:24} no result: {found.error if found else 'absent'}")
        else:
            reports.append(compare_pages(page, found))
            print_page(reports[-1], page, found)
    results = verdicts(reports, absent)
    for text, met in results:
        print(f"{'ok    ' if met else 'MISSED'} {text}")
    return all(met for _, met in results)


def main() -> int:
    """Command line entry."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("reference", type=Path)
    parser.add_argument("candidate", type=Path)
    arguments = parser.parse_args()
    try:
        return 0 if compare_files(arguments.reference, arguments.candidate) else 1
    except PageError as error:
        print(f"compare: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
